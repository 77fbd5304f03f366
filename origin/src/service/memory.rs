//! Accounts as they were when somebody last read them, so that a rotation asks the store of sessions
//! alone: its answer says whether an account has changed since.

use std::sync::{Arc, Mutex, PoisonError};

use common::{Subject, UnixSeconds};
use hashlink::LruCache;

use crate::port::{Account, REMEMBERED};

/// As many are remembered, a few megabytes.
const CAPACITY: usize = 16_384;

/// The memory of one process.
pub(crate) struct Memory(Mutex<LruCache<Subject, Remembered>>);

struct Remembered {
    account: Arc<Account>,
    /// When it was read, or before.
    at: UnixSeconds,
}

impl Default for Memory {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CAPACITY)))
    }
}

impl Memory {
    /// The account as it was within the last hour.
    pub(super) fn recall(&self, id: &Subject, now: UnixSeconds) -> Option<Arc<Account>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Remembered { account, at } = known.get(id)?;
        // A clock that was set back knows nothing of its former future.
        let fresh = *at <= now && now < at.plus(REMEMBERED);
        fresh.then(|| Arc::clone(account))
    }

    /// Remembers an account that was read at this time or later. Only when a rotation said after
    /// that that it had not changed.
    pub(super) fn keep(&self, account: &Arc<Account>, at: UnixSeconds) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(account.id.clone(), Remembered { account: Arc::clone(account), at });
    }
}
