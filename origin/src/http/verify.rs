//! `POST /auth/verify`, `POST /auth/verify/resend`, `POST /auth/email`

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
use crate::service::{AccessError, By, ChangeError, ProofError};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    #[schema(value_type = String, format = Password)]
    token: Secret<String>,
}

impl Expected for Proof {
    const SHAPE: &'static str = "Send a JSON object with the text `token` and nothing else.";
}

/// Makes the address that the token was sent to the account's.
#[utoipa::path(post, path = "/auth/verify", operation_id = "verify_email", tag = "password", request_body = inline(Proof),
    responses((status = 204, description = "The address is the account's, confirmed"),
        Refusing<(Body<Proof>, ProofError, Missing)>))]
pub(super) async fn verify(
    State(services): State<Arc<Services>>,
    Body(input): Body<Proof>,
) -> Result<StatusCode, Refusal> {
    services.by_mail()?.verify.verify(&input.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Address {
    #[schema(format = Email)]
    email: String,
}

impl Expected for Address {
    const SHAPE: &'static str = "Send a JSON object with the text `email` and nothing else.";
}

/// Sends the letter again, if there is somebody to send it to; the answer is the same.
#[utoipa::path(post, path = "/auth/verify/resend", operation_id = "resend_verification", tag = "password",
    request_body = inline(Address),
    responses((status = 202, description = "Whoever it is"), Refusing<(Body<Address>, ProofError, Missing)>))]
pub(super) async fn resend(
    State(services): State<Arc<Services>>,
    client: Client,
    words: &'static Words,
    Body(input): Body<Address>,
) -> Result<StatusCode, Refusal> {
    services.by_mail()?.verify.send(&input.email, client.network, words.spoken()).await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OtherAddress {
    #[schema(value_type = String, format = Password)]
    current_password: Secret<String>,
    #[schema(format = Email)]
    email: String,
}

impl Expected for OtherAddress {
    const SHAPE: &'static str = "Send a JSON object with the texts `current_password` and `email`, \
                                 each once and nothing else.";
}

/// Sends a letter to another address, which becomes the caller's once it is confirmed.
#[utoipa::path(post, path = "/auth/email", operation_id = "change_email", tag = "password",
    request_body = inline(OtherAddress), security(("bearer" = []), ("cookie" = [])),
    responses((status = 202, description = "The account gets this address once it is confirmed"),
        Refusing<(Body<OtherAddress>, Caller, AccessError, ChangeError, Missing)>))]
pub(super) async fn change(
    State(services): State<Arc<Services>>,
    caller: Caller,
    client: Client,
    words: &'static Words,
    Body(input): Body<OtherAddress>,
) -> Result<StatusCode, Refusal> {
    let token = caller.access().ok_or_else(|| Refusal::new(Code::TokenMissing))?;
    let signed_in = services.credentials.signed_in(token).await?;
    let OtherAddress { current_password, email } = input;
    let outbox = &services.by_mail()?.outbox;
    let change = &services.change;
    let (subject, sid) = (&signed_in.subject, signed_in.sid);
    let by = By { network: client.network, language: words.spoken() };
    change.address(outbox, subject, sid, &current_password, &email, by).await?;
    Ok(StatusCode::ACCEPTED)
}
