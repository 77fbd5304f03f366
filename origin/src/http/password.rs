//! `POST /auth/password`, `POST /auth/password/forgot`, `POST /auth/password/reset`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use common::Secret;
use common::problem::Code;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Services;
use super::error::Refusal;
use super::extract::{Body, Caller, Client, Expected};
use super::openapi::{Missing, Refusing};
use super::pages::Words;
use crate::service::{AccessError, By, ChangeError, ProofError, ResetError};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Forgotten {
    #[schema(format = Email)]
    email: String,
}

impl Expected for Forgotten {
    const SHAPE: &'static str = "Send a JSON object with the text `email` and nothing else.";
}

/// Sends a letter, if there is somebody to send it to; the answer is the same.
#[utoipa::path(post, path = "/auth/password/forgot", operation_id = "forgot_password", tag = "password",
    request_body = inline(Forgotten),
    responses((status = 202, description = "Whoever it is"), Refusing<(Body<Forgotten>, ProofError, Missing)>))]
pub(super) async fn forgot(
    State(services): State<Arc<Services>>,
    client: Client,
    words: &'static Words,
    Body(input): Body<Forgotten>,
) -> Result<StatusCode, Refusal> {
    services.by_mail()?.reset.send(&input.email, client.network, words.spoken()).await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    #[schema(value_type = String, format = Password)]
    token: Secret<String>,
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256)]
    password: Secret<String>,
}

impl Expected for Chosen {
    const SHAPE: &'static str =
        "Send a JSON object with the texts `token` and `password`, each once and nothing else.";
}

/// Sets another password by the token of a letter.
#[utoipa::path(post, path = "/auth/password/reset", operation_id = "reset_password", tag = "password",
    request_body = inline(Chosen),
    responses((status = 204, description = "The password is another, every session of the user is over"),
        Refusing<(Body<Chosen>, ResetError, Missing)>))]
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

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Changed {
    #[schema(value_type = String, format = Password)]
    current_password: Secret<String>,
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256)]
    new_password: Secret<String>,
}

impl Expected for Changed {
    const SHAPE: &'static str = "Send a JSON object with the texts `current_password` and \
                                 `new_password`, each once and nothing else.";
}

/// Sets another password by the current one. The caller stays signed in, alone.
#[utoipa::path(post, path = "/auth/password", operation_id = "change_password", tag = "password",
    request_body = inline(Changed), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Every session but this one is over"),
        Refusing<(Body<Changed>, Caller, AccessError, ChangeError)>))]
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
