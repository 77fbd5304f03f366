//! What proves that somebody reads an address: a secret that was sent there, good for one purpose,
//! one account, once, and for a short time.

use async_trait::async_trait;
use common::{Subject, UnixSeconds};

use super::{Email, StoreFault};

/// What a proof is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To make the address it was sent to the account's, verified.
    Verify,
    /// To choose another password.
    Reset,
    /// For nothing: marks that its owner was told of an attempt to register again.
    Notice,
    /// For nothing: marks that its owner was told of a sign-in that was in two hands.
    Alarm,
}

/// A proof about to be sent. Its secret is not kept, its digest is.
#[derive(Clone, Debug)]
pub(crate) struct NewProof {
    pub(crate) purpose: Purpose,
    pub(crate) account: Subject,
    /// SHA-256 of the secret, base64url.
    pub(crate) digest: String,
    /// The address that it goes to.
    pub(crate) email: String,
    pub(crate) made_at: UnixSeconds,
    pub(crate) expires_at: UnixSeconds,
    /// Whether it may take the place of one that is good for another address.
    pub(crate) outweighs: bool,
}

/// What a proof says.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) account: Subject,
    /// See [`NewProof::email`].
    pub(crate) email: String,
}

/// The proofs that were sent.
#[async_trait]
pub(crate) trait Proofs: Send + Sync {
    /// Keeps a proof in place of the one that the account had for this purpose; false, and nothing
    /// changes, when that one was made later than this one, or for the same address after `pause`, or is good for
    /// another one that this one does not outweigh.
    async fn keep(&self, new: &NewProof, pause: UnixSeconds) -> Result<bool, StoreFault>;

    /// The proof with this digest, if it is good at `now`.
    async fn find(
        &self,
        purpose: Purpose,
        digest: &str,
        now: UnixSeconds,
    ) -> Result<Option<Proof>, StoreFault>;

    /// The same, and uses it up: of all who ask, one gets it.
    async fn take(
        &self,
        purpose: Purpose,
        digest: &str,
        now: UnixSeconds,
    ) -> Result<Option<Proof>, StoreFault>;

    /// Makes void what the account has for this purpose.
    async fn forget(&self, purpose: Purpose, account: &Subject) -> Result<(), StoreFault>;

    /// The same, where it went to another address than this one and was not made after `asked`.
    async fn forget_others(
        &self,
        purpose: Purpose,
        account: &Subject,
        email: &Email,
        asked: UnixSeconds,
    ) -> Result<(), StoreFault>;

    /// Removes what was good until `before`.
    async fn prune(&self, before: UnixSeconds) -> Result<(), StoreFault>;
}
