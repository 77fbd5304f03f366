//! `GET /auth/forgot`, and `POST` of its form to `/auth/password/forgot`.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
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
    email: String,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send the form's field `email` once and nothing else.";
}

/// The page to ask for a letter.
#[utoipa::path(get, path = "/auth/forgot", operation_id = "forgot_page", tag = "page",
    responses((status = 200, description = "The page", body = String, content_type = "text/html"), PageRefusals))]
pub(in super::super) async fn show(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    services.by_mail()?;
    if Query::of(query.as_deref()).sent {
        let (title, told) = (words.letters.forgot, words.letters.forgot_sent);
        return Ok(layout::told(words, title, &services.own_origin, told));
    }
    Ok(form(words).page(&services, words, "", None))
}

pub(in super::super) async fn send(
    State(services): State<Arc<Services>>,
    client: Client,
    words: &'static Words,
    Form(input): Form<Input>,
) -> Result<Response, Refusal> {
    match services.by_mail()?.reset.send(&input.email, client.network, words.spoken()).await {
        Ok(()) => Ok(see_other(&ReturnTo::from(String::from("/auth/forgot?sent")))),
        Err(error) => {
            let refusal = Refusal::from(error);
            let page = form(words).page(&services, words, &input.email, Some(refusal.code()));
            Ok(layout::refused(&refusal, page))
        }
    }
}

fn form(words: &Words) -> LetterForm {
    LetterForm {
        title: words.letters.forgot,
        text: words.letters.forgot_text,
        send: words.letters.forgot_send,
        action: "/auth/password/forgot",
    }
}
