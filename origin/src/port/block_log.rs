//! The log of what is revoked: the truth that every published head is made from.

use std::time::Duration;

use async_trait::async_trait;
use common::revocation::Blocked;
use common::{Epoch, UnixMillis, UnixSeconds};
use uuid::Uuid;

use super::StoreFault;

/// Part of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogPage {
    /// The epoch of the whole log at the time of reading.
    pub(crate) epoch: Epoch,
    /// The store's time of reading.
    pub(crate) now: UnixSeconds,
    /// Sessions begun before this are dead, all of them.
    pub(crate) sessions_before: Option<UnixMillis>,
    /// The live ones of the entries looked at, oldest change first.
    pub(crate) entries: Vec<Blocked>,
    /// Where to go on; `None` at the end of the log.
    pub(crate) next: Option<Epoch>,
}

/// The log. Its epoch is `max(epoch + 1, the store's milliseconds)` at each change, so that it
/// grows also when the store was rolled back.
#[async_trait]
pub(crate) trait BlockLog: Send + Sync {
    /// Blocks `id` for `retain`; an id that is blocked already keeps the later expiry.
    async fn block(&self, id: Uuid, retain: Duration) -> Result<Epoch, StoreFault>;

    /// Counts a change that brings no entry. The epoch is above `known` then, whatever the store's
    /// clock says: no edge takes a head with an epoch below that of the one it has.
    async fn advance(&self, known: Epoch) -> Result<Epoch, StoreFault>;

    /// The epoch of the last change.
    async fn epoch(&self) -> Result<Epoch, StoreFault>;

    /// The live ones of the next `limit` entries that came after `epoch`; [`Epoch::ZERO`] is the
    /// beginning.
    async fn after(&self, epoch: Epoch, limit: u32) -> Result<LogPage, StoreFault>;

    /// Which of `ids` are blocked now, or are of sessions begun before the cutoff. Exact.
    async fn blocked(&self, ids: &[Uuid]) -> Result<Vec<Uuid>, StoreFault>;

    /// Drops entries that expired, and answers how many.
    async fn prune(&self) -> Result<u64, StoreFault>;
}
