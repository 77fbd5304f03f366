//! Accounts and their sessions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use common::problem::Code;
use common::{SessionId, UnixMillis, UnixSeconds};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::Services;
use super::super::answer::User;
use super::super::error::Refusal;
use super::super::extract::{Body, Expected, OptionalBody, Query, Segment};
use super::super::logout::Nothing;
use super::super::openapi::{Missing, Refusing};
use super::{Admin, subject};
use crate::port::{Account, Session};
use crate::service::AdminError;

/// Accounts in one answer.
const PAGE: u32 = 50;

#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    #[param(pattern = r"^[^\x00]*$")]
    email: String,
    #[param(pattern = r"^[^\x00]*$")]
    after: String,
}

impl Expected for Wanted {
    const SHAPE: &'static str = "Ask with `email`, what addresses are to begin with, and `after`, \
                                 the `next` of the page before; each once, or not at all.";
}

#[derive(Serialize, ToSchema)]
struct Users<'a> {
    users: Vec<AdminUser<'a>>,
    /// The `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// An account, as administrators see it.
#[derive(Serialize, ToSchema)]
struct AdminUser<'a> {
    #[serde(flatten)]
    user: User<'a>,
    disabled: bool,
}

impl<'a> From<&'a Account> for AdminUser<'a> {
    fn from(account: &'a Account) -> Self {
        Self { disabled: account.disabled, user: account.into() }
    }
}

#[derive(Serialize, ToSchema)]
struct OneUser<'a> {
    user: AdminUser<'a>,
}

#[derive(Serialize, ToSchema)]
struct UserSessions {
    sessions: Vec<UserSession>,
}

/// A session; times in unix seconds.
#[derive(Serialize, ToSchema)]
struct UserSession {
    #[schema(value_type = Uuid)]
    id: SessionId,
    remember: bool,
    #[schema(value_type = Option<u64>, required)]
    first_seen: Option<UnixSeconds>,
    #[schema(value_type = u64)]
    last_seen: UnixSeconds,
    #[schema(value_type = u64)]
    expires_at: UnixSeconds,
}

impl From<Session> for UserSession {
    fn from(session: Session) -> Self {
        Self {
            id: session.sid,
            remember: session.remember,
            first_seen: session.sid.began_at().map(UnixMillis::seconds),
            last_seen: session.rotated_at,
            expires_at: session.idle_end,
        }
    }
}

/// The name of a role.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 64, pattern = "^[!-+.-~-]+$")]
struct Role(#[expect(dead_code, reason = "a text, for the description")] String);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Roles {
    #[schema(value_type = Vec<Role>)]
    roles: Vec<String>,
}

impl Expected for Roles {
    const SHAPE: &'static str = "Send a JSON object with `roles`, a list of texts.";
}

/// Accounts by the beginning of their addresses.
#[utoipa::path(get, path = "/auth/admin/users", operation_id = "find_users", tag = "admin",
    params(Wanted), security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "By address, at most 50", body = Users),
        Refusing<(Query<Wanted>, Admin)>))]
pub(super) async fn find(
    State(services): State<Arc<Services>>,
    Admin(by): Admin,
    Query(Wanted { email, after }): Query<Wanted>,
) -> Result<Response, Refusal> {
    let mut found = services.admin.find(&by, &email, &after, PAGE + 1).await?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let next = found.last().filter(|_| more).map(|last| last.email.clone());
    let users = found.iter().map(AdminUser::from).collect();
    Ok(Json(Users { users, next }).into_response())
}

/// One account.
#[utoipa::path(get, path = "/auth/admin/users/{id}", operation_id = "user", tag = "admin",
    params(("id" = String, Path, description = "Of an account")), security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "The account", body = OneUser),
        Refusing<(Missing, Admin)>))]
pub(super) async fn one(
    State(services): State<Arc<Services>>,
    Admin(by): Admin,
    Segment(id): Segment,
) -> Result<Response, Refusal> {
    let account = services.admin.user(&by, &subject(&id)?).await?;
    Ok(Json(OneUser { user: AdminUser::from(&account) }).into_response())
}

