//! Sending letters.

use async_trait::async_trait;
use common::Secret;

/// A letter to one person.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    /// The address.
    pub(crate) to: String,
    pub(crate) subject: &'static str,
    /// Plain text; a link in it may be as good as a password.
    pub(crate) text: Secret<String>,
}

/// Why a letter was not sent. No words of it, and no address, is among the causes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailFault {
    /// Not now; perhaps later.
    #[error("the mail server cannot be reached or asks to come back: {0}")]
    Later(String),
    /// Never, as it is.
    #[error("the mail server refuses the letter: {0}")]
    Refused(String),
}

/// Hands letters over to whoever carries them.
#[async_trait]
pub(crate) trait Mailer: Send + Sync {
    /// Tries once, for a bounded time.
    async fn send(&self, letter: &Letter) -> Result<(), MailFault>;
}
