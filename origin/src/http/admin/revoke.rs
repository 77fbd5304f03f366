//! `POST /auth/admin/revoke`: what is known by an id from a log, and by nothing else.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use common::problem::Code;
use common::{SessionId, Subject, TokenId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::Services;
use super::super::error::Refusal;
use super::super::extract::{Body, Expected};
use super::super::openapi::Refusing;
use super::Admin;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1, max_properties = 1)]
pub(super) struct What {
    #[schema(value_type = Uuid, required = false)]
    jti: Option<TokenId>,
    #[schema(value_type = Uuid, required = false)]
    sid: Option<SessionId>,
    #[schema(value_type = String, required = false, min_length = 1, max_length = 255, pattern = "^[!-9;-~]+$")]
    sub: Option<Subject>,
}

impl Expected for What {
    const SHAPE: &'static str = "Send a JSON object with one of `jti` (one access token), `sid` \
                                 (one session) and `sub` (all sessions of a user).";
}

/// Revokes by an id.
#[utoipa::path(post, path = "/auth/admin/revoke", operation_id = "revoke_by_id", tag = "admin",
    request_body = inline(What), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "It is revoked"),
        Refusing<(Body<What>, Admin)>))]
pub(super) async fn revoke(
    State(services): State<Arc<Services>>,
    Admin(by): Admin,
    Body(what): Body<What>,
) -> Result<StatusCode, Refusal> {
    match what {
        What { jti: Some(jti), sid: None, sub: None } => {
            services.admin.revoke_token(&by, jti).await?;
        }
        What { jti: None, sid: Some(sid), sub: None } => {
            services.admin.end_session(&by, sid).await?;
        }
        What { jti: None, sid: None, sub: Some(sub) } => {
            services.admin.sign_out(&by, &sub).await?;
        }
        _ => return Err(Refusal::because(Code::RequestInvalid, What::SHAPE)),
    }
    Ok(StatusCode::NO_CONTENT)
}
