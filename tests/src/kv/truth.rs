//! What was written: every version of every value with its time, so that a place far away can be
//! shown the past.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// One key may be written once in this long.
const WRITE_PAUSE: Duration = Duration::from_secs(1);

/// An attempt to write.
#[derive(Clone, Debug)]
pub struct Write {
    /// When it came.
    pub at: Instant,
    /// Of which key.
    pub key: String,
    /// How large the value is.
    pub bytes: usize,
    /// The epoch, when it is a head.
    pub epoch: Option<u64>,
    /// Whether the value was kept; not while the key was written a second ago.
    pub kept: bool,
}

#[derive(Clone, Debug)]
struct Version {
    at: Instant,
    value: Option<Bytes>,
    expires: Option<Instant>,
}

/// All versions of all values.
#[derive(Debug, Default)]
pub(super) struct Truth {
    versions: Mutex<BTreeMap<String, Vec<Version>>>,
    writes: Mutex<Vec<Write>>,
}

impl Truth {
    /// Writes or, without a value, deletes; says whether the key was not written too recently.
    pub(super) fn write(&self, key: &str, value: Option<Bytes>, life: Option<Duration>) -> bool {
        let at = Instant::now();
        let last = self.all().get(key).and_then(|versions| versions.last()).map(|last| last.at);
        let kept = last.is_none_or(|last| at.duration_since(last) >= WRITE_PAUSE);
        let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        writes.push(Write {
            at,
            key: key.into(),
            bytes: value.as_ref().map_or(0, Bytes::len),
            epoch: value.as_ref().and_then(|value| epoch(value)),
            kept,
        });
        if kept {
            self.set(key, value, life);
        }
        kept
    }

    /// Sets a value past the rules and the log.
    pub(super) fn set(&self, key: &str, value: Option<Bytes>, life: Option<Duration>) {
        let at = Instant::now();
        let version = Version { at, value, expires: life.map(|life| at + life) };
        self.all().entry(key.into()).or_default().push(version);
    }

    /// The value at a moment.
    pub(super) fn at(&self, key: &str, moment: Instant) -> Option<Bytes> {
        let all = self.all();
        let version = all.get(key)?.iter().rev().find(|version| version.at <= moment)?;
        let lives = version.expires.is_none_or(|expires| moment < expires);
        version.value.clone().filter(|_| lives)
    }

    /// The value at this moment.
    pub(super) fn now(&self, key: &str) -> Option<Bytes> {
        self.at(key, Instant::now())
    }

    /// The keys that have a value, in order, with this beginning and behind this one.
    pub(super) fn keys(&self, prefix: &str, behind: &str, limit: usize) -> Vec<String> {
        let named: Vec<String> = {
            let all = self.all();
            all.keys()
                .filter(|key| key.starts_with(prefix) && key.as_str() > behind)
                .cloned()
                .collect()
        };
        named.into_iter().filter(|key| self.now(key).is_some()).take(limit).collect()
    }

    pub(super) fn writes(&self) -> Vec<Write> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Version>>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The epoch that a head tells; nobody has looked at its signature.
#[must_use]
pub fn epoch(value: &[u8]) -> Option<u64> {
    let payload = str::from_utf8(value).ok()?.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    claims.get("epoch")?.as_u64()
}
