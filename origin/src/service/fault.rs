//! What is our fault, as against what the caller did wrong.

use common::revocation::SegmentError;

use crate::port::{PasswordFault, SigningFault, StoreFault};

/// Something of ours did not work; the caller may try again later.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// A store.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The keys.
    #[error(transparent)]
    Signing(#[from] SigningFault),
    /// The password hashing.
    #[error(transparent)]
    Password(#[from] PasswordFault),
    /// A segment was not made.
    #[error("no segment: {0}")]
    Segment(#[from] SegmentError),
    /// Too much is revoked at once: no head is made that leaves some of it out.
    #[error("more than {capacity} ids wait for a place in a segment; the publisher makes room")]
    Overflow {
        /// Ids that fit.
        capacity: usize,
    },
}
