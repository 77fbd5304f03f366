//! Providers at which people have a login already, and what one says of somebody who comes from there.

use std::time::Duration;

use async_trait::async_trait;
use common::{Secret, UnixSeconds};

use super::Email;

/// How short a time ago somebody has to have proven who they are to be taken at their word for what lasts.
pub(crate) const RECENT: Duration = Duration::from_mins(10);

/// The values that tie what comes back to the browser that was sent. Each is of one sign-in alone.
#[derive(Clone, Debug)]
pub(crate) struct Ties {
    /// Comes back with the browser (RFC 6749 §10.12).
    pub(crate) state: String,
    /// Comes back in the ID token (OpenID Connect Core §3.1.2.1).
    pub(crate) nonce: String,
    /// Redeems the code; the provider was shown its hash (RFC 7636).
    pub(crate) verifier: Secret<String>,
}

/// What the browser brought back.
#[derive(Clone, Debug)]
pub(crate) struct Brought {
    /// To be redeemed once.
    pub(crate) code: Secret<String>,
    /// Who says it sent the browser (RFC 9207).
    pub(crate) iss: Option<String>,
}

/// Somebody, as a provider knows them.
#[derive(Clone, Debug)]
pub(crate) struct Stranger {
    /// The provider. With `subject` it is the identity; nothing else is.
    pub(crate) issuer: String,
    /// The person, unique there and never given to another.
    pub(crate) subject: String,
    /// The address, if it shared one.
    pub(crate) email: Option<Email>,
    /// Whether the provider vouches that it is theirs.
    pub(crate) email_verified: bool,
    /// What they are called there.
    pub(crate) name: Option<String>,
    pub(crate) proven: Proven,
}

/// When somebody last proved to a provider who they are: it may know their browser and ask nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proven {
    /// Then (`auth_time`, OpenID Connect Core §2).
    At(UnixSeconds),
    /// It tells whoever asks for a proof, and was not asked, or does not keep its word.
    Untold,
    /// It tells nobody.
    Unknown,
}

/// Why nobody came of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderFault {
    /// It did not answer, or its answer cannot be used. Words of ours: nothing of its answer, but names
    /// of its errors.
    #[error("{0}")]
    Failed(String),
    /// It does not take the code: used before, too old, or somebody else's.
    #[error("the provider does not take the code")]
    Code,
    /// It vouches for somebody, but not for one of those who may come here.
    #[error("the person is of none of the domains that are let in")]
    NotLetIn,
}

/// A provider.
#[async_trait]
pub(crate) trait Provider: Send + Sync {
    /// The address that a browser is sent to; `afresh` to have the person prove again who they are, where the
    /// provider can be asked for that.
    async fn departure(&self, ties: &Ties, afresh: bool) -> Result<String, ProviderFault>;

    /// Redeems what the browser brought back: who is it? What the provider gave for it is forgotten.
    async fn arrival(&self, ties: &Ties, brought: &Brought) -> Result<Stranger, ProviderFault>;
}
