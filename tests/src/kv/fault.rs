//! How a side of the store fails, switched while it runs.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and this status says so.
    Status(u16),
    /// Nothing is done, and the status is 200 all the same: `success` is false.
    NotSuccess,
    /// Nothing is done and nothing answered.
    Hang,
    /// All is done, but after this long.
    Slow(Duration),
    /// All is done, but the answer has this status.
    DoneBut(u16),
    /// Of a bulk write every second key is left out, and the answer names those.
    HalfOfBulk,
    /// What is read is not what was written.
    Damaged(Damage),
}

/// What becomes of a value on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The second half is missing.
    Truncated,
    /// Bytes that are no text.
    Binary,
    /// No byte is left.
    Empty,
    /// More than a value may have: 26 MiB.
    Oversized,
}

impl Damage {
    pub(super) fn done_to(self, value: &Bytes) -> Bytes {
        match self {
            Self::Truncated => value.slice(..value.len() / 2),
            Self::Binary => (0..=255_u8).rev().cycle().take(4096).collect(),
            Self::Empty => Bytes::new(),
            Self::Oversized => Bytes::from(vec![b'a'; 26 * 1024 * 1024]),
        }
    }
}

/// The switch of one side.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Option<(Fault, Option<u32>)>>);

impl Faults {
    /// From now on every request fails so.
    pub fn always(&self, fault: Fault) {
        self.set(Some((fault, None)));
    }

    /// The next few requests fail so.
    pub fn next(&self, count: u32, fault: Fault) {
        self.set(Some((fault, Some(count))));
    }

    /// Nothing fails any more.
    pub fn none(&self) {
        self.set(None);
    }

    fn set(&self, fault: Option<(Fault, Option<u32>)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// What the request that has just come is to suffer.
    pub(super) fn strike(&self) -> Option<Fault> {
        let mut armed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (fault, left) = (*armed)?;
        if let Some(left) = left {
            *armed = (left > 1).then_some((fault, Some(left - 1)));
        }
        Some(fault)
    }
}

/// Longer than anybody waits.
pub(super) async fn hang() {
    tokio::time::sleep(Duration::from_hours(1)).await;
}
