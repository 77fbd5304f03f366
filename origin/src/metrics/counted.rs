//! Ports whose calls are counted on their way to whoever stands behind them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::revocation::{Manifest, SegmentName};
use common::{Secret, SessionId, Subject, UnixSeconds};
use uuid::Uuid;

use super::Metrics;
use crate::port::{
    Account, AccountError, Accounts, Announced, Content, Counter, Email, Fence, Identities,
    Identity, Leases, Leave, Letter, Linking, MailFault, Mailer, NewAccount, NewProof, Proof,
    Proofs, Proving, Purpose, Rate, Segments, StoreFault, Tries, Unlinking,
};

/// A port, counted.
pub(crate) struct Counted<P: ?Sized> {
    pub(super) inner: Arc<P>,
    pub(super) metrics: Arc<Metrics>,
}

impl<P: ?Sized> Counted<P> {
    /// Counts what goes to `inner` from now on.
    pub(crate) fn new(inner: Arc<P>, metrics: &Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { inner, metrics: Arc::clone(metrics) })
    }

    /// What came of a call to the store of sessions.
    pub(super) fn session_call<T>(&self, outcome: Result<T, StoreFault>) -> Result<T, StoreFault> {
        outcome.inspect_err(|_| self.metrics.failures.sessions.inc())
    }

    fn account_call<T>(&self, outcome: Result<T, StoreFault>) -> Result<T, StoreFault> {
        outcome.inspect_err(|_| self.metrics.failures.accounts.inc())
    }
}

/// Makes a port of one whose calls all can fail as stores do.
macro_rules! counted {
    ($port:ident by $call:ident { $(
        fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;
    )+ }) => {
        #[async_trait]
        impl<P: $port + ?Sized> $port for Counted<P> {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreFault> {
                self.$call(self.inner.$name($($argument),*).await)
            })+
        }
    };
}

counted! { Segments by session_call {
    fn manifest() -> Manifest;
    fn replace(lease: &'static str, fence: Fence, manifest: &Manifest, new: &[Content]) -> bool;
    fn content(name: SegmentName) -> Option<Vec<u8>>;
} }

counted! { Leases by session_call {
    fn acquire(name: &'static str, holder: Uuid, ttl: Duration) -> Option<Fence>;
    fn release(name: &'static str, holder: Uuid) -> ();
} }

counted! { Tries by session_call {
    fn count(counter: Counter, rate: Rate) -> Leave;
    fn uncount(counter: Counter, rate: Rate) -> ();
    fn begin_proof(proving: &Proving) -> Leave;
    fn proven(proving: &Proving, memory: Duration) -> ();
    fn remember(spot: Counter, memory: Duration) -> ();
    fn forget(counter: Counter) -> ();
} }

counted! { Identities by account_call {
    fn account(issuer: &str, subject: &str) -> Option<Account>;
    fn link(account: &Subject, identity: &Identity) -> Linking;
    fn unlink(account: &Subject, provider: &str, others: &[String]) -> Unlinking;
    fn unlink_all(account: &Subject) -> Vec<String>;
    fn of(account: &Subject) -> Vec<Identity>;
    fn doubt(sid: SessionId, until: UnixSeconds) -> ();
    fn is_doubted(sid: SessionId) -> bool;
    fn spend(state: &str, now: UnixSeconds, until: UnixSeconds) -> bool;
} }

counted! { Proofs by account_call {
    fn keep(new: &NewProof, pause: UnixSeconds) -> bool;
    fn find(purpose: Purpose, digest: &str, now: UnixSeconds) -> Option<Proof>;
    fn take(purpose: Purpose, digest: &str, now: UnixSeconds) -> Option<Proof>;
    fn forget(purpose: Purpose, account: &Subject) -> ();
    fn forget_others(purpose: Purpose, account: &Subject, email: &Email, asked: UnixSeconds) -> ();
    fn prune(before: UnixSeconds) -> ();
} }

#[async_trait]
impl<P: Accounts + ?Sized> Accounts for Counted<P> {
    async fn create(&self, new: &NewAccount) -> Result<Account, AccountError> {
        self.inner.create(new).await.inspect_err(|error| {
            if matches!(error, AccountError::Store(_)) {
                self.metrics.failures.accounts.inc();
            }
        })
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Account>, StoreFault> {
        self.account_call(self.inner.by_email(email).await)
    }

    async fn by_id(&self, id: &Subject) -> Result<Option<Account>, StoreFault> {
        self.account_call(self.inner.by_id(id).await)
    }

    async fn after(&self, email: &str, limit: u32) -> Result<Vec<Account>, StoreFault> {
        self.account_call(self.inner.after(email, limit).await)
    }

    async fn set_roles(&self, of: &Announced, roles: &[String]) -> Result<bool, StoreFault> {
        self.account_call(self.inner.set_roles(of, roles).await)
    }

    async fn replace_password(
        &self,
        then: &Account,
        hash: &Secret<String>,
    ) -> Result<bool, StoreFault> {
        self.account_call(self.inner.replace_password(then, hash).await)
    }

    async fn reset_password(
        &self,
        of: &Announced,
        email: &str,
        hash: &Secret<String>,
    ) -> Result<bool, StoreFault> {
        self.account_call(self.inner.reset_password(of, email, hash).await)
    }

    async fn rehash(
        &self,
        id: &Subject,
        old: &Secret<String>,
        new: &Secret<String>,
    ) -> Result<bool, StoreFault> {
        self.account_call(self.inner.rehash(id, old, new).await)
    }

    async fn contest(&self, id: &Subject) -> Result<bool, StoreFault> {
        self.account_call(self.inner.contest(id).await)
    }

    async fn verify_email(
        &self,
        of: &Announced,
        then: &Account,
        email: &Email,
    ) -> Result<bool, StoreFault> {
        self.account_call(self.inner.verify_email(of, then, email).await)
    }

    async fn beginning_with(
        &self,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Account>, StoreFault> {
        self.account_call(self.inner.beginning_with(prefix, after, limit).await)
    }

    async fn set_disabled(&self, of: &Announced, disabled: bool) -> Result<bool, StoreFault> {
        self.account_call(self.inner.set_disabled(of, disabled).await)
    }

    async fn others_with_role(&self, role: &str, id: &Subject) -> Result<bool, StoreFault> {
        self.account_call(self.inner.others_with_role(role, id).await)
    }

    async fn ping(&self) -> Result<(), StoreFault> {
        self.account_call(self.inner.ping().await)
    }
}

#[async_trait]
impl<P: Mailer + ?Sized> Mailer for Counted<P> {
    async fn send(&self, letter: &Letter) -> Result<(), MailFault> {
        let outcome = self.inner.send(letter).await;
        let letters = &self.metrics.letters;
        match &outcome {
            Ok(()) => letters.sent.inc(),
            Err(MailFault::Later(_)) => letters.later.inc(),
            Err(MailFault::Refused(_)) => letters.refused.inc(),
        }
        outcome
    }
}
