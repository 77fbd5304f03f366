//! The latest epoch that this process knows of, and who wants to hear of a later one.

use std::sync::atomic::{AtomicU64, Ordering};

use common::Epoch;
use tokio::sync::Notify;

use super::propagation::{Passage, Propagation, Station};

/// The latest epoch known here. Travels in every answer, so that an edge behind it refreshes.
#[derive(Debug, Default)]
pub(crate) struct Epochs {
    latest: AtomicU64,
    grown: Notify,
    propagation: Propagation,
}

impl Epochs {
    /// The latest.
    pub(crate) fn latest(&self) -> Epoch {
        Epoch::new(self.latest.load(Ordering::Acquire))
    }

    /// Takes note of an epoch; a lower one changes nothing.
    pub(crate) fn observe(&self, epoch: Epoch) {
        let before = self.latest.fetch_max(epoch.get(), Ordering::AcqRel);
        if before < epoch.get() {
            // The first that a process hears of is no change.
            if before > 0 {
                self.propagation.begun(epoch);
            }
            self.grown.notify_one();
        }
    }

    /// Takes note that a head of this epoch got there.
    pub(crate) fn reached(&self, station: Station, epoch: Epoch) {
        self.propagation.reached(station, epoch);
    }

    /// The ways of the last changes, the oldest first.
    pub(crate) fn passages(&self) -> Vec<Passage> {
        self.propagation.recent()
    }

    /// Waits until it grows, or has grown since the last wait. For one waiter.
    pub(crate) async fn grown(&self) {
        self.grown.notified().await;
    }
}
