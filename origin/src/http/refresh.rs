//! `POST /auth/refresh`. Refusals never clear cookies: they may come after a race was lost, when
//! the browser has already got the winner's.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use common::Secret;
use common::problem::Code;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Services;
use super::answer::{self, Delivery, Tokens};
use super::error::Refusal;
use super::extract::{Caller, Client, Expected, OptionalBody};
use super::openapi::{NoRefresh, Refusing};
use crate::service::RefreshError;

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    #[schema(value_type = Option<String>, format = Password)]
    refresh_token: Option<Secret<String>>,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send a JSON object with the text `refresh_token` and nothing \
                                 else, or no body and the cookie.";
}

/// Gives new tokens for a refresh token.
#[utoipa::path(post, path = "/auth/refresh", operation_id = "refresh", tag = "session",
    request_body = inline(Option<Input>), security((), ("refresh_cookie" = [])),
    responses((status = 200, description = "The successors, where the old ones came from", body = Tokens,
            headers(("set-cookie" = Option<String>, description = "`__Host-at` and `__Host-rt`"))),
        Refusing<(OptionalBody<Input>, Caller, NoRefresh, RefreshError)>))]
pub(super) async fn refresh(
    State(services): State<Arc<Services>>,
    caller: Caller,
    client: Client,
    OptionalBody(input): OptionalBody<Input>,
) -> Result<Response, Refusal> {
    // What is sent on purpose counts; then the cookies are nobody's concern, the access token's
    // neither.
    let (token, access, delivery) = match (&input.refresh_token, &caller.refresh_cookie) {
        (Some(token), _) => (token, caller.bearer.as_ref(), Delivery::Body),
        (None, Some(cookie)) => {
            let access = caller.bearer.as_ref().or(caller.access_cookie.as_ref());
            (cookie, access, Delivery::Cookies)
        }
        (None, None) => return Err(Refusal::new(Code::RefreshMissing)),
    };
    let access = access.map(|access| access.expose().as_str());
    let outcome = services.rotator.refresh(token.expose(), access, client.device).await;
    let (account, issued) = services.refreshed(outcome)?;
    answer::tokens(&account, &issued, delivery, services.clock.now())
}
