//! The keys that access tokens are signed with, one after the other. Each signs from its turn until
//! the next one's; it is verified with until the last token it signed is dead, unless it is revoked.
//! Knows no clock and no files.

use std::fmt;
use std::time::{Duration, SystemTime};

use common::keys::{Jwk, KeySet};
use common::{KeyId, Secret, UnixSeconds};
use serde::{Deserialize, Serialize};

use super::key_pair::{KeyPair, PrivateJwk};
use crate::port::TOKEN_DEAD_AFTER;

/// For so long a key is announced that is to sign at once: every origin has read of it by then, and
/// edges with traffic, which look every five seconds, know it from a head.
const HEADS_UP: Duration = Duration::from_secs(10);

/// The keys, in the order of their turns. There is one at least, and the last is not revoked: there
/// is always one to sign with.
pub(super) struct SigningKeys(Vec<SigningKey>);

/// One of them.
struct SigningKey {
    pair: KeyPair,
    jwk: PrivateJwk,
    signs_from: UnixSeconds,
    revoked_at: Option<UnixSeconds>,
}

/// The file they are kept in.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File<T> {
    keys: Vec<T>,
}

/// One key in it. Times are unix seconds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    signs_from: UnixSeconds,
    #[serde(default)]
    revoked_at: Option<UnixSeconds>,
    jwk: PrivateJwk,
}

#[derive(Serialize)]
struct Written<'a> {
    signs_from: UnixSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<UnixSeconds>,
    jwk: &'a PrivateJwk,
}

/// What a signing key does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyState {
    /// Edges know it already; it signs from this time on.
    Announced(UnixSeconds),
    /// It signs; until the next one's turn, if there is a next one.
    Signing(Option<UnixSeconds>),
    /// It signs no more; its tokens are good until this time.
    Retiring(UnixSeconds),
    /// Its tokens are refused, and would be dead by now anyway.
    Retired,
    /// Its tokens are refused since this time.
    Revoked(UnixSeconds),
}

/// When a new key is to sign.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rotate {
    /// After this span, in which edges get to know it.
    After(Duration),
    /// As soon as the origins know it.
    Now,
}

/// Why the keys stay as they are. Each says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyRefusal {
    /// One change at a time.
    #[error(
        "a new key is announced already and signs from {0} on; add --now to have it sign at once"
    )]
    Announced(Utc),
    /// No such key.
    #[error("there is no signing key of this kid; `origin keys` lists them")]
    Unknown,
    /// No new key could be made.
    #[error("no key can be made: {0}")]
    NotMade(&'static str),
}

