//! `GET /.well-known/…`: what everybody may know of this issuer.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use common::keys::Jwk;
use serde::Serialize;

use super::Services;
use super::error::Refusal;

/// For keys and metadata, which change with days of notice.
const FIVE_MINUTES: &str = "public, max-age=300";

/// For the head, which is what the edges' bound hangs on.
const TWO_SECONDS: &str = "public, max-age=2";

#[derive(Serialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

/// RFC 7517 §5.
pub(super) async fn jwks(State(services): State<Arc<Services>>) -> impl IntoResponse {
    let headers = [(CACHE_CONTROL, FIVE_MINUTES), (CONTENT_TYPE, "application/jwk-set+json")];
    (headers, Json(Jwks { keys: services.signer.jwks() }))
}

/// RFC 8414 §2, what of it there is: no endpoint of OAuth's own yet, hence no grants.
#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    jwks_uri: String,
    response_types_supported: [&'static str; 0],
    grant_types_supported: [&'static str; 0],
}

pub(super) async fn metadata(State(services): State<Arc<Services>>) -> impl IntoResponse {
    let metadata = Metadata {
        issuer: &services.issuer,
        jwks_uri: format!("{}/.well-known/jwks.json", services.issuer),
        response_types_supported: [],
        grant_types_supported: [],
    };
    ([(CACHE_CONTROL, FIVE_MINUTES)], Json(metadata)).into_response()
}

/// The fresh mailbox: the same head that lies in KV.
pub(super) async fn head(
    State(services): State<Arc<Services>>,
) -> Result<impl IntoResponse, Refusal> {
    let head = services.heads.current().await?;
    let headers = [(CACHE_CONTROL, TWO_SECONDS), (CONTENT_TYPE, "application/portcullis-head+jwt")];
    Ok((headers, String::from(&*head.document)))
}
