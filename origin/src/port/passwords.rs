//! Hashing passwords: slow on purpose, so bounded.

use async_trait::async_trait;
use common::Secret;

/// Why a password was not looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordFault {
    /// Too many are being looked at.
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    /// The stored hash is no PHC string, or hashing failed.
    #[error("cannot hash: {0}")]
    Failed(String),
}

/// How a password fits a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It does not.
    Wrong,
    /// It does.
    Right,
    /// It does, and the hash was made with other parameters than new ones are.
    Outdated,
}

/// Hashes passwords and compares them.
#[async_trait]
pub(crate) trait Passwords: Send + Sync {
    /// The PHC string to keep.
    async fn hash(&self, password: Secret<String>) -> Result<Secret<String>, PasswordFault>;

    /// How the password fits. Without a hash (no such account) the answer is no, and takes as
    /// long as any other.
    async fn verify(
        &self,
        password: Secret<String>,
        hash: Option<Secret<String>>,
    ) -> Result<Fit, PasswordFault>;
}
