//! How long what is revoked takes on its way to the edges, as far as it is seen from here.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use common::Epoch;

/// Changes that are remembered.
const MOST: usize = 120;

/// Where a change has got to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Station {
    /// It is in a signed head.
    Signed,
    /// That head lies in KV.
    Published,
    /// Somebody was given that head by this process: an edge, as a rule.
    Fetched,
}

/// The way of one change: how long after this process heard of it each station was reached.
#[derive(Clone, Debug)]
pub(crate) struct Passage {
    pub(crate) epoch: Epoch,
    began: Instant,
    pub(crate) signed: Option<Duration>,
    pub(crate) published: Option<Duration>,
    pub(crate) fetched: Option<Duration>,
}

impl Passage {
    /// How long ago this process heard of it.
    pub(crate) fn age(&self) -> Duration {
        self.began.elapsed()
    }
}

/// The last changes.
#[derive(Debug, Default)]
pub(crate) struct Propagation(Mutex<VecDeque<Passage>>);

impl Propagation {
    /// There is a change.
    pub(super) fn begun(&self, epoch: Epoch) {
        let (began, none) = (Instant::now(), None);
        let passage = Passage { epoch, began, signed: none, published: none, fetched: none };
        let mut passages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if passages.len() == MOST {
            passages.pop_front();
        }
        passages.push_back(passage);
    }

    /// A head of this epoch, and with it all changes up to it, got there. Only the first time counts.
    pub(super) fn reached(&self, station: Station, epoch: Epoch) {
        let mut passages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for passage in passages.iter_mut().rev().filter(|passage| passage.epoch <= epoch) {
            let age = passage.began.elapsed();
            let reached = match station {
                Station::Signed => &mut passage.signed,
                Station::Published => &mut passage.published,
                Station::Fetched => &mut passage.fetched,
            };
            reached.get_or_insert(age);
        }
    }

    /// The last changes, the oldest first.
    pub(super) fn recent(&self) -> Vec<Passage> {
        let passages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        passages.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_station_counts_once_and_for_all_changes_before() {
        let propagation = Propagation::default();
        for epoch in 1..=3 {
            propagation.begun(Epoch::new(epoch));
        }
        propagation.reached(Station::Signed, Epoch::new(2));
        let first = propagation.recent();
        let signed: Vec<_> = first.iter().map(|passage| passage.signed.is_some()).collect();
        assert_eq!(signed, [true, true, false]);
        std::thread::sleep(Duration::from_millis(5));
        propagation.reached(Station::Signed, Epoch::new(3));
        let second = propagation.recent();
        assert_eq!(second[0].signed, first[0].signed, "the first time stays");
        assert!(second[2].signed >= Some(Duration::from_millis(5)));
        assert!(second.iter().all(|passage| passage.published.is_none()));
        for epoch in 0..2 * MOST as u64 {
            propagation.begun(Epoch::new(epoch + 4));
        }
        assert_eq!(propagation.recent().len(), MOST);
    }
}
