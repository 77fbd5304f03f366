//! The credentials that a request carries, and whether it may use the ambient ones among them.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE, HeaderName, ORIGIN};
use axum::http::request::Parts;
use common::Secret;
use common::cookie;
use common::problem::Code;
use common::same_origin::{Provenance, changes_state};
use common::token::refresh::Presented;
use common::verdict;

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

    /// The session that new cookies take the place of in this browser.
    pub(in super::super) fn leaves(&self, services: &Services) -> Option<Presented> {
        let cookie = self.refresh_cookie.as_ref()?;
        services.credentials.refresh(cookie.expose()).ok()
    }
}

impl FromRequestParts<Arc<Services>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        services: &Arc<Services>,
    ) -> Result<Self, Refusal> {
        let authorization = joined(parts, &AUTHORIZATION, ", ");
        let bearer = verdict::bearer(authorization.as_deref())
            .map_err(|refusal| Refusal::new(refusal.code()))?;
        let header = joined(parts, &COOKIE, "; ").unwrap_or_default();
        let ours = cookie::ours(&header).map_err(|_| Refusal::new(Code::CredentialsAmbiguous))?;
        let carries_cookies = ours.access.is_some() || ours.refresh.is_some();
        let ambient_only = bearer.is_none() && carries_cookies;
        if ambient_only && changes_state(parts.method.as_str()) {
            vouched(&parts.headers, services)?;
        }
        let secret = |text: Option<&str>| text.map(|text| Secret::new(String::from(text)));
        Ok(Self {
            bearer: secret(bearer),
            access_cookie: secret(ours.access),
            refresh_cookie: secret(ours.refresh),
        })
    }
}

/// The lines of one header as one, the way an edge gets them (RFC 9110 §5.3, RFC 9113 §8.2.3).
fn joined(parts: &Parts, name: &HeaderName, separator: &str) -> Option<String> {
    let lines = parts.headers.get_all(name).iter();
    let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    (!lines.is_empty()).then(|| lines.join(separator))
}

/// Whether a request comes from our own pages.
pub(in super::super) fn same_origin(headers: &HeaderMap, services: &Services) -> bool {
    vouched(headers, services).is_ok()
}

/// The words for a request that does not come from our own pages, with what is to be sent.
macro_rules! foreign {
    ($why:literal) => {
        concat!(
            $why,
            " Open the page here and send it again. A program sends `Origin` with the address of this \
             site, like `Origin: https://app.example`, or a bearer token where one is taken. JSON needs none of \
             this: say `Content-Type: application/json`."
        )
    };
}

/// That a request comes from our own pages; else which header it is that does not say so. Two of one
/// name vouch for nothing.
pub(super) fn vouched(headers: &HeaderMap, services: &Services) -> Result<(), Refusal> {
    let only = |name: &HeaderName| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Some(None),
            (Some(value), None) => value.to_str().ok().map(Some),
            (Some(_), Some(_)) => None,
        }
    };
    let why = match (only(&SEC_FETCH_SITE), only(&ORIGIN)) {
        (Some(sec_fetch_site), Some(origin)) => {
            if (Provenance { sec_fetch_site, origin }).is(&services.own_origin) {
                return Ok(());
            }
            match (sec_fetch_site, origin) {
                (Some(_), _) => {
                    foreign!("`Sec-Fetch-Site` says that no page of this site sent this.")
                }
                (None, Some(_)) => foreign!("`Origin` is not the address of this site."),
                (None, None) => foreign!("Neither `Sec-Fetch-Site` nor `Origin` was sent."),
            }
        }
        _ => foreign!("`Sec-Fetch-Site` or `Origin` was sent twice, or is no text."),
    };
    Err(Refusal::because(Code::CrossSite, why))
}
