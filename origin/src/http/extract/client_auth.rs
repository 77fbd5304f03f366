//! Services that prove who they are by HTTP Basic (RFC 6749 §2.3.1).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::super::Services;
use super::super::oauth_error::OAuthError;

/// A service that proved who it is.
pub(in super::super) struct Authenticated;

/// The same, or one that does not say; never one that says so wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum ServiceClient {
    Proven,
    Silent,
}

impl FromRequestParts<Arc<Services>> for Authenticated {
    type Rejection = OAuthError;

    async fn from_request_parts(
        parts: &mut Parts,
        services: &Arc<Services>,
    ) -> Result<Self, OAuthError> {
        proven(parts, services).ok_or(OAuthError::Client)
    }
}

impl FromRequestParts<Arc<Services>> for ServiceClient {
    type Rejection = OAuthError;

    async fn from_request_parts(
        parts: &mut Parts,
        services: &Arc<Services>,
    ) -> Result<Self, OAuthError> {
        if !parts.headers.contains_key(AUTHORIZATION) {
            return Ok(Self::Silent);
        }
        proven(parts, services).map(|Authenticated| Self::Proven).ok_or(OAuthError::Client)
    }
}

fn proven(parts: &Parts, services: &Services) -> Option<Authenticated> {
    let mut lines = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (lines.next(), lines.next()) else { return None };
    let (scheme, credentials) = only.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(credentials.trim()).ok()?);
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    // Names and secrets that need no percent-encoding are written as they are.
    services.clients.proves(id, secret.as_bytes()).then_some(Authenticated)
}
