//! Whose token is this? Reads what callers present; the strict rules are `common`'s.

use std::sync::Arc;
use std::time::Duration;

use common::issuers::Person;
use common::token::access::{LEEWAY, MAX_LIFE, Unsigned};
use common::token::refresh::{Presented, Unauthenticated};
use common::token::{AccessRules, TokenError};
use common::{SessionId, Subject, TokenId, UnixSeconds};

use super::Fault;
use crate::config::Tokens;
use crate::port::{BlockLog, Clock, Signer};

/// Longer than any token of ours is kept by anybody.
const AGES: Duration = Duration::from_hours(100 * 365 * 24);

/// Verifies our own tokens.
pub(crate) struct Credentials {
    signer: Arc<dyn Signer>,
    clock: Arc<dyn Clock>,
    log: Arc<dyn BlockLog>,
    live: AccessRules,
    /// For signing out and for telling a session: an expired token still names it.
    expired_too: AccessRules,
}

/// A caller with a live access token whose session is not revoked.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) subject: Subject,
    pub(crate) sid: SessionId,
    pub(crate) jti: TokenId,
    pub(crate) issued_at: UnixSeconds,
    pub(crate) expires_at: UnixSeconds,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    /// The token itself.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// It was revoked, or its session.
    #[error("revoked")]
    Revoked,
    /// We could not find out.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Credentials {
    pub(crate) fn new(
        tokens: &Tokens,
        signer: Arc<dyn Signer>,
        clock: Arc<dyn Clock>,
        log: Arc<dyn BlockLog>,
    ) -> Self {
        let live = AccessRules {
            issuer: tokens.issuer.clone(),
            audience: tokens.audience.clone(),
            // Not today's `access_ttl`: what was minted before it was lowered is still ours.
            max_life: MAX_LIFE,
            leeway: LEEWAY,
        };
        let expired_too = AccessRules { leeway: AGES, ..live.clone() };
        Self { signer, clock, log, live, expired_too }
    }

    /// Who bears this access token. Asks the block log itself: here the answer is exact.
    pub(crate) async fn signed_in(&self, token: &str) -> Result<SignedIn, AccessError> {
        let caller = self.verify(token, &self.live)?;
        let ids = [caller.sid.uuid(), caller.jti.uuid()];
        let blocked = self.log.blocked(&ids).await.map_err(Fault::from)?;
        if blocked.is_empty() { Ok(caller) } else { Err(AccessError::Revoked) }
    }

    /// An access token that is good in itself, revoked or not.
    pub(crate) fn access(&self, token: &str) -> Result<SignedIn, TokenError> {
        self.verify(token, &self.live)
    }

    /// Whose an access token is and of which session, expired or not, revoked or not.
    pub(crate) fn session_of_access(&self, token: &str) -> Result<SignedIn, TokenError> {
        self.verify(token, &self.expired_too)
    }

    /// The refresh token, whatever its session has come to.
    pub(crate) fn refresh(&self, token: &str) -> Result<Presented, TokenError> {
        let read = Unauthenticated::parse(token, &self.live.issuer)?;
        let good = self.signer.mac_is_good(&read.mac);
        read.answered(good)
    }

    fn verify(&self, token: &str, rules: &AccessRules) -> Result<SignedIn, TokenError> {
        let keys = self.signer.keys();
        let read = Unsigned::parse(token, &keys, rules, self.clock.now())?;
        let good = self.signer.signature_is_good(&read.check);
        let verified = read.answered(good)?;
        let (issued_at, expires_at) = (verified.issued_at(), verified.expires_at());
        match (verified.subject, verified.ids.sid, verified.ids.jti) {
            (Person::Own(subject), Some(sid), Some(jti)) => {
                Ok(SignedIn { subject, sid, jti, issued_at, expires_at })
            }
            // Other issuers' tokens are the edge's business.
            _ => Err(TokenError::Issuer),
        }
    }
}
