//! Accounts as they were when somebody last read them, so that a rotation asks the store of sessions
//! alone: its answer says whether an account has changed since.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use common::{Subject, UnixSeconds};
use hashlink::LruCache;

use crate::port::{Account, REMEMBERED};

/// As many are remembered, a few megabytes.
const CAPACITY: usize = 16_384;

/// The memory of one process.
pub(crate) struct Memory(Mutex<LruCache<Subject, Remembered>>);

struct Remembered {
    account: Arc<Account>,
    read: Reading,
}

/// Under which circumstances an account was read; taken before it is.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    /// By the clock, which may be set.
    at: UnixSeconds,
    /// By the time that this machine ran, which does not go on while it sleeps.
    since: Instant,
    /// Of the store that tells of changes.
    tenure: u64,
}

impl Reading {
    pub(super) fn now(at: UnixSeconds, tenure: u64) -> Self {
        Self { at, since: Instant::now(), tenure }
    }

    pub(super) const fn tenure(&self) -> u64 {
        self.tenure
    }

    /// Whether what was read then still counts, unless a change is told of.
    fn holds(&self, now: &Self) -> bool {
        self.tenure == now.tenure
            && self.at <= now.at
            && now.at < self.at.plus(REMEMBERED)
            && now.since.duration_since(self.since) < REMEMBERED
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CAPACITY)))
    }
}

impl Memory {
    /// The account as it was within the last hour.
    pub(super) fn recall(&self, id: &Subject, now: &Reading) -> Option<Arc<Account>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Remembered { account, read } = known.get(id)?;
        read.holds(now).then(|| Arc::clone(account))
    }

    /// Remembers an account. Only when a rotation said after it was read that it had not changed.
    pub(super) fn keep(&self, account: &Arc<Account>, read: Reading) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(account.id.clone(), Remembered { account: Arc::clone(account), read });
    }

    /// Forgets one that changed: the next rotation reads it before anything is spent.
    pub(super) fn forget(&self, id: &Subject) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}
