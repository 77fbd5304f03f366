//! `POST /auth/login`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use common::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Services;
use super::answer::{self, Delivery, Tokens};
use super::error::Refusal;
use super::extract::{Body, Caller, Client, Expected};
use super::openapi::Refusing;
use crate::metrics::PASSWORD;
use crate::service::{Lasting, LoginError};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    email: String,
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
    #[serde(default)]
    remember: bool,
    #[serde(default)]
    delivery: Wanted,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    #[default]
    Cookie,
    Body,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send a JSON object with the texts `email` and `password` and, if \
                                 wanted, `remember` (true or false) and `delivery` (\"cookie\" or \
                                 \"body\"), each once and nothing else.";
}

/// Signs in with a password.
#[utoipa::path(post, path = "/auth/login", operation_id = "login", tag = "sign-in", request_body = inline(Input),
    responses((status = 200, description = "Tokens; unless they are for the body alone, both cookies", body = Tokens,
            headers(("set-cookie" = Option<String>, description = "`__Host-at` and `__Host-rt`"))),
        Refusing<(Body<Input>, Caller, LoginError)>))]
pub(super) async fn login(
    State(services): State<Arc<Services>>,
    caller: Caller,
    client: Client,
    Body(input): Body<Input>,
) -> Result<Response, Refusal> {
    let lasting = if input.remember { Lasting::Remembered } else { Lasting::Browser };
    // With the tokens in the body the browser keeps its cookies, and the session behind them.
    let (delivery, left) = match input.delivery {
        Wanted::Cookie => (Delivery::Cookies, caller.leaves(&services)),
        Wanted::Body => (Delivery::Body, None),
    };
    let outcome = services
        .login
        .login(&input.email, &input.password, lasting, client.device, client.network, left)
        .await;
    let (account, issued) = services.signed_in(PASSWORD, outcome)?;
    answer::tokens(&account, &issued, delivery, services.clock.now())
}
