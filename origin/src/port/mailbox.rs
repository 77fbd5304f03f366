//! Where the signed head is left for the edges: durable, and trusted by nobody.

use std::time::Duration;

use async_trait::async_trait;

/// Why a document could not be left.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailboxFault {
    /// Too many writes for now (KV takes one a second for a key).
    #[error("the mailbox asks for a pause")]
    Busy,
    /// It refused for good: wrong address or credentials. A person has to look.
    #[error("the mailbox refused the write: {0}")]
    Refused(String),
    /// It did not answer, or not sensibly.
    #[error("the mailbox did not take the write: {0}")]
    Failed(String),
}

/// Takes documents by key; the last one written is what edges read.
#[async_trait]
pub(crate) trait Mailbox: Send + Sync {
    /// Leaves `document` under `key`, for at least `keep` or for good.
    async fn put(
        &self,
        key: &str,
        document: Vec<u8>,
        keep: Option<Duration>,
    ) -> Result<(), MailboxFault>;

    /// What lies under `key`, if it is a document of ours by its size.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, MailboxFault>;

    /// The keys that begin so.
    async fn keys(&self, prefix: &str) -> Result<Vec<String>, MailboxFault>;
}
