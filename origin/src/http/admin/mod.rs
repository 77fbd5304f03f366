//! `/auth/admin/…`: for administrators, by what their account says now and not by what their token
//! said when it was made.

mod audit;
mod revoke;
mod status;
mod users;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use common::Subject;
use common::problem::Code;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Services;
use super::error::Refusal;
use super::extract::Caller;
use super::openapi::Refuses;
use crate::service::{AccessError, Authority};

pub(super) fn routes() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::default()
        .routes(routes!(users::find))
        .routes(routes!(users::one))
        .routes(routes!(users::disable))
        .routes(routes!(users::enable))
        .routes(routes!(users::sign_out))
        .routes(routes!(users::roles))
        .routes(routes!(users::sessions))
        .routes(routes!(users::end_session))
        .routes(routes!(revoke::revoke))
        .routes(routes!(audit::events))
        .routes(routes!(status::status))
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

impl Refuses for Admin {
    fn codes() -> Vec<Code> {
        let known = <(Caller, AccessError)>::codes();
        [known, vec![Code::RoleRequired]].concat()
    }
}

/// The id of an account in a path.
fn subject(text: &str) -> Result<Subject, Refusal> {
    text.parse().map_err(|_| Refusal::new(Code::NotFound))
}
