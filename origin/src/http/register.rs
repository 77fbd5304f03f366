//! `POST /auth/register`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use common::Secret;
use serde::{Deserialize, Serialize};

use super::Services;
use super::answer::User;
use super::error::Refusal;
use super::extract::{Body, Caller, Client, Expected};
use super::pages::Words;
use crate::service::{Deed, Registered, Registration};

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
    words: &'static Words,
    Body(input): Body<Input>,
) -> Result<Response, Refusal> {
    let Input { email, password, name } = input;
    services.throttle.count(Deed::Register, client.network).await?;
    let wanted = Registration { email, password, name };
    Ok(match services.register.register(wanted, words.spoken()).await? {
        Registered::Made(account) => {
            (StatusCode::CREATED, Json(Answer { user: account.into() })).into_response()
        }
        Registered::Asked => StatusCode::ACCEPTED.into_response(),
    })
}
