//! Where the publisher stands, for whoever watches over it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::Epoch;

/// Where the publisher of this process stands.
#[derive(Debug)]
pub(crate) struct Standing {
    began: Instant,
    leads: AtomicBool,
    epoch: AtomicU64,
    /// Milliseconds from `began`.
    published: AtomicU64,
    failures: AtomicU64,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            leads: AtomicBool::default(),
            epoch: AtomicU64::default(),
            published: AtomicU64::default(),
            failures: AtomicU64::default(),
        }
    }
}

impl Standing {
    /// Whether it holds the lease.
    pub(crate) fn leads(&self) -> bool {
        self.leads.load(Ordering::Relaxed)
    }

    /// The epoch of the last head that it published; 0 for none.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch::new(self.epoch.load(Ordering::Relaxed))
    }

    /// How long ago that was; without one, how long it runs.
    pub(crate) fn silent_for(&self) -> Duration {
        let published = Duration::from_millis(self.published.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(published)
    }

    /// Heads that were not published when they should have been, so far.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    pub(super) fn leading(&self, leads: bool) {
        self.leads.store(leads, Ordering::Relaxed);
    }

    pub(super) fn published(&self, epoch: Epoch) {
        let at = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.epoch.store(epoch.get(), Ordering::Relaxed);
        self.published.store(at, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }
}
