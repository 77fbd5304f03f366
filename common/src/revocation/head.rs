//! The signed head: the one document that tells an edge everything. KV, caches and the network are
//! mailboxes that nobody needs to trust, since the anchor's signature is on it.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::sync::Arc;

use serde::Serialize;

use super::{Blocklist, Epoch, InvalidTail, Segment, SegmentName, SegmentRef};
use crate::json::{self, Json};
use crate::keys::{Jwk, Key, KeySet, UnusableKeySet};
use crate::token::access::LEEWAY;
use crate::token::{Algorithm, Header, Jws, SignatureCheck, TokenError, Typ, Verified};
use crate::{KeyId, SessionId, UnixMillis, UnixSeconds};

/// The largest head that is read, in bytes: room for 100,000 ids in the tail, of which each takes
/// 36. Far more than a tail has as a rule; so many come at once only when all is revoked that there
/// is, before the first of them could be put into segments.
pub const MAX_HEAD: usize = 4 * 1024 * 1024;

/// The claims of a head, as signed.
#[derive(Clone, Debug, Serialize)]
pub struct HeadClaims {
    /// The issuer it speaks for.
    pub iss: String,
    /// The change it includes as its last.
    pub epoch: Epoch,
    /// When it was made; its age is the edge's blindness.
    pub issued_at: UnixSeconds,
    /// The issuer's public keys.
    pub keys: Vec<Jwk>,
    /// Sessions begun before this, in milliseconds, are dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions_before: Option<UnixMillis>,
    /// Revoked ids, see [`Blocklist::encode`].
    pub tail: String,
    /// Where the older ones are.
    pub segments: Vec<SegmentRef>,
}

impl HeadClaims {
    /// Reads them; not even that anybody signed them is known of it.
    ///
    /// # Errors
    /// `Claims` for anything that is not to the letter what is written here.
    pub fn parse(payload: &[u8]) -> Result<Self, TokenError> {
        Self::read(payload).ok_or(TokenError::Claims)
    }

    fn read(payload: &[u8]) -> Option<Self> {
        let mut members = json::object(payload)?;
        let mut member = |name: &str| members.take(name);
        let Json::Text(iss) = member("iss")? else { return None };
        let Json::Text(tail) = member("tail")? else { return None };
        let Json::List(keys) = member("keys")? else { return None };
        let Json::List(segments) = member("segments")? else { return None };
        let sessions_before = match member("sessions_before") {
            None => None,
            Some(time) => Some(UnixMillis::new(time.as_u64()?)),
        };
        let read = Self {
            iss,
            epoch: Epoch::new(member("epoch")?.as_u64()?),
            issued_at: UnixSeconds::read(&member("issued_at")?)?,
            keys: keys.into_iter().map(Jwk::read).collect::<Result<_, _>>().ok()?,
            sessions_before,
            tail,
            segments: segments.into_iter().map(SegmentRef::read).collect::<Option<_>>()?,
        };
        members.is_empty().then_some(read)
    }

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
    /// A segment that it names is not there.
    #[error("its segment {0} is not there")]
    Segment(SegmentName),
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
    ) -> Result<Announced, HeadError> {
        if !signature_is_good {
            return Err(TokenError::Signature.into());
        }
        let claims = HeadClaims::parse(&self.payload)?;
        if claims.iss != issuer {
            return Err(TokenError::Issuer.into());
        }
        if claims.issued_at > now.plus(LEEWAY) {
            return Err(HeadError::Future);
        }
        Ok(Announced {
            segments: claims.segments,
            head: Head {
                serial: HeadSerial::default(),
                epoch: claims.epoch,
                issued_at: claims.issued_at,
                keys: KeySet::from_jwks(&claims.keys)?,
                sessions_before: claims.sessions_before,
                tail: Blocklist::decode(&claims.tail)?,
                segments: Vec::new(),
            },
        })
    }
}

/// A head signed by the anchor whose segments are not all at hand: nothing may be decided by it.
#[derive(Debug)]
pub struct Announced {
    segments: Vec<SegmentRef>,
    head: Head,
}

