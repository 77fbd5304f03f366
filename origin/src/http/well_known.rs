//! `GET /.well-known/…`: what everybody may know of this issuer.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use common::Epoch;
use common::keys::Jwk;
use common::problem::Code;
use serde::Serialize;
use utoipa::ToSchema;

use super::Services;
use super::error::Refusal;
use super::extract::Segment;
use super::openapi::{KeyDocument, Missing, Refusing};
use crate::service::Fault;
use crate::service::Station;

/// For keys and metadata, which change with days of notice.
const FIVE_MINUTES: &str = "public, max-age=300";

/// For segments, which are named by their content.
const FOR_GOOD: &str = "public, max-age=86400, immutable";

/// For the head, which is what the edges' bound hangs on.
const TWO_SECONDS: &str = "public, max-age=2";

/// A segment, by the name that the head gives it.
#[utoipa::path(get, path = "/.well-known/portcullis/segments/{name}", operation_id = "segment", tag = "discovery",
    params(("name" = String, Path, description = "As the head names it", pattern = "^[0-9a-f]{64}$")),
    responses((status = 200, description = "A filter", body = Vec<u8>, content_type = "application/octet-stream"),
        Refusing<(Fault, Missing)>))]
pub(super) async fn segment(
    State(services): State<Arc<Services>>,
    Segment(name): Segment,
    RawQuery(query): RawQuery,
) -> Result<impl IntoResponse, Refusal> {
    if query.is_some() {
        // Each query would be another entry in the caches that stand before this.
        return Err(Refusal::because(Code::RequestInvalid, "Ask for a segment without a query."));
    }
    let name = name.parse().map_err(|_| Refusal::new(Code::NotFound))?;
    let content = services.heads.segment(name).await?;
    let content = content.ok_or_else(|| Refusal::new(Code::NotFound))?;
    let headers = [(CACHE_CONTROL, FOR_GOOD), (CONTENT_TYPE, "application/octet-stream")];
    Ok((headers, content))
}

#[derive(Serialize, ToSchema)]
struct Jwks {
    #[schema(value_type = Vec<KeyDocument>)]
    keys: Vec<Jwk>,
}

/// RFC 7517 §5.
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "jwks", tag = "discovery",
    responses((status = 200, description = "The keys", body = inline(Jwks), content_type = "application/jwk-set+json"),
        Refusing<()>))]
pub(super) async fn jwks(State(services): State<Arc<Services>>) -> impl IntoResponse {
    let headers = [(CACHE_CONTROL, FIVE_MINUTES), (CONTENT_TYPE, "application/jwk-set+json")];
    (headers, Json(Jwks { keys: services.signer.jwks(services.clock.now()) }))
}

/// RFC 8414 §2, what of it there is: no token endpoint, hence no grants.
#[derive(Serialize, ToSchema)]
struct Metadata<'a> {
    issuer: &'a str,
    jwks_uri: String,
    response_types_supported: [&'static str; 0],
    grant_types_supported: [&'static str; 0],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 2],
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 1],
}

/// What this issuer offers to OAuth clients.
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", operation_id = "metadata", tag = "discovery",
    responses((status = 200, description = "The metadata", body = inline(Metadata)), Refusing<()>))]
pub(super) async fn metadata(State(services): State<Arc<Services>>) -> impl IntoResponse {
    let metadata = Metadata {
        issuer: &services.issuer,
        jwks_uri: format!("{}/.well-known/jwks.json", services.issuer),
        response_types_supported: [],
        grant_types_supported: [],
        revocation_endpoint: format!("{}/auth/revoke", services.issuer),
        revocation_endpoint_auth_methods_supported: ["none", "client_secret_basic"],
        introspection_endpoint: format!("{}/auth/introspect", services.issuer),
        introspection_endpoint_auth_methods_supported: ["client_secret_basic"],
    };
    ([(CACHE_CONTROL, FIVE_MINUTES)], Json(metadata)).into_response()
}

/// The fresh mailbox: the same head that lies in KV. `?epoch=` names the latest epoch that the
/// caller has heard of.
#[utoipa::path(get, path = "/.well-known/portcullis/head", operation_id = "head", tag = "discovery",
    params(("epoch" = Option<u64>, Query, format = "uint64", maximum = 18446744073709551615u64, description = "The latest epoch that the caller has heard of")),
    responses((status = 200, description = "The head, signed", body = String,
            content_type = "application/portcullis-head+jwt"), Refusing<Fault>))]
pub(super) async fn head(
    State(services): State<Arc<Services>>,
    RawQuery(query): RawQuery,
) -> Result<impl IntoResponse, Refusal> {
    let known = match query.as_deref() {
        None => Epoch::ZERO,
        Some(query) => {
            let number = query.strip_prefix("epoch=").and_then(|text| text.parse().ok());
            let invalid = "Ask with `?epoch=` and a number, or without a query.";
            Epoch::new(number.ok_or_else(|| Refusal::because(Code::RequestInvalid, invalid))?)
        }
    };
    let head = services.heads.reaching(known).await?;
    services.epochs.reached(Station::Fetched, head.epoch);
    let headers = [(CACHE_CONTROL, TWO_SECONDS), (CONTENT_TYPE, "application/portcullis-head+jwt")];
    Ok((headers, String::from(&*head.document)))
}
