//! What is our fault, as against what the caller did wrong.

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
    /// Too much is revoked at once: no head is made that leaves some of it out.
    #[error("{entries} ids are blocked and one head holds {capacity}; wait until entries expire")]
    Overflow {
        /// Ids that are blocked now.
        entries: usize,
        /// Ids that fit.
        capacity: usize,
    },
}
