//! The credentials that a request carries, and whether it may use the ambient ones among them.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE, HeaderName, ORIGIN};
use axum::http::request::Parts;
use common::Secret;
use common::cookie;
use common::problem::Code;
use common::same_origin::{Provenance, changes_state};

use super::super::Services;
use super::super::error::Refusal;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The credentials of a request. A request that changes state with nothing but our cookies to show
/// is one from our own pages, or there is no `Caller`.
pub(in super::super) struct Caller {
    /// What was sent on purpose.
    pub(in super::super) bearer: Option<Secret<String>>,
    /// What the browser added by itself.
    pub(in super::super) access_cookie: Option<Secret<String>>,
    /// The same.
    pub(in super::super) refresh_cookie: Option<Secret<String>>,
}

impl Caller {
    /// The access token that counts: what is ambient never overrides what is deliberate.
    pub(in super::super) fn access(&self) -> Option<&str> {
        self.bearer.as_ref().or(self.access_cookie.as_ref()).map(|token| token.expose().as_str())
    }
}

impl FromRequestParts<Arc<Services>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        services: &Arc<Services>,
    ) -> Result<Self, Refusal> {
        let bearer = bearer(parts)?;
        let header = joined_cookies(parts);
        let ours = cookie::ours(&header).map_err(|_| Refusal::new(Code::CredentialsAmbiguous))?;
        let carries_cookies = ours.access.is_some() || ours.refresh.is_some();
        let ambient_only = bearer.is_none() && carries_cookies;
        if ambient_only && changes_state(parts.method.as_str()) && !same_origin(parts, services) {
            return Err(Refusal::new(Code::CrossSite));
        }
        let secret = |text: Option<&str>| text.map(|text| Secret::new(String::from(text)));
        Ok(Self {
            bearer,
            access_cookie: secret(ours.access),
            refresh_cookie: secret(ours.refresh),
        })
    }
}

/// RFC 6750 §2.1. Another scheme is no credential here.
fn bearer(parts: &Parts) -> Result<Option<Secret<String>>, Refusal> {
    let mut found = None;
    for value in parts.headers.get_all(AUTHORIZATION) {
        let text = String::from_utf8_lossy(value.as_bytes());
        let (scheme, token) = text.split_once(' ').unwrap_or((&text, ""));
        // A comma is what remains of two header lines that somebody joined.
        if found.is_some() || token.contains(',') {
            return Err(Refusal::new(Code::CredentialsAmbiguous));
        }
        found =
            Some(scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(String::from(token))));
    }
    Ok(found.flatten())
}

fn joined_cookies(parts: &Parts) -> String {
    let lines = parts.headers.get_all(COOKIE).iter();
    lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect::<Vec<_>>().join("; ")
}

/// Two headers of one name vouch for nothing.
fn same_origin(parts: &Parts, services: &Services) -> bool {
    let only = |name: &HeaderName| {
        let mut values = parts.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Some(None),
            (Some(value), None) => value.to_str().ok().map(Some),
            (Some(_), Some(_)) => None,
        }
    };
    match (only(&SEC_FETCH_SITE), only(&ORIGIN)) {
        (Some(sec_fetch_site), Some(origin)) => {
            Provenance { sec_fetch_site, origin }.is(&services.own_origin)
        }
        _ => false,
    }
}
