//! `POST /auth/register`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use common::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Services;
use super::answer::User;
use super::error::Refusal;
use super::extract::{Body, Caller, Client, Expected};
use super::openapi::Refusing;
use super::pages::Words;
use crate::service::{Deed, Limited, RegisterError, Registered, Registration};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    #[schema(format = Email)]
    email: String,
    /// 8 characters to 256 bytes.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256)]
    password: Secret<String>,
    name: Option<String>,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send a JSON object with the texts `email`, `password` and, if \
                                 wanted, `name`, each once and nothing else.";
}

#[derive(Serialize, ToSchema)]
struct Answer<'a> {
    user: User<'a>,
}

/// Makes an account.
#[utoipa::path(post, path = "/auth/register", operation_id = "register", tag = "sign-in", request_body = inline(Input),
    responses((status = 201, description = "The account is made", body = inline(Answer)),
        (status = 202, description = "Where addresses have to be confirmed: a letter is on its way"),
        Refusing<(Body<Input>, Caller, RegisterError, Limited)>))]
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
            (StatusCode::CREATED, Json(Answer { user: User::from(&account) })).into_response()
        }
        Registered::Asked => StatusCode::ACCEPTED.into_response(),
    })
}