impl Announced {
    /// The last change it includes.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.head.epoch
    }

    /// See [`Head::supersedes`]: whether its segments are worth fetching.
    #[must_use]
    pub fn supersedes(&self, other: &Head) -> bool {
        self.head.supersedes(other)
    }

    /// The segments that neither `have` nor time has made superfluous.
    #[must_use]
    pub fn missing(&self, have: &[Arc<Segment>], now: UnixSeconds) -> Vec<SegmentName> {
        let at_hand = |name| have.iter().any(|segment| segment.name() == name);
        self.live(now).filter(|name| !at_hand(*name)).collect()
    }

    /// The head, complete.
    ///
    /// # Errors
    /// `Segment` when one of them is not among `have`: half a list would let revoked tokens in.
    pub fn complete(self, have: &[Arc<Segment>], now: UnixSeconds) -> Result<Head, HeadError> {
        let find = |name| {
            let found = have.iter().find(|segment| segment.name() == name);
            found.cloned().ok_or(HeadError::Segment(name))
        };
        let segments = self.live(now).map(find).collect::<Result<_, _>>()?;
        Ok(Head { segments, serial: HeadSerial::next(), ..self.head })
    }

    fn live(&self, now: UnixSeconds) -> impl Iterator<Item = SegmentName> {
        self.segments.iter().filter(move |s| s.expires_at > now).map(|s| s.name)
    }
}

/// What a head says of a verified token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not revoked as far as the head knows.
    Good,
    /// A segment may hold it; only the origin knows.
    Suspected,
    /// Revoked.
    Revoked,
}

/// A head signed by the anchor: all that this edge knows.
#[derive(Clone, Debug)]
pub struct Head {
    serial: HeadSerial,
    epoch: Epoch,
    issued_at: UnixSeconds,
    keys: KeySet,
    sessions_before: Option<UnixMillis>,
    tail: Blocklist,
    segments: Vec<Arc<Segment>>,
}

/// Tells the heads apart that this process completed: equal ones say the same of every token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeadSerial(u32);

impl HeadSerial {
    fn next() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1))
    }
}

impl Head {
    /// Which of this process's heads it is.
    #[must_use]
    pub const fn serial(&self) -> HeadSerial {
        self.serial
    }

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

    /// What is revoked for certain.
    #[must_use]
    pub const fn tail(&self) -> &Blocklist {
        &self.tail
    }

    /// The segments in hand; a later head needs most of them again.
    #[must_use]
    pub fn segments(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    /// How long ago it was made.
    #[must_use]
    pub const fn age(&self, now: UnixSeconds) -> Duration {
        now.since(self.issued_at)
    }

    /// Whether the clock has stepped back behind it: how old it is, nobody knows.
    #[must_use]
    pub fn is_from_the_future(&self, now: UnixSeconds) -> bool {
        self.issued_at > now.plus(LEEWAY)
    }

    /// Whether this head should take the place of `other`: a lower epoch never does, an equal one
    /// only when it was made later (a heartbeat).
    #[must_use]
    pub fn supersedes(&self, other: &Self) -> bool {
        (self.epoch, self.issued_at) > (other.epoch, other.issued_at)
    }

    /// What it says of a verified token.
    #[must_use]
    pub fn standing(&self, token: &Verified) -> Standing {
        if self.is_cut_off(token) || token.ids.iter().any(|id| self.tail.holds(id)) {
            return Standing::Revoked;
        }
        let suspects = |segment: &Arc<Segment>| token.ids.iter().any(|id| segment.may_hold(id));
        if self.segments.iter().any(suspects) { Standing::Suspected } else { Standing::Good }
    }

    /// Whether the token's whole session is revoked for certain.
    #[must_use]
    pub fn has_ended(&self, token: &Verified) -> bool {
        let sid = token.ids.sid.filter(|_| token.issuer.is_none());
        self.is_cut_off(token) || sid.is_some_and(|sid| self.tail.holds(sid.uuid()))
    }

    /// The cutoff is that of our own sessions: other issuers' began elsewhere.
    fn is_cut_off(&self, token: &Verified) -> bool {
        let Some(cutoff) = self.sessions_before.filter(|_| token.issuer.is_none()) else {
            return false;
        };
        // A session whose id does not tell its beginning is judged by its token's, which tells
        // no more than the second: in doubt, dead.
        let began = token.ids.sid.and_then(SessionId::began_at);
        began.unwrap_or(token.issued_at().millis()) < cutoff
    }
}
