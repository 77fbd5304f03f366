//! The log of what is revoked: the truth that every published head is made from.

use std::time::Duration;

use async_trait::async_trait;
use common::{Epoch, UnixSeconds};
use uuid::Uuid;

use super::StoreFault;

/// One revoked id: a `sid` or a `jti`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blocked {
    /// The id.
    pub(crate) id: Uuid,
    /// When the last access token that bears it is dead by itself, leeway included.
    pub(crate) expires_at: UnixSeconds,
    /// The change that brought it; unique and growing.
    pub(crate) epoch: Epoch,
}

/// Part of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogPage {
    /// The epoch of the whole log at the time of reading.
    pub(crate) epoch: Epoch,
    /// The store's time of reading.
    pub(crate) now: UnixSeconds,
    /// The live entries asked for, oldest change first.
    pub(crate) entries: Vec<Blocked>,
}

/// The log. Its epoch is `max(epoch + 1, the store's milliseconds)` at each change, so that it
/// grows also when the store was rolled back.
#[async_trait]
pub(crate) trait BlockLog: Send + Sync {
    /// Blocks `id` for `retain`; an id that is blocked already keeps the later expiry.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the stores' suite holds them to it; single tokens are next")
    )]
    async fn block(&self, id: Uuid, retain: Duration) -> Result<Epoch, StoreFault>;

    /// Counts a change that brings no entry: after a rollback the epoch is then above all before.
    async fn advance(&self) -> Result<Epoch, StoreFault>;

    /// The epoch of the last change.
    async fn epoch(&self) -> Result<Epoch, StoreFault>;

    /// All live entries that came after `epoch`. [`Epoch::ZERO`] asks for all of them.
    async fn after(&self, epoch: Epoch) -> Result<LogPage, StoreFault>;

    /// Which of `ids` are blocked now. Exact.
    async fn blocked(&self, ids: &[Uuid]) -> Result<Vec<Uuid>, StoreFault>;

    /// Drops entries that expired, and answers how many.
    async fn prune(&self) -> Result<u64, StoreFault>;
}
