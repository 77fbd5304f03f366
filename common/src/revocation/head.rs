//! The signed head: the one document that tells an edge everything. KV, caches and the network are
//! mailboxes that nobody needs to trust, since the anchor's signature is on it.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Blocklist, Epoch, InvalidTail};
use crate::keys::{Jwk, Key, KeySet, UnusableKeySet};
use crate::token::access::LEEWAY;
use crate::token::{Algorithm, Header, Jws, SignatureCheck, TokenError, Typ, Verified};
use crate::{KeyId, UnixSeconds, json};

/// The largest head that is read, in bytes: room for 100,000 revoked ids, of which each takes 36.
pub const MAX_HEAD: usize = 4 * 1024 * 1024;

/// The claims of a head, as signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadClaims {
    /// The issuer it speaks for.
    pub iss: String,
    /// The change it includes as its last.
    pub epoch: Epoch,
    /// When it was made; its age is the edge's blindness.
    pub issued_at: UnixSeconds,
    /// The issuer's public keys.
    pub keys: Vec<Jwk>,
    /// Sessions begun before this are dead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions_before: Option<UnixSeconds>,
    /// Revoked ids, see [`Blocklist::encode`].
    pub tail: String,
    /// Where the older ones are. Empty until the tail overflows into segments.
    pub segments: Vec<SegmentName>,
}

/// Names a segment. Nothing is known about segments yet that an edge could act on, so a head that
/// names one is refused as a whole: better blind than wrong.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SegmentName(pub String);

impl HeadClaims {
    /// The header that goes with them, for an anchor of this name.
    #[must_use]
    pub fn header(anchor: KeyId) -> Header {
        Header {
            alg: Algorithm::EdDsa.as_str().into(),
            typ: Some(Typ::Head.as_str().into()),
            kid: Some(anchor),
        }
    }
}

/// Why a document is no head for this edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Its form, or its signature.
    #[error("not a head signed by our anchor: {0}")]
    Token(#[from] TokenError),
    /// Its keys.
    #[error("its keys cannot be used: {0}")]
    Keys(#[from] UnusableKeySet),
    /// Its tail.
    #[error("{0}")]
    Tail(#[from] InvalidTail),
    /// It names segments.
    #[error("it names segments, which this version cannot read")]
    Segments,
    /// It claims to be made in the future, which would hide its age.
    #[error("it is from the future: is a clock wrong?")]
    Future,
}

/// A head whose signature nobody has checked.
#[derive(Debug)]
pub struct UnverifiedHead<'a, 'k> {
    /// The question to be answered.
    pub check: SignatureCheck<'a, 'k>,
    payload: Vec<u8>,
}

impl<'a, 'k> UnverifiedHead<'a, 'k> {
    /// Reads a document's form.
    ///
    /// # Errors
    /// `Token` when it is no head, whoever signed it.
    pub fn parse(text: &'a str, anchor: &'k Key) -> Result<Self, HeadError> {
        let jws = Jws::parse(text, MAX_HEAD)?;
        jws.header.expect(Typ::Head)?;
        let payload = jws.unverified_payload().to_vec();
        Ok(Self { check: jws.check(anchor)?, payload })
    }

    /// Takes the verifier's answer, then reads the content.
    ///
    /// # Errors
    /// When the answer is no, or the content is not for this issuer or cannot be used.
    pub fn answered(
        self,
        signature_is_good: bool,
        issuer: &str,
        now: UnixSeconds,
    ) -> Result<Head, HeadError> {
        if !signature_is_good {
            return Err(TokenError::Signature.into());
        }
        let claims = json::object(&self.payload).ok_or(TokenError::Claims)?;
        let claims: HeadClaims =
            serde_json::from_value(claims.into()).map_err(|_| TokenError::Claims)?;
        if claims.iss != issuer {
            return Err(TokenError::Issuer.into());
        }
        if claims.issued_at > now.plus(LEEWAY) {
            return Err(HeadError::Future);
        }
        if !claims.segments.is_empty() {
            return Err(HeadError::Segments);
        }
        Ok(Head {
            epoch: claims.epoch,
            issued_at: claims.issued_at,
            keys: KeySet::from_jwks(&claims.keys)?,
            sessions_before: claims.sessions_before,
            blocklist: Blocklist::decode(&claims.tail)?,
        })
    }
}

/// A head signed by the anchor: all that this edge knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    epoch: Epoch,
    issued_at: UnixSeconds,
    keys: KeySet,
    sessions_before: Option<UnixSeconds>,
    blocklist: Blocklist,
}

impl Head {
    /// The last change it includes.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The issuer's keys.
    #[must_use]
    pub const fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// What is revoked.
    #[must_use]
    pub const fn blocklist(&self) -> &Blocklist {
        &self.blocklist
    }

    /// How long ago it was made.
    #[must_use]
    pub const fn age(&self, now: UnixSeconds) -> Duration {
        now.since(self.issued_at)
    }

    /// Whether this head should take the place of `other`: a lower epoch never does, an equal one
    /// only when it was made later (a heartbeat).
    #[must_use]
    pub fn supersedes(&self, other: &Self) -> bool {
        (self.epoch, self.issued_at) > (other.epoch, other.issued_at)
    }

    /// Whether a verified token is revoked.
    #[must_use]
    pub fn revokes(&self, token: &Verified) -> bool {
        let cut_off = self.sessions_before.is_some_and(|cutoff| {
            // A session whose id does not tell its beginning is judged by its token's.
            token.sid.began_at().unwrap_or_else(|| token.issued_at()) < cutoff
        });
        cut_off || self.blocklist.holds(token.sid, token.jti)
    }
}
