//! `POST /auth/register`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use common::Secret;
use serde::{Deserialize, Serialize};

use super::Services;
use super::answer::User;
use super::error::Refusal;
use super::extract::{Body, Caller, Client, Expected};
use crate::service::{Deed, Registration};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    email: String,
    password: Secret<String>,
    name: Option<String>,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send a JSON object with the texts `email`, `password` and, if \
                                 wanted, `name`, each once and nothing else.";
}

#[derive(Serialize)]
struct Answer {
    user: User,
}

pub(super) async fn register(
    State(services): State<Arc<Services>>,
    _caller: Caller,
    client: Client,
    Body(input): Body<Input>,
) -> Result<impl IntoResponse, Refusal> {
    let Input { email, password, name } = input;
    services.throttle.count(Deed::Register, client.network).await?;
    let account = services.register.register(Registration { email, password, name }).await?;
    Ok((StatusCode::CREATED, Json(Answer { user: account.into() })))
}
