//! Tries that are counted, so that what can be guessed is not guessed at leisure. The counters lie
//! with the sessions, where all replicas share them, timed by the store's clock.

use std::time::Duration;

use async_trait::async_trait;

use super::StoreFault;

/// What a counter is known by: a digest, so that the store holds no address of anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Counter(pub(crate) [u8; 16]);

/// So many tries at once, and that many again over each such span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// At least 1.
    pub(crate) tries: u32,
    pub(crate) span: Duration,
}

impl Rate {
    /// How long one try takes to be forgotten.
    pub(crate) fn step(self) -> Duration {
        (self.span / self.tries.max(1)).max(Duration::from_millis(1))
    }
}

/// Failures in a row: some are free, then each wait is twice the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    pub(crate) free: u32,
    /// The first wait.
    pub(crate) first: Duration,
    /// The longest one.
    pub(crate) longest: Duration,
    /// After so many there is no further try, until they are forgotten.
    pub(crate) most: u32,
    /// How long after the last one they are forgotten.
    pub(crate) memory: Duration,
}

/// A try to prove who one is.
#[derive(Clone, Debug)]
pub(crate) struct Proving {
    /// Counts all who try from there.
    pub(crate) network: Counter,
    pub(crate) rate: Rate,
    /// Counts those who try for this account from where it has never been signed in to.
    pub(crate) strangers: Counter,
    /// Counts those who try for it from this place, once it has been signed in to from there.
    pub(crate) spot: Counter,
    pub(crate) patience: Patience,
}

/// May one try?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Yes; it is counted.
    Granted,
    /// Not before so long; it is not counted.
    Wait(Duration),
}

/// The counters. Each call is one atomic step.
#[async_trait]
pub(crate) trait Tries: Send + Sync {
    /// Counts one of this rate, if there is room.
    async fn count(&self, counter: Counter, rate: Rate) -> Result<Leave, StoreFault>;

    /// Takes one of this rate back.
    async fn uncount(&self, counter: Counter, rate: Rate) -> Result<(), StoreFault>;

    /// Counts a try as failed before it is made, so that many at once count as many: for the spot if
    /// that is known, or else for the strangers.
    async fn begin_proof(&self, proving: &Proving) -> Result<Leave, StoreFault>;

    /// It did not fail: takes back what it counted, ends the row, and remembers the spot for `memory`.
    async fn proven(&self, proving: &Proving, memory: Duration) -> Result<(), StoreFault>;

    /// Remembers a spot for `memory`, and forgets what failed there.
    async fn remember(&self, spot: Counter, memory: Duration) -> Result<(), StoreFault>;

    /// Forgets a counter, whether of a rate or of failures.
    async fn forget(&self, counter: Counter) -> Result<(), StoreFault>;
}
