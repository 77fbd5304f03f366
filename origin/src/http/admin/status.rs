//! `GET /auth/admin/status`: the keys, and how far what is revoked has got.

use std::sync::Arc;
use std::time::Duration;

use super::super::openapi::KeyDocument;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use common::keys::Jwk;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Services;
use super::super::openapi::Refusing;
use super::Admin;
use crate::service::Passage;

#[derive(Serialize, ToSchema)]
struct Status {
    /// The latest epoch that this process knows of.
    epoch: u64,
    /// The keys of access tokens, as everybody may know them.
    #[schema(value_type = Vec<KeyDocument>)]
    keys: Vec<Jwk>,
    /// The last changes, the oldest first.
    changes: Vec<Change>,
}

/// How many milliseconds after this process heard of a change each station was reached; null where
/// it was not yet.
#[derive(Serialize, ToSchema)]
struct Change {
    epoch: u64,
    age_ms: u64,
    #[schema(required)]
    signed_ms: Option<u64>,
    #[schema(required)]
    published_ms: Option<u64>,
    #[schema(required)]
    fetched_ms: Option<u64>,
}

impl From<Passage> for Change {
    fn from(passage: Passage) -> Self {
        Self {
            epoch: passage.epoch.get(),
            age_ms: ms(passage.age()),
            signed_ms: passage.signed.map(ms),
            published_ms: passage.published.map(ms),
            fetched_ms: passage.fetched.map(ms),
        }
    }
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// How far what is revoked has got.
#[utoipa::path(get, path = "/auth/admin/status", operation_id = "status", tag = "admin",
    security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "As this process knows it", body = Status),
        Refusing<Admin>))]
pub(super) async fn status(
    State(services): State<Arc<Services>>,
    Admin(_): Admin,
) -> impl IntoResponse {
    Json(Status {
        epoch: services.epochs.latest().get(),
        keys: services.signer.jwks(services.clock.now()),
        changes: services.epochs.passages().into_iter().map(Change::from).collect(),
    })
}
