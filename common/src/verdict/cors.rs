//! What other sites' scripts are told (Fetch §3.3): the answer to a preflight, and what every
//! other response under a rule with `cors` bears, refusals too, so that scripts can read them.

use std::sync::Arc;

use super::{Facts, Refusal};
use crate::policy::{Cors, Rule};
use crate::problem::Code;

/// What a response to a script of another site bears. Whatever the app says under
/// `access-control-…` is dropped for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsHeaders {
    table: Arc<Cors>,
    /// The request's, if it is allowed.
    origin: Option<Box<str>>,
}

impl CorsHeaders {
    pub(super) fn of(rule: &Rule, origin: Option<&str>) -> Option<Self> {
        let table = Arc::clone(rule.cors.as_ref()?);
        let origin = origin.filter(|origin| table.allows_origin(origin)).map(Box::from);
        Some(Self { table, origin })
    }

    /// The headers to set; `vary` is to be appended to what is there.
    pub fn lines(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let allowed = self.origin.is_some();
        let with_credentials = allowed && self.table.credentials;
        [
            self.allowed_origin().map(|origin| (ALLOW_ORIGIN, origin)),
            with_credentials.then_some(ALLOW_CREDENTIALS),
            self.table.expose.as_deref().filter(|_| allowed).map(|names| (EXPOSE, names)),
            // One and the same answer for everybody needs no note that there are several.
            (!self.table.is_for_all()).then_some(("vary", "Origin")),
        ]
        .into_iter()
        .flatten()
    }

    fn allowed_origin(&self) -> Option<&str> {
        if self.table.is_for_all() { Some("*") } else { self.origin.as_deref() }
    }
}

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const ALLOW_CREDENTIALS: (&str, &str) = ("access-control-allow-credentials", "true");
const EXPOSE: &str = "access-control-expose-headers";
const VARY: &str = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

/// The answer to a preflight: 204 with these headers, nothing asked of the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preflight(CorsHeaders);

impl Preflight {
    /// The headers to set.
    pub fn lines(&self) -> impl Iterator<Item = (&'static str, String)> {
        let Self(allowed) = self;
        let table = &allowed.table;
        let headers = table.headers();
        [
            allowed.allowed_origin().map(|origin| (ALLOW_ORIGIN, origin.into())),
            table.credentials.then(|| (ALLOW_CREDENTIALS.0, ALLOW_CREDENTIALS.1.into())),
            Some(("access-control-allow-methods", table.methods())),
            (!headers.is_empty()).then_some(("access-control-allow-headers", headers)),
            Some(("access-control-max-age", table.max_age.to_string())),
            Some(("vary", VARY.into())),
        ]
        .into_iter()
        .flatten()
    }
}

/// Answers a preflight. No credentials are looked at: browsers send none (Fetch §4.8).
pub(super) fn preflight(facts: &Facts<'_>, rule: &Rule) -> Result<Preflight, Refusal> {
    let allowed = CorsHeaders::of(rule, facts.provenance.origin)
        .filter(|headers| headers.origin.is_some())
        .filter(|headers| facts.preflight_for().is_some_and(|m| headers.table.allows_method(m)))
        .filter(|headers| {
            facts.preflight_headers.is_none_or(|names| headers.table.allows_headers(names))
        });
    allowed.map(Preflight).ok_or_else(|| Code::CorsRefused.into())
}

/// Whether scripts of the request's origin may act with the user's cookies under this rule.
pub(super) fn trusts(rule: &Rule, origin: Option<&str>) -> bool {
    let table = rule.cors.as_ref().filter(|table| table.credentials);
    table.zip(origin).is_some_and(|(table, origin)| table.allows_origin(origin))
}
