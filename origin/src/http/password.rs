//! `POST /auth/password`, `POST /auth/password/forgot`, `POST /auth/password/reset`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use common::Secret;
use common::problem::Code;
use serde::Deserialize;

use super::Services;
use super::error::Refusal;
use super::extract::{Body, Caller, Client, Expected};
use super::pages::Words;
use crate::service::By;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forgotten {
    email: String,
}

impl Expected for Forgotten {
    const SHAPE: &'static str = "Send a JSON object with the text `email` and nothing else.";
}

/// Sends a letter, if there is somebody to send it to; the answer is the same.
pub(super) async fn forgot(
    State(services): State<Arc<Services>>,
    client: Client,
    words: &'static Words,
    Body(input): Body<Forgotten>,
) -> Result<StatusCode, Refusal> {
    services.by_mail()?.reset.send(&input.email, client.network, words.spoken()).await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    token: Secret<String>,
    password: Secret<String>,
}

impl Expected for Chosen {
    const SHAPE: &'static str =
        "Send a JSON object with the texts `token` and `password`, each once and nothing else.";
}

/// Sets another password by the token of a letter.
pub(super) async fn reset(
    State(services): State<Arc<Services>>,
    client: Client,
    words: &'static Words,
    Body(input): Body<Chosen>,
) -> Result<StatusCode, Refusal> {
    let by = By { network: client.network, language: words.spoken() };
    services.by_mail()?.reset.reset(&input.token, &input.password, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changed {
    current_password: Secret<String>,
    new_password: Secret<String>,
}

impl Expected for Changed {
    const SHAPE: &'static str = "Send a JSON object with the texts `current_password` and \
                                 `new_password`, each once and nothing else.";
}

/// Sets another password by the current one. The caller stays signed in, alone.
pub(super) async fn change(
    State(services): State<Arc<Services>>,
    caller: Caller,
    client: Client,
    words: &'static Words,
    Body(input): Body<Changed>,
) -> Result<StatusCode, Refusal> {
    let token = caller.access().ok_or_else(|| Refusal::new(Code::TokenMissing))?;
    let signed_in = services.credentials.signed_in(token).await?;
    let Changed { current_password, new_password } = input;
    let (subject, sid) = (&signed_in.subject, signed_in.sid);
    let (current, new) = (&current_password, &new_password);
    let by = By { network: client.network, language: words.spoken() };
    services.change.password(subject, sid, current, new, by).await?;
    Ok(StatusCode::NO_CONTENT)
}
