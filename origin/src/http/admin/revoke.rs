//! `POST /auth/admin/revoke`: what is known by an id from a log, and by nothing else.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use common::{SessionId, Subject, TokenId};
use serde::Deserialize;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};

use super::super::Services;
use super::super::error::Refusal;
use super::super::extract::{Body, Expected};
use super::super::openapi::Refusing;
use super::Admin;
use crate::service::WrongKind;

/// One id.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Jti(TokenId),
    Sid(SessionId),
    Sub(Subject),
}

impl utoipa::PartialSchema for What {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        // By their version: of those of the other kinds none ends what was meant.
        let uuid = |version: &str| {
            let pattern = format!(
                "^[0-9a-f]{{8}}-[0-9a-f]{{4}}-{version}[0-9a-f]{{3}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}$"
            );
            text().pattern(Some(pattern))
        };
        let subject = text().min_length(Some(1)).max_length(Some(255)).pattern(Some("^[!-9;-~]+$"));
        let only = |name: &str, id: ObjectBuilder| {
            let object = ObjectBuilder::new().property(name, id).required(name);
            object.additional_properties(Some(AdditionalProperties::FreeForm(false)))
        };
        let one =
            OneOfBuilder::new().item(only("jti", uuid("[0-69a-f]"))).item(only("sid", uuid("7")));
        one.item(only("sub", subject)).into()
    }
}

impl utoipa::ToSchema for What {}

impl Expected for What {
    const SHAPE: &'static str = "Send a JSON object with one of `jti` (one access token), `sid` \
                                 (one session) and `sub` (all sessions of a user).";
}

/// Revokes by an id.
#[utoipa::path(post, path = "/auth/admin/revoke", operation_id = "revoke_by_id", tag = "admin",
    request_body = inline(What), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "It is revoked"),
        Refusing<(Body<What>, Admin, WrongKind)>))]
pub(super) async fn revoke(
    State(services): State<Arc<Services>>,
    Admin(by): Admin,
    Body(what): Body<What>,
) -> Result<StatusCode, Refusal> {
    match what {
        What::Jti(jti) => services.admin.revoke_token(&by, jti).await?,
        What::Sid(sid) => services.admin.end_session(&by, sid).await?,
        What::Sub(sub) => services.admin.sign_out_by_id(&by, &sub).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}
