//! The end of the block log, read page by page.

use common::revocation::Blocked;
use common::{Epoch, UnixMillis, UnixSeconds};

use crate::port::{BlockLog, LogPage, StoreFault};

/// Entries that are asked for at a time: the store serves others in between.
pub(super) const PAGE: u32 = 5_000;

/// What came after an epoch.
pub(super) struct Tail {
    /// The epoch of the log when the reading began: whatever came up to it is in here.
    pub(super) epoch: Epoch,
    /// The store's time.
    pub(super) now: UnixSeconds,
    /// Sessions begun before this are dead.
    pub(super) sessions_before: Option<UnixMillis>,
    /// The live entries, oldest change first.
    pub(super) entries: Vec<Blocked>,
}

impl Tail {
    /// Reads what came after `epoch`, and stops early once it has more than `most` entries.
    pub(super) async fn after(
        log: &dyn BlockLog,
        epoch: Epoch,
        most: usize,
    ) -> Result<Self, StoreFault> {
        let LogPage { epoch, now, sessions_before, entries, mut next } =
            log.after(epoch, PAGE).await?;
        let mut tail = Self { epoch, now, sessions_before, entries };
        while let Some(from) = next.filter(|_| tail.entries.len() <= most) {
            let page = log.after(from, PAGE).await?;
            tail.entries.extend(page.entries);
            // A cutoff that came meanwhile is none too many.
            tail.sessions_before = page.sessions_before;
            next = page.next;
        }
        Ok(tail)
    }
}
