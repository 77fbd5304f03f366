//! The latest epoch that this process knows of, and who wants to hear of a later one.

use std::sync::atomic::{AtomicU64, Ordering};

use common::Epoch;
use tokio::sync::Notify;

/// The latest epoch known here. Travels in every answer, so that an edge behind it refreshes.
#[derive(Debug, Default)]
pub(crate) struct Epochs {
    latest: AtomicU64,
    grown: Notify,
}

impl Epochs {
    /// The latest.
    pub(crate) fn latest(&self) -> Epoch {
        Epoch::new(self.latest.load(Ordering::Acquire))
    }

    /// Takes note of an epoch; a lower one changes nothing.
    pub(crate) fn observe(&self, epoch: Epoch) {
        if self.latest.fetch_max(epoch.get(), Ordering::AcqRel) < epoch.get() {
            self.grown.notify_one();
        }
    }

    /// Waits until it grows, or has grown since the last wait. For one waiter.
    pub(crate) async fn grown(&self) {
        self.grown.notified().await;
    }
}
