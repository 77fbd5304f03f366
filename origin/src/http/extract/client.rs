//! Who is behind a request, as the edge reports it. Without proof of being the edge nobody is
//! believed, and nothing is known.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{HeaderName, USER_AGENT};
use axum::http::request::Parts;
use url::form_urlencoded;

use super::super::Services;
use crate::port::Device;
use crate::service::{Edge, Network, Reported};

const EDGE: HeaderName = HeaderName::from_static("x-portcullis-edge");
const CLIENT_IP: HeaderName = HeaderName::from_static("x-portcullis-client-ip");
const PLACE: HeaderName = HeaderName::from_static("x-portcullis-place");

/// Most characters of a user agent that are kept.
const AGENT_LENGTH: usize = 256;

/// Most characters of a place that are kept.
const PLACE_LENGTH: usize = 80;

/// The other end of a connection, which the server adds to each request.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Peer(pub(in super::super) IpAddr);

/// What is known of the other side.
pub(in super::super) struct Client {
    /// Proof that an edge passed the request on.
    pub(in super::super) edge: Option<Edge>,
    /// Where it comes from, by the edge's word, or else by the connection's other end.
    pub(in super::super) network: Network,
    /// The device behind the edge.
    pub(in super::super) device: Device,
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
        let agent = only(&parts.headers, &USER_AGENT);
        let reported = edge
            .zip(address)
            .map(|(edge, address)| Reported::by(edge, agent.unwrap_or_default(), address));
        let (digest, within) =
            reported.map(|Reported { digest, network }| (digest, network)).unzip();
        let place = edge.and_then(|_| place(only(&parts.headers, &PLACE)?));
        // Anybody can send any agent, through an edge or not: it is shown, never gone by.
        let agent = agent.and_then(|bytes| words(&String::from_utf8_lossy(bytes), AGENT_LENGTH));
        let peer = parts.extensions.get::<Peer>().map(|Peer(address)| *address);
        let nowhere = IpAddr::from(Ipv6Addr::UNSPECIFIED);
        let address = address.filter(|_| edge.is_some()).or(peer).unwrap_or(nowhere);
        Ok(Self {
            edge,
            network: Network::of(address),
            device: Device { digest, agent, network: within, place },
        })
    }
}

/// Percent-encoded, since names of places are not ASCII.
fn place(bytes: &[u8]) -> Option<String> {
    let (text, _) = form_urlencoded::parse(bytes).next()?;
    words(&text, PLACE_LENGTH)
}

/// Text that can be shown in a line, cut to a length.
fn words(text: &str, length: usize) -> Option<String> {
    let shown: String = text.trim().chars().filter(|c| !c.is_control()).take(length).collect();
    (!shown.is_empty()).then_some(shown)
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value.as_bytes()),
        _ => None,
    }
}
