//! `/auth/admin/…`: for administrators, by what their account says now and not by what their token
//! said when it was made.

mod audit;
mod revoke;
mod status;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::routing::{delete, get, post, put};
use common::Subject;
use common::problem::Code;

use super::Services;
use super::error::Refusal;
use super::extract::Caller;
use crate::service::Authority;

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new()
        .route("/auth/admin/users", get(users::find))
        .route("/auth/admin/users/{id}", get(users::one))
        .route("/auth/admin/users/{id}/disable", post(users::disable))
        .route("/auth/admin/users/{id}/enable", post(users::enable))
        .route("/auth/admin/users/{id}/logout", post(users::sign_out))
        .route("/auth/admin/users/{id}/roles", put(users::roles))
        .route("/auth/admin/users/{id}/sessions", get(users::sessions))
        .route("/auth/admin/sessions/{sid}", delete(users::end_session))
        .route("/auth/admin/revoke", post(revoke::revoke))
        .route("/auth/admin/audit", get(audit::events))
        .route("/auth/admin/status", get(status::status))
}

/// An administrator. Another site cannot ask in their name: see [`Caller`].
struct Admin(Authority);

impl FromRequestParts<Arc<Services>> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        services: &Arc<Services>,
    ) -> Result<Self, Refusal> {
        let caller = Caller::from_request_parts(parts, services).await?;
        let token = caller.access().ok_or_else(|| Refusal::new(Code::TokenMissing))?;
        let signed_in = services.credentials.signed_in(token).await?;
        let account = services.profiles.account(&signed_in.subject).await?;
        let account = account.ok_or_else(|| Refusal::new(Code::TokenRevoked))?;
        Authority::of(&account).map(Self).ok_or_else(|| Refusal::new(Code::RoleRequired))
    }
}

/// The id of an account in a path.
fn subject(text: &str) -> Result<Subject, Refusal> {
    text.parse().map_err(|_| Refusal::new(Code::NotFound))
}
