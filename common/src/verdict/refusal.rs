//! What keeps a request out.

use super::{CorsHeaders, Facts, Login};
use crate::issuers::Untrusted;
use crate::policy::Rule;
use crate::problem::Code;
use crate::token::TokenError;

/// A refusal, with what the client may know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(super) code: Code,
    pub(super) scope: Option<String>,
    pub(super) cause: Option<TokenError>,
    pub(super) cors: Option<Box<CorsHeaders>>,
    pub(super) ended: bool,
    pub(super) twins: bool,
    pub(super) login: Option<Box<Login>>,
}

impl Refusal {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// Whether its code is all that the client is told: of two such refusals by one code, the one may
    /// stand for the other.
    #[must_use]
    pub const fn is_bare(&self) -> bool {
        self.scope.is_none()
            && self.cors.is_none()
            && !self.ended
            && !self.twins
            && self.login.is_none()
    }

    /// The scope that was missing.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// What exactly was wrong with the token: for the log, never for the client.
    #[must_use]
    pub const fn cause(&self) -> Option<TokenError> {
        self.cause
    }

    /// What the response bears so that scripts of other sites can read it.
    #[must_use]
    pub fn cors(&self) -> Option<&CorsHeaders> {
        self.cors.as_deref()
    }

    /// Whether the session is over: the client is told, and its cookies of ours are cleared.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether a cookie of ours came twice. Which one is planted cannot be told, so both are cleared: a
    /// browser that kept them would be shut out for good, of signing in too.
    #[must_use]
    pub const fn has_twins(&self) -> bool {
        self.twins
    }

    /// Where a browser is sent in place of this refusal.
    #[must_use]
    pub fn login(&self) -> Option<&Login> {
        self.login.as_deref()
    }

    pub(super) fn under(self, rule: &Rule, facts: &Facts<'_>) -> Self {
        let cors = CorsHeaders::of(rule, facts.provenance.origin).map(Box::new);
        Self { cors, ..self }
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self { code, scope: None, cause: None, cors: None, ended: false, twins: false, login: None }
    }
}

impl From<Untrusted> for Refusal {
    fn from(untrusted: Untrusted) -> Self {
        match untrusted {
            Untrusted::Token(error) => error.into(),
            Untrusted::KeysUnknown => Code::KeysUnknown.into(),
        }
    }
}

impl From<TokenError> for Refusal {
    /// One wording for every fault but expiry: who forges should not learn how far he came.
    fn from(error: TokenError) -> Self {
        let code = match error {
            TokenError::Expired => Code::TokenExpired,
            TokenError::TooLong
            | TokenError::Form
            | TokenError::Header
            | TokenError::Type
            | TokenError::Algorithm
            | TokenError::Key
            | TokenError::Claims
            | TokenError::Issuer
            | TokenError::Audience
            | TokenError::Times
            | TokenError::Signature => Code::TokenInvalid,
        };
        Self { cause: Some(error), ..code.into() }
    }
}