/// Its live sessions.
#[utoipa::path(get, path = "/auth/admin/users/{id}/sessions", operation_id = "user_sessions", tag = "admin",
    params(("id" = String, Path, description = "Of an account")), security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "The live ones, newest first", body = UserSessions),
        Refusing<(Missing, Admin)>))]
pub(super) async fn sessions(
    State(services): State<Arc<Services>>,
    Admin(by): Admin,
    Segment(id): Segment,
) -> Result<impl IntoResponse, Refusal> {
    let account = services.admin.user(&by, &subject(&id)?).await?;
    let sessions = services.admin.sessions(&by, &account.id).await?;
    Ok(Json(UserSessions { sessions: sessions.into_iter().map(UserSession::from).collect() }))
}

/// Closes an account.
#[utoipa::path(post, path = "/auth/admin/users/{id}/disable", operation_id = "disable_user", tag = "admin",
    params(("id" = String, Path, description = "Of an account")), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Its sessions are over, nobody signs in to it"),
        Refusing<(OptionalBody<Nothing>, Admin, AdminError)>))]
pub(super) async fn disable(
    State(services): State<Arc<Services>>,
    Admin(by): Admin,
    Segment(id): Segment,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Result<StatusCode, Refusal> {
    services.admin.disable(&by, &subject(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Opens an account again.
#[utoipa::path(post, path = "/auth/admin/users/{id}/enable", operation_id = "enable_user", tag = "admin",
    params(("id" = String, Path, description = "Of an account")), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "It is open"),
        Refusing<(OptionalBody<Nothing>, Admin, Missing)>))]
pub(super) async fn enable(
    State(services): State<Arc<Services>>,
    Admin(by): Admin,
    Segment(id): Segment,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Result<StatusCode, Refusal> {
    services.admin.enable(&by, &subject(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all its sessions.
#[utoipa::path(post, path = "/auth/admin/users/{id}/logout", operation_id = "logout_user", tag = "admin",
    params(("id" = String, Path, description = "Of an account")), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "They are over"),
        Refusing<(OptionalBody<Nothing>, Admin, Missing)>))]
pub(super) async fn sign_out(
    State(services): State<Arc<Services>>,
    Admin(by): Admin,
    Segment(id): Segment,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Result<StatusCode, Refusal> {
    let account = services.admin.user(&by, &subject(&id)?).await?;
    services.admin.sign_out(&by, &account.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an account other roles.
#[utoipa::path(put, path = "/auth/admin/users/{id}/roles", operation_id = "set_roles", tag = "admin",
    request_body = inline(Roles), params(("id" = String, Path, description = "Of an account")), security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "The account as it is now", body = OneUser),
        Refusing<(Body<Roles>, Admin, AdminError)>))]
pub(super) async fn roles(
    State(services): State<Arc<Services>>,
    Admin(by): Admin,
    Segment(id): Segment,
    Body(Roles { roles }): Body<Roles>,
) -> Result<Response, Refusal> {
    let id = subject(&id)?;
    services.admin.set_roles(&by, &id, &roles).await?;
    let account = services.admin.user(&by, &id).await?;
    Ok(Json(OneUser { user: AdminUser::from(&account) }).into_response())
}

/// Ends one session, whoever's it is.
#[utoipa::path(delete, path = "/auth/admin/sessions/{sid}", operation_id = "end_any_session", tag = "admin",
    params(("sid" = Uuid, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "It is over"),
        Refusing<(Missing, Admin)>))]
pub(super) async fn end_session(
    State(services): State<Arc<Services>>,
    Admin(by): Admin,
    Segment(sid): Segment,
) -> Result<StatusCode, Refusal> {
    let sid: SessionId = sid.parse().map_err(|_| Refusal::new(Code::NotFound))?;
    match services.admin.end_session(&by, sid).await {
        Err(AdminError::Kind(_)) => Err(Refusal::new(Code::NotFound)),
        done => Ok(done.map(|()| StatusCode::NO_CONTENT)?),
    }
}
