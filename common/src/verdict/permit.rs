//! What lets a request through.

use std::sync::Arc;

use super::{CorsHeaders, Facts, Refusal};
use crate::identity;
use crate::policy::{Cache, Hand, Rule};
use crate::problem::Code;
use crate::token::{Seen, Verified};

/// Proof that a request may go to the app. Only [`decide`](super::decide) makes one.
#[derive(Debug)]
pub struct Permit<'a> {
    identity: Arc<[(&'static str, String)]>,
    bearer: Option<&'a str>,
    token: Option<Box<Verified>>,
    lasts: bool,
    hand: Hand,
    cache: Cache,
    upstream: Option<Arc<str>>,
    cors: Option<CorsHeaders>,
}

impl<'a> Permit<'a> {
    pub(super) fn new(rule: &Rule, facts: &Facts<'_>) -> Self {
        Self {
            identity: Arc::default(),
            bearer: None,
            token: None,
            lasts: facts.upgrade.is_some(),
            hand: rule.hand,
            cache: rule.cache,
            upstream: rule.upstream.clone(),
            cors: CorsHeaders::of(rule, facts.provenance.origin),
        }
    }

    pub(super) fn naming(self, token: &Verified, seen: Option<&Seen>, text: &'a str) -> Self {
        let bearer = match self.hand {
            Hand::Headers | Hand::Assertion => None,
            Hand::Token => Some(text),
        };
        let needs_all = self.lasts || self.hand == Hand::Assertion;
        let kept = needs_all.then(|| Box::new(token.clone()));
        let identity = match seen {
            Some(seen) => Arc::clone(&seen.identity),
            None => identity::headers(token).into(),
        };
        Self { identity, bearer, token: kept, ..self }
    }

    /// Whether the app's answer may be kept on the way.
    #[must_use]
    pub const fn cache(&self) -> Cache {
        self.cache
    }

    /// Which of `UPSTREAMS` the request goes to; the app when none is named.
    #[must_use]
    pub fn upstream(&self) -> Option<&str> {
        self.upstream.as_deref()
    }

    /// What the response bears for scripts of other sites, in place of what the app says under
    /// `access-control-…`. Where none, the app's own words stand on a public path, and count for nothing
    /// on others.
    #[must_use]
    pub const fn cors(&self) -> Option<&CorsHeaders> {
        self.cors.as_ref()
    }

    /// What to answer when the request cannot be brought to the app after all.
    #[must_use]
    pub fn refuse(self, code: Code) -> Refusal {
        Refusal { cors: self.cors.map(Box::new), ..code.into() }
    }

    /// The headers that tell the app who asks; none on a public path.
    #[must_use]
    pub fn identity(&self) -> &[(&'static str, String)] {
        &self.identity
    }

    /// Whether nobody is named: the path is public.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.identity.is_empty()
    }

    /// The access token, where the rule hands it on.
    #[must_use]
    pub const fn bearer(&self) -> Option<&str> {
        self.bearer
    }

    /// The token of a handshake: what comes of it lasts no longer than [`still_admitted`](super::still_admitted) says.
    #[must_use]
    pub fn lasting(&self) -> Option<&Verified> {
        self.token.as_deref().filter(|_| self.lasts)
    }

    /// The token, where the app is told of it by an assertion.
    #[must_use]
    pub fn asserted(&self) -> Option<&Verified> {
        self.token.as_deref().filter(|_| self.hand == Hand::Assertion)
    }
}

/// Proof that a request may go to the origin. Only [`decide`](super::decide) makes one.
#[derive(Debug)]
pub struct OriginPermit(pub(super) ());
