//! Other OIDC issuers whose access tokens the gate accepts besides our own.
//!
//! Who vouches for a token is chosen by its `iss`, read before it is verified: that entry alone says
//! which type, audience, algorithms and keys are good for it, so no key of one issuer is ever tried
//! on another's token (RFC 8725 §3.8).

mod claims;
mod config;
mod keyring;
mod names;
mod trust;

use core::time::Duration;

pub use config::{InvalidIssuer, InvalidIssuers, MAX_LIFE_OF_OTHERS};
pub use keyring::{Jwks, Keyring, Ring};
pub use names::{IdKind, Person, revocation_id};
pub use trust::{Reading, Trust, Untrusted};

use crate::token::Algorithm;

/// Another issuer, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    name: String,
    audience: Vec<String>,
    algorithms: Vec<Algorithm>,
    jwks_url: String,
    typ: String,
    max_life: Duration,
    roles: Option<Roles>,
    scope_claim: Vec<String>,
    email_verified_claim: Vec<String>,
}

/// Which roles an issuer may give.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Roles {
    claim: Vec<String>,
    /// Its words for our roles; none: its words are ours.
    words: Option<Vec<(String, String)>>,
}

impl Issuer {
    /// Its `iss`, to the letter.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its tokens may be for.
    #[must_use]
    pub fn audience(&self) -> &[String] {
        &self.audience
    }

    /// The type of its access tokens.
    #[must_use]
    pub fn typ(&self) -> &str {
        &self.typ
    }

    /// The longest life that they may have.
    #[must_use]
    pub const fn max_life(&self) -> Duration {
        self.max_life
    }

    /// Where its keys are.
    #[must_use]
    pub fn jwks_url(&self) -> &str {
        &self.jwks_url
    }

    /// The algorithms that it signs with.
    #[must_use]
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }
}

/// Names one of the other issuers of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IssuerIndex(usize);

/// The other issuers, each of them once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issuers(Vec<Issuer>);

impl Issuers {
    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The issuer of this index.
    #[must_use]
    pub fn get(&self, index: IssuerIndex) -> Option<&Issuer> {
        self.0.get(index.0)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (IssuerIndex, &Issuer)> {
        self.0.iter().enumerate().map(|(index, issuer)| (IssuerIndex(index), issuer))
    }

    fn named(&self, name: &str) -> Option<(IssuerIndex, &Issuer)> {
        self.iter().find(|(_, issuer)| issuer.name == name)
    }
}

#[cfg(test)]
mod tests;
