//! `GET /auth/reset`, where the link of a letter leads, and `POST` of its form to
//! `/auth/password/reset`. To load the page uses nothing up: programs that look through mail do so.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use common::Secret;
use common::problem::Code;
use maud::html;
use serde::Deserialize;

use super::super::Services;
use super::super::error::Refusal;
use super::super::extract::{Client, Expected, Form};
use super::super::openapi::PageRefusals;
use super::field::Field;
use super::words::Words;
use super::{Query, ReturnTo, layout, see_other};
use crate::service::By;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Input {
    token: Secret<String>,
    password: Secret<String>,
}

impl Expected for Input {
    const SHAPE: &'static str =
        "Send the form's fields `token` and `password`, each once and nothing else.";
}

/// The page to choose another password.
#[utoipa::path(get, path = "/auth/reset", operation_id = "reset_page", tag = "page", params(("token" = Option<String>, Query, description = "From a letter")),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"), PageRefusals))]
pub(in super::super) async fn show(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    services.by_mail()?;
    let query = Query::of(query.as_deref());
    if query.done {
        let (title, told) = (words.letters.reset, words.letters.reset_done);
        return Ok(layout::told(words, title, &services.own_origin, told));
    }
    Ok(page(&services, words, &query.token, None))
}

pub(in super::super) async fn send(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    client: Client,
    Form(input): Form<Input>,
) -> Result<Response, Refusal> {
    let Input { token, password } = input;
    let by = By { network: client.network, language: words.spoken() };
    match services.by_mail()?.reset.reset(&token, &password, by).await {
        Ok(_) => Ok(see_other(&ReturnTo::from(String::from("/auth/reset?done")))),
        Err(error) => {
            let refusal = Refusal::from(error);
            let page = page(&services, words, token.expose(), Some(refusal.code()));
            Ok(layout::refused(&refusal, page))
        }
    }
}

fn page(services: &Services, words: &Words, token: &str, code: Option<Code>) -> Response {
    let letters = words.letters;
    let content = html! {
        form method="post" action="/auth/password/reset" {
            (layout::problem(words, code))
            input type="hidden" name="token" value=(token);
            (Field::NewPassword.show(letters.reset_new, Some(words.password_hint), "", code))
            button { (letters.reset_send) }
        }
        @if code == Some(Code::ProofInvalid) {
            p { a href="/auth/forgot" { (letters.ask_again) } }
        }
    };
    layout::with_secret(layout::page(words, letters.reset, &services.own_origin, &content))
}
