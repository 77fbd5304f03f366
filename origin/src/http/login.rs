//! `POST /auth/login`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use common::Secret;
use serde::Deserialize;

use super::Services;
use super::answer::{self, Delivery};
use super::error::Refusal;
use super::extract::{Body, Caller, Client, Expected};
use crate::service::Lasting;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    email: String,
    password: Secret<String>,
    #[serde(default)]
    remember: bool,
    #[serde(default)]
    delivery: Wanted,
}

#[derive(Default, Deserialize)]
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
    let (account, issued) = services
        .login
        .login(&input.email, &input.password, lasting, client.device, client.network, left)
        .await?;
    answer::tokens(account, &issued, delivery, services.clock.now())
}
