//! The other issuers' keys in hand, and when to look for newer ones.

use core::time::Duration;

use super::IssuerIndex;
use crate::UnixSeconds;
use crate::keys::KeySet;
use crate::token::access::LEEWAY;

/// From this age on a set is loaded again in the background. What the issuer says of caching is not
/// asked: a withdrawn key must go within our time, not within its.
const REFRESH: Duration = Duration::from_mins(5);
/// An issuer that nobody looked at for so long is looked at before its tokens pass: without traffic
/// nothing is refreshed in the background.
const IDLE: Duration = Duration::from_mins(10);
/// How long a set is good while its issuer cannot be reached.
const USABLE: Duration = Duration::from_hours(24);
/// How soon to look for a key that the set does not name: whoever makes key ids up gets no more.
const COOL_DOWN: Duration = Duration::from_secs(10);
/// How soon to look again when there are no keys at all.
const RETRY: Duration = Duration::from_secs(2);
/// A look that takes longer was cut off with the request that took it.
const LOST: Duration = Duration::from_secs(5);

/// One issuer's keys as it published them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwks {
    /// The keys.
    pub keys: KeySet,
    /// When the issuer said so.
    pub fetched_at: UnixSeconds,
}

/// What is in hand of one issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ring {
    jwks: Option<Jwks>,
    /// When the last look was begun.
    looked_at: Option<UnixSeconds>,
    looking: bool,
}

static EMPTY: Ring = Ring { jwks: None, looked_at: None, looking: false };

impl Ring {
    /// The keys, unless they are too old to go by.
    #[must_use]
    pub fn keys(&self, now: UnixSeconds) -> Option<&KeySet> {
        self.jwks.as_ref().filter(|jwks| now.since(jwks.fetched_at) <= USABLE).map(|j| &j.keys)
    }

    /// Whether a look is under way, which others may wait for.
    #[must_use]
    pub fn is_looking(&self, now: UnixSeconds) -> bool {
        self.looking && !self.is_past(LOST, now)
    }

    /// Whether it is time to look in the background.
    #[must_use]
    pub fn is_due(&self, now: UnixSeconds) -> bool {
        let old = self.jwks.as_ref().is_some_and(|jwks| now.since(jwks.fetched_at) >= REFRESH);
        old && !self.is_looking(now) && self.is_past(COOL_DOWN, now)
    }

    /// Whether to look before anything is decided by what is in hand.
    pub(super) fn looks_first(&self, now: UnixSeconds) -> bool {
        match self.keys(now) {
            None => self.is_looking(now) || self.is_past(RETRY, now),
            Some(_) => self.is_past(IDLE, now),
        }
    }

    /// Whether to look for a key that is not in hand. A new key comes with many requests at once:
    /// all of them may wait for a look under way.
    pub(super) fn may_search(&self, now: UnixSeconds) -> bool {
        self.is_looking(now) || self.is_past(COOL_DOWN, now)
    }

    fn is_past(&self, span: Duration, now: UnixSeconds) -> bool {
        // A look in the future is one before the clock was set back.
        self.looked_at.is_none_or(|then| now.since(then) >= span || then > now.plus(LEEWAY))
    }
}

/// What is in hand of all issuers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyring(Vec<Ring>);

impl Keyring {
    /// What is in hand of this issuer.
    #[must_use]
    pub fn ring(&self, index: IssuerIndex) -> &Ring {
        self.0.get(index.0).unwrap_or(&EMPTY)
    }

    /// A look for this issuer's keys begins.
    pub fn begin(&mut self, index: IssuerIndex, now: UnixSeconds) {
        self.change(index, |ring| {
            ring.looked_at = Some(now);
            ring.looking = true;
        });
    }

    /// It ended, with new keys or without.
    pub fn end(&mut self, index: IssuerIndex, found: Option<Jwks>) {
        self.change(index, |ring| {
            ring.looking = false;
            let newer = |found: &Jwks| {
                ring.jwks.as_ref().is_none_or(|old| found.fetched_at >= old.fetched_at)
            };
            if let Some(found) = found.filter(newer) {
                ring.jwks = Some(found);
            }
        });
    }

    fn change(&mut self, index: IssuerIndex, change: impl FnOnce(&mut Ring)) {
        if self.0.len() <= index.0 {
            self.0.resize(index.0 + 1, Ring::default());
        }
        if let Some(ring) = self.0.get_mut(index.0) {
            change(ring);
        }
    }
}
