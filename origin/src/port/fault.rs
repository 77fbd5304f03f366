//! What can go wrong in a store, whichever it is. Nothing of a request's content is in it.

/// A store could not do what was asked; nothing is known to have changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreFault {
    /// The store did not answer, or answered that it cannot now.
    #[error("{store} is not available")]
    Unavailable {
        /// Which store, in a word a person knows: `redis`, `sessions.db`, `accounts.db`.
        store: &'static str,
        /// What its client said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store holds something that this program did not write.
    #[error("{store} holds an entry that cannot be read: {what}")]
    Corrupt {
        /// Which store.
        store: &'static str,
        /// Which entry and what is wrong with it.
        what: String,
    },
}
