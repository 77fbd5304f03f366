//! The shapes of answers that several routes give.

use std::time::Duration;

use axum::Json;
use axum::http::header::{PRAGMA, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use common::cookie::Cookie;
use common::problem::Code;
use common::{SessionId, Subject, UnixSeconds};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::Refusal;
use crate::port::Account;
use crate::service::Issued;

/// An account, as its owner sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct User<'a> {
    #[schema(value_type = String)]
    id: &'a Subject,
    email: &'a str,
    email_verified: bool,
    #[schema(required)]
    name: Option<&'a str>,
    roles: &'a [String],
    /// Unix seconds.
    #[schema(value_type = u64)]
    created_at: UnixSeconds,
}

impl<'a> From<&'a Account> for User<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            id: &account.id,
            email: &account.email,
            email_verified: account.email_verified,
            name: account.name.as_deref(),
            roles: &account.roles,
            created_at: account.created_at,
        }
    }
}

/// How the tokens reach the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// In both cookies; the access token in the body too.
    Cookies,
    /// In the body alone.
    Body,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Tokens<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_token: Option<&'a str>,
    #[schema(value_type = Uuid)]
    session_id: SessionId,
    user: User<'a>,
}

/// The answer to whoever signed in or refreshed.
pub(super) fn tokens(
    account: &Account,
    issued: &Issued,
    delivery: Delivery,
    now: UnixSeconds,
) -> Result<Response, Refusal> {
    let in_body = delivery == Delivery::Body;
    let mut response = Json(Tokens {
        access_token: issued.access.expose(),
        token_type: "Bearer",
        expires_in: issued.expires_in.as_secs(),
        refresh_token: in_body.then_some(issued.refresh.expose().as_str()),
        session_id: issued.session.sid,
        user: account.into(),
    })
    .into_response();
    // RFC 6749 §5.1; `Cache-Control` is on every answer.
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    if delivery == Delivery::Cookies {
        sign_in_cookies(response.headers_mut(), issued, now)?;
    }
    Ok(response)
}

/// Sets both cookies.
pub(super) fn sign_in_cookies(
    headers: &mut HeaderMap,
    issued: &Issued,
    now: UnixSeconds,
) -> Result<(), Refusal> {
    let session = &issued.session;
    let lasting = |life: Duration| session.remember.then_some(life);
    let access = Cookie::Access.set(issued.access.expose(), lasting(issued.expires_in));
    let life = session.idle_end.since(now);
    let refresh = Cookie::Refresh.set(issued.refresh.expose(), lasting(life));
    set_cookies(headers, [access, refresh])
}

/// Clears both cookies.
pub(super) fn clear_cookies(headers: &mut HeaderMap) -> Result<(), Refusal> {
    set_cookies(headers, [Cookie::Access.clear(), Cookie::Refresh.clear()])
}

fn set_cookies(headers: &mut HeaderMap, cookies: [String; 2]) -> Result<(), Refusal> {
    for cookie in cookies {
        let mut value = HeaderValue::try_from(cookie).map_err(|_| Refusal::new(Code::Internal))?;
        value.set_sensitive(true);
        headers.append(SET_COOKIE, value);
    }
    Ok(())
}