impl SigningKeys {
    /// One new key, whose turn it is whatever the clock says.
    pub(super) fn make() -> Result<Self, &'static str> {
        SigningKey::new(PrivateJwk::make()?, UnixSeconds::new(0)).map(|key| Self(vec![key]))
    }

    /// Reads their file. It is used as a whole or not at all.
    pub(super) fn parse(text: &Secret<String>) -> Result<Self, &'static str> {
        let file: File<Read> = serde_json::from_str(text.expose())
            .map_err(|_| "not a list of private keys and their times")?;
        let mut keys: Vec<SigningKey> = Vec::with_capacity(file.keys.len());
        for Read { signs_from, revoked_at, jwk } in file.keys {
            let key = SigningKey { revoked_at, ..SigningKey::new(jwk, signs_from)? };
            if keys.iter().any(|other| other.pair.id == key.pair.id) {
                return Err("one key is there twice");
            }
            if keys.last().is_some_and(|before| before.signs_from > signs_from) {
                return Err("its keys are not in the order of their turns");
            }
            keys.push(key);
        }
        match keys.last() {
            None => Err("it holds no key"),
            Some(last) if last.revoked_at.is_some() => Err("no key is left to sign with"),
            Some(_) => Ok(Self(keys)),
        }
    }

    /// Their file.
    pub(super) fn text(&self) -> Result<Secret<String>, &'static str> {
        let keys = self.0.iter().map(|key| Written {
            signs_from: key.signs_from,
            revoked_at: key.revoked_at,
            jwk: &key.jwk,
        });
        let file = File { keys: keys.collect() };
        serde_json::to_string(&file).map(Secret::new).map_err(|_| "they do not serialise")
    }

    /// The key to sign with: that whose turn it is or, when that one is revoked, the next.
    pub(super) fn at(&self, now: UnixSeconds) -> Option<&KeyPair> {
        self.position(now).and_then(|at| self.0.get(at)).map(|key| &key.pair)
    }

    fn position(&self, now: UnixSeconds) -> Option<usize> {
        let turn = self.0.iter().rposition(|key| key.signs_from <= now).unwrap_or(0);
        // Never the one before, however good it may be: edges will forget it soon.
        (turn..self.0.len()).find(|at| self.0.get(*at).is_some_and(|key| key.revoked_at.is_none()))
    }

    /// When the last token of the key at this place is dead; `None` while no other is to follow.
    fn retires_at(&self, at: usize) -> Option<UnixSeconds> {
        self.0.get(at + 1).map(|next| next.signs_from.plus(TOKEN_DEAD_AFTER))
    }

    fn is_dead(&self, at: usize, now: UnixSeconds) -> bool {
        self.retires_at(at).is_some_and(|end| end <= now)
    }

    /// What each key does at `now`.
    pub(super) fn states(&self, now: UnixSeconds) -> impl Iterator<Item = (&KeyPair, KeyState)> {
        let signs = self.position(now);
        self.0.iter().enumerate().map(move |(at, key)| {
            let state = match (key.revoked_at, self.retires_at(at)) {
                (Some(revoked_at), _) => KeyState::Revoked(revoked_at),
                (None, _) if Some(at) == signs => {
                    KeyState::Signing(self.0.get(at + 1).map(|next| next.signs_from))
                }
                (None, _) if Some(at) > signs => KeyState::Announced(key.signs_from),
                (None, Some(end)) if end > now => KeyState::Retiring(end),
                (None, _) => KeyState::Retired,
            };
            (&key.pair, state)
        })
    }

    /// What is published at `now`: all that is neither revoked nor retired. A key that is only
    /// announced has no not-before, since an edge whose clock is behind would refuse its tokens.
    pub(super) fn jwks(&self, now: UnixSeconds) -> Vec<Jwk> {
        let live = self
            .0
            .iter()
            .enumerate()
            .filter(|(at, key)| key.revoked_at.is_none() && !self.is_dead(*at, now));
        live.map(|(at, key)| {
            let mut jwk = key.pair.jwk();
            jwk.exp = self.retires_at(at);
            jwk
        })
        .collect()
    }

    /// What is verified with: each key until its own end.
    pub(super) fn verifying(&self) -> Result<KeySet, &'static str> {
        KeySet::from_jwks(&self.jwks(UnixSeconds::new(0))).map_err(|_| "they cannot be published")
    }

    /// Announces a new key, or brings forward the one that is announced; its name, and when it
    /// signs.
    pub(super) fn rotate(
        &mut self,
        how: Rotate,
        now: UnixSeconds,
    ) -> Result<(KeyId, UnixSeconds), KeyRefusal> {
        let next = self.position(now).map_or(0, |signs| signs + 1);
        match (how, self.0.get(next)) {
            (Rotate::After(_), Some(key)) => Err(KeyRefusal::Announced(Utc(key.signs_from))),
            (Rotate::After(span), None) => self.next(next, now.plus(span)),
            (Rotate::Now, _) => self.next(next, now.plus(HEADS_UP)),
        }
    }

    /// Revokes a key. When it was to sign now, the next one does at once, which is made if there is
    /// none. One that is only announced has signed nothing and goes without a trace.
    pub(super) fn revoke(&mut self, kid: &str, now: UnixSeconds) -> Result<KeyState, KeyRefusal> {
        let signs = self.position(now);
        let found = self.0.iter().position(|key| key.pair.id.as_str() == kid);
        let at = found.ok_or(KeyRefusal::Unknown)?;
        let before = self.states(now).nth(at).map(|(_, state)| state);
        let before = before.ok_or(KeyRefusal::Unknown)?;
        match before {
            KeyState::Revoked(_) => {}
            KeyState::Announced(_) => {
                self.0.remove(at);
            }
            KeyState::Signing(_) | KeyState::Retiring(_) | KeyState::Retired => {
                if Some(at) == signs {
                    self.next(at + 1, now)?;
                }
                if let Some(key) = self.0.get_mut(at) {
                    key.revoked_at = Some(now);
                }
            }
        }
        Ok(before)
    }

    /// The key at this place, made if it is not there, signs from this time on at the latest.
    fn next(&mut self, at: usize, latest: UnixSeconds) -> Result<(KeyId, UnixSeconds), KeyRefusal> {
        // The clock of another machine, which wrote the key before it, may be ahead of ours.
        let before = at.checked_sub(1).and_then(|before| self.0.get(before));
        let latest = before.map_or(latest, |before| before.signs_from.max(latest));
        if let Some(key) = self.0.get_mut(at) {
            key.signs_from = key.signs_from.min(latest);
            return Ok((key.pair.id.clone(), key.signs_from));
        }
        let key = PrivateJwk::make().and_then(|jwk| SigningKey::new(jwk, latest));
        let key = key.map_err(KeyRefusal::NotMade)?;
        let id = key.pair.id.clone();
        self.0.push(key);
        Ok((id, latest))
    }

    /// Lets go of keys of which no token can live.
    pub(super) fn forget_dead(&mut self, now: UnixSeconds) {
        let dead = (0..self.0.len()).take_while(|at| self.is_dead(*at, now)).count();
        self.0.drain(..dead);
    }
}

impl SigningKey {
    fn new(jwk: PrivateJwk, signs_from: UnixSeconds) -> Result<Self, &'static str> {
        Ok(Self { pair: jwk.pair()?, jwk, signs_from, revoked_at: None })
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Announced(from) => write!(f, "announced: signs from {} on", Utc(from)),
            Self::Signing(None) => f.write_str("signing"),
            Self::Signing(Some(until)) => write!(f, "signing: until {}", Utc(until)),
            Self::Retiring(end) => write!(f, "retiring: its tokens are good until {}", Utc(end)),
            Self::Retired => f.write_str("retired"),
            Self::Revoked(at) => write!(f, "revoked: its tokens are refused since {}", Utc(at)),
        }
    }
}

/// A time as people write it, by RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Utc(pub(crate) UnixSeconds);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.0.get()));
        match time {
            // Beyond the year 9999 there is no such way to write it.
            Some(time) if self.0.get() < 253_402_300_800 => {
                humantime::format_rfc3339_seconds(time).fmt(f)
            }
            _ => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
