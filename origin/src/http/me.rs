//! `GET /auth/me`, `GET /auth/sessions`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use common::problem::Code;
use common::{SessionId, UnixMillis, UnixSeconds};
use serde::Serialize;
use utoipa::ToSchema;

use super::Services;
use super::answer::User;
use super::error::Refusal;
use super::extract::Caller;
use super::openapi::Refusing;
use crate::service::{AccessError, Agent};

#[derive(Serialize, ToSchema)]
struct Me<'a> {
    user: User<'a>,
    logins: Vec<Login>,
}

/// A login elsewhere that opens the account.
#[derive(Serialize, ToSchema)]
struct Login {
    provider: String,
    /// Unix seconds.
    #[schema(value_type = u64)]
    linked_at: UnixSeconds,
}

#[derive(Serialize, ToSchema)]
struct OwnSessions {
    sessions: Vec<OwnSession>,
}

/// A session as its user sees it; times in unix seconds.
#[derive(Serialize, ToSchema)]
struct OwnSession {
    #[schema(value_type = Uuid)]
    id: SessionId,
    /// Whether it is the one that asks.
    current: bool,
    /// What it was used by last, like `Chrome on macOS`.
    #[schema(required)]
    device: Option<String>,
    /// The same in its own words.
    #[schema(required)]
    user_agent: Option<String>,
    /// Where it was used last, like `Seoul, KR`.
    #[schema(required)]
    place: Option<String>,
    remember: bool,
    #[schema(value_type = Option<u64>, required)]
    first_seen: Option<UnixSeconds>,
    #[schema(value_type = u64)]
    last_seen: UnixSeconds,
    #[schema(value_type = u64)]
    expires_at: UnixSeconds,
}

/// Who is signed in.
#[utoipa::path(get, path = "/auth/me", operation_id = "me", tag = "session", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "The user", body = Me), Refusing<(Caller, AccessError)>))]
pub(super) async fn me(
    State(services): State<Arc<Services>>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let token = caller.access().ok_or_else(|| Refusal::new(Code::TokenMissing))?;
    let signed_in = services.credentials.signed_in(token).await?;
    let account = services.profiles.account(&signed_in.subject).await?;
    let account = account.ok_or_else(|| Refusal::new(Code::TokenRevoked))?;
    let linked = services.social.linked(&account.id).await?.into_iter();
    let logins =
        linked.map(|identity| Login { provider: identity.provider, linked_at: identity.linked_at });
    Ok(Json(Me { user: User::from(&account), logins: logins.collect() }).into_response())
}

/// Where the user is signed in.
#[utoipa::path(get, path = "/auth/sessions", operation_id = "sessions", tag = "session",
    security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "The live ones, newest first", body = OwnSessions),
        Refusing<(Caller, AccessError)>))]
pub(super) async fn sessions(
    State(services): State<Arc<Services>>,
    caller: Caller,
) -> Result<impl IntoResponse, Refusal> {
    let token = caller.access().ok_or_else(|| Refusal::new(Code::TokenMissing))?;
    let signed_in = services.credentials.signed_in(token).await?;
    let sessions = services.profiles.sessions(&signed_in.subject).await?;
    let sessions = sessions.into_iter().map(|session| OwnSession {
        id: session.sid,
        current: session.sid == signed_in.sid,
        device: session.agent.as_deref().and_then(|agent| Agent::read(agent).name()),
        user_agent: session.agent,
        place: session.place,
        remember: session.remember,
        first_seen: session.sid.began_at().map(UnixMillis::seconds),
        last_seen: session.rotated_at,
        expires_at: session.idle_end,
    });
    Ok(Json(OwnSessions { sessions: sessions.collect() }))
}
