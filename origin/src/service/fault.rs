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
}
