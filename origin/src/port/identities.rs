//! Which logins elsewhere are whose.

use async_trait::async_trait;
use common::{SessionId, Subject, UnixSeconds};

use super::{Account, StoreFault};

/// A login at a provider. (`issuer`, `subject`) is the identity: an address may change hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// The provider's name in the configuration.
    pub(crate) provider: String,
    pub(crate) linked_at: UnixSeconds,
}

/// What became of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linking {
    /// It is there now.
    Linked,
    /// It was there before.
    Before,
    /// The login is another account's.
    OfAnother,
    /// The account has another login of this provider.
    Another,
}

/// What became of taking one away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unlinking {
    /// It is gone.
    Unlinked,
    /// There was none.
    None,
    /// It is the last way into the account, and stays.
    Last,
}

/// The links.
#[async_trait]
pub(crate) trait Identities: Send + Sync {
    /// The account that this login opens.
    async fn account(&self, issuer: &str, subject: &str) -> Result<Option<Account>, StoreFault>;

    /// Links a login with an account, of each provider one.
    async fn link(&self, account: &Subject, identity: &Identity) -> Result<Linking, StoreFault>;

    /// Takes the link with this provider away, unless the account has neither a password nor a login at
    /// one of `others`.
    async fn unlink(
        &self,
        account: &Subject,
        provider: &str,
        others: &[String],
    ) -> Result<Unlinking, StoreFault>;

    /// Takes all links of an account away; with which providers there were any.
    async fn unlink_all(&self, account: &Subject) -> Result<Vec<String>, StoreFault>;

    /// The logins of an account, the oldest link first.
    async fn of(&self, account: &Subject) -> Result<Vec<Identity>, StoreFault>;

    /// Marks a session as begun without a proof. The mark is kept until `until`.
    async fn doubt(&self, sid: SessionId, until: UnixSeconds) -> Result<(), StoreFault>;

    /// Whether a session is marked so.
    async fn is_doubted(&self, sid: SessionId) -> Result<bool, StoreFault>;

    /// Marks a sign-in's `state` as used; false when it was before. The mark is kept until `until`.
    async fn spend(
        &self,
        state: &str,
        now: UnixSeconds,
        until: UnixSeconds,
    ) -> Result<bool, StoreFault>;
}
