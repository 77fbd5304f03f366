//! Who is behind a request, as the edge reports it. Without proof of being the edge nobody is
//! believed, and nothing is known.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{HeaderName, USER_AGENT};
use axum::http::request::Parts;

use super::super::Services;
use crate::service::{Edge, device};

const EDGE: HeaderName = HeaderName::from_static("x-portcullis-edge");
const CLIENT_IP: HeaderName = HeaderName::from_static("x-portcullis-client-ip");

/// What is known of the other side.
pub(in super::super) struct Client {
    /// Proof that an edge passed the request on.
    pub(in super::super) edge: Option<Edge>,
    /// The digest of the device behind the edge.
    pub(in super::super) device: Option<String>,
}

impl FromRequestParts<Arc<Services>> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        services: &Arc<Services>,
    ) -> Result<Self, Infallible> {
        let edge = only(&parts.headers, &EDGE).and_then(|secret| services.edge.proof(secret));
        let address = only(&parts.headers, &CLIENT_IP)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .and_then(|text| text.parse::<IpAddr>().ok());
        let device = edge.zip(address).map(|(edge, address)| {
            device(edge, only(&parts.headers, &USER_AGENT).unwrap_or_default(), address)
        });
        Ok(Self { edge, device })
    }
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value.as_bytes()),
        _ => None,
    }
}
