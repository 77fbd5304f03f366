//! `GET /auth/verify`, where the link of a letter leads, and `POST` of its form; without a secret in
//! the query, the form to ask for another letter. To load the page uses nothing up.

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
use super::letter_form::LetterForm;
use super::words::Words;
use super::{Query, ReturnTo, layout, see_other};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Input {
    token: Secret<String>,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send the form's field `token` once and nothing else.";
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Again {
    email: String,
}

impl Expected for Again {
    const SHAPE: &'static str = "Send the form's field `email` once and nothing else.";
}

/// The page that confirms an address.
#[utoipa::path(get, path = "/auth/verify", operation_id = "verify_page", tag = "page", params(("token" = Option<String>, Query, description = "From a letter")),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"), PageRefusals))]
pub(in super::super) async fn show(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    services.by_mail()?;
    let query = Query::of(query.as_deref());
    let told = match (query.done, query.sent) {
        (true, _) => Some(words.letters.verify_done),
        (_, true) => Some(words.letters.resend_sent),
        _ => None,
    };
    Ok(if let Some(told) = told {
        layout::told(words, words.letters.verify, &services.own_origin, told)
    } else if query.token.is_empty() {
        ask(words).page(&services, words, "", None)
    } else {
        page(&services, words, &query.token, None)
    })
}

pub(in super::super) async fn send(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    Form(input): Form<Input>,
) -> Result<Response, Refusal> {
    match services.by_mail()?.verify.verify(&input.token).await {
        // Nobody signs in to it any more before a password is chosen.
        Ok(account) if account.contested => {
            Ok(see_other(&ReturnTo::from(String::from("/auth/forgot"))))
        }
        Ok(_) => Ok(see_other(&ReturnTo::from(String::from("/auth/verify?done")))),
        Err(error) => {
            let refusal = Refusal::from(error);
            let page = page(&services, words, input.token.expose(), Some(refusal.code()));
            Ok(layout::refused(&refusal, page))
        }
    }
}

pub(in super::super) async fn resend(
    State(services): State<Arc<Services>>,
    client: Client,
    words: &'static Words,
    Form(input): Form<Again>,
) -> Result<Response, Refusal> {
    match services.by_mail()?.verify.send(&input.email, client.network, words.spoken()).await {
        Ok(()) => Ok(see_other(&ReturnTo::from(String::from("/auth/verify?sent")))),
        Err(error) => {
            let refusal = Refusal::from(error);
            let page = ask(words).page(&services, words, &input.email, Some(refusal.code()));
            Ok(layout::refused(&refusal, page))
        }
    }
}

fn page(services: &Services, words: &Words, token: &str, code: Option<Code>) -> Response {
    let letters = words.letters;
    let content = html! {
        form method="post" action="/auth/verify" {
            (layout::problem(words, code))
            p .text { (letters.verify_text) }
            input type="hidden" name="token" value=(token);
            button { (letters.verify_send) }
        }
        @if code == Some(Code::ProofInvalid) {
            p { a href="/auth/verify" { (letters.ask_again) } }
        }
    };
    layout::with_secret(layout::page(words, letters.verify, &services.own_origin, &content))
}

fn ask(words: &Words) -> LetterForm {
    LetterForm {
        title: words.letters.verify,
        text: words.letters.resend_text,
        send: words.letters.resend_send,
        action: "/auth/verify/resend",
    }
}
