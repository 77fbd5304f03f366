//! `POST /auth/logout`, `POST /auth/logout-all`, `DELETE /auth/sessions`, `DELETE
//! /auth/sessions/{sid}`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use common::problem::Code;
use common::{Secret, SessionId, Subject};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Services;
use super::answer::clear_cookies;
use super::error::Refusal;
use super::extract::{Caller, Expected, OptionalBody, Segment};
use super::openapi::{Missing, NoToken, Refusing};
use crate::service::{AccessError, Credentials, Fault};

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    #[schema(value_type = Option<String>, format = Password)]
    refresh_token: Option<Secret<String>>,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send a JSON object with the text `refresh_token` and nothing \
                                 else, or no body and the cookies or a bearer token.";
}

/// Ends the session that the caller's tokens name: live or expired, revoked or not, since what is
/// asked for is that it be over.
#[utoipa::path(post, path = "/auth/logout", operation_id = "logout", tag = "session",
    request_body = inline(Option<Input>), security((), ("bearer" = []), ("cookie" = []), ("refresh_cookie" = [])),
    responses((status = 204, description = "It is over; what cookies came along are cleared"),
        Refusing<(OptionalBody<Input>, Caller, NoToken, Fault)>))]
pub(super) async fn logout(
    State(services): State<Arc<Services>>,
    caller: Caller,
    OptionalBody(input): OptionalBody<Input>,
) -> Result<Response, Refusal> {
    let done = StatusCode::NO_CONTENT.into_response();
    end(&services, &caller, input.refresh_token.as_ref(), done).await
}

/// Does it, and adds to `done`, the answer, what the browser is to forget.
pub(super) async fn end(
    services: &Services,
    caller: &Caller,
    refresh_token: Option<&Secret<String>>,
    mut done: Response,
) -> Result<Response, Refusal> {
    let credentials = &services.credentials;
    let by_cookies = by_cookies(credentials, caller);
    let deliberate = caller.bearer.is_some() || refresh_token.is_some();
    let ending = if deliberate {
        let named = named_by(credentials, caller.bearer.as_ref(), refresh_token);
        // Who shows a token on purpose must hear that it is none: nothing was ended.
        if named.is_empty() {
            return Err(Refusal::new(Code::TokenInvalid));
        }
        named
    } else {
        by_cookies.clone()
    };
    for (sid, subject) in &ending {
        services.revocation.session(subject, *sid).await?;
    }
    // The cookies of another session, which the browser sent along by itself, are left alone; and
    // those that it did not send, since another site may have made it ask.
    if sent_cookies(caller) && by_cookies.keys().all(|sid| ending.contains_key(sid)) {
        clear_cookies(done.headers_mut())?;
        let cached = HeaderValue::from_static("\"cache\"");
        done.headers_mut().insert("clear-site-data", cached);
    }
    Ok(done)
}

/// Ends every session of the caller, who has to be signed in.
#[utoipa::path(post, path = "/auth/logout-all", operation_id = "logout_all", tag = "session",
    security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "They are over; cookies of the same user that came along are cleared"),
        Refusing<(OptionalBody<Nothing>, Caller, AccessError)>))]
pub(super) async fn logout_all(
    State(services): State<Arc<Services>>,
    caller: Caller,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Result<Response, Refusal> {
    let token = caller.access().ok_or_else(|| Refusal::new(Code::TokenMissing))?;
    let signed_in = services.credentials.signed_in(token).await?;
    services.revocation.all_sessions(&signed_in.subject).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    // Somebody else's, which the browser sent along with a bearer token by itself, are left alone.
    let by_cookies = by_cookies(&services.credentials, &caller);
    if sent_cookies(&caller) && by_cookies.values().all(|whose| *whose == signed_in.subject) {
        clear_cookies(response.headers_mut())?;
    }
    Ok(response)
}

/// Ends every session of the caller but the one that asks.
#[utoipa::path(delete, path = "/auth/sessions", operation_id = "end_other_sessions", tag = "session",
    security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "They are over"),
        Refusing<(OptionalBody<Nothing>, Caller, AccessError)>))]
pub(super) async fn other_sessions(
    State(services): State<Arc<Services>>,
    caller: Caller,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Result<StatusCode, Refusal> {
    let token = caller.access().ok_or_else(|| Refusal::new(Code::TokenMissing))?;
    let signed_in = services.credentials.signed_in(token).await?;
    services.revocation.other_sessions(&signed_in.subject, signed_in.sid).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one session of the caller.
#[utoipa::path(delete, path = "/auth/sessions/{sid}", operation_id = "end_session", tag = "session",
    params(("sid" = Uuid, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "It is over"), Refusing<(Caller, AccessError, Missing)>))]
pub(super) async fn own_session(
    State(services): State<Arc<Services>>,
    caller: Caller,
    Segment(sid): Segment,
) -> Result<StatusCode, Refusal> {
    let token = caller.access().ok_or_else(|| Refusal::new(Code::TokenMissing))?;
    let signed_in = services.credentials.signed_in(token).await?;
    let sid: SessionId = sid.parse().map_err(|_| Refusal::new(Code::NotFound))?;
    if services.revocation.own_session(&signed_in.subject, sid).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::new(Code::NotFound))
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

impl Expected for Nothing {
    const SHAPE: &'static str = "Send no body.";
}

fn sent_cookies(caller: &Caller) -> bool {
    caller.access_cookie.is_some() || caller.refresh_cookie.is_some()
}

/// The sessions that the cookies name.
fn by_cookies(credentials: &Credentials, caller: &Caller) -> BTreeMap<SessionId, Subject> {
    named_by(credentials, caller.access_cookie.as_ref(), caller.refresh_cookie.as_ref())
}

fn named_by(
    credentials: &Credentials,
    access: Option<&Secret<String>>,
    refresh: Option<&Secret<String>>,
) -> BTreeMap<SessionId, Subject> {
    let access = access.and_then(|token| credentials.session_of_access(token.expose()).ok());
    let refresh = refresh.and_then(|token| credentials.refresh(token.expose()).ok());
    let access = access.map(|token| (token.sid, token.subject));
    let refresh = refresh.map(|presented| (presented.sid, presented.subject));
    access.into_iter().chain(refresh).collect()
}
