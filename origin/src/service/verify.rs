//! Proving an address by the secret that was sent there.

use std::sync::Arc;

use common::{Secret, Subject};
use tracing::info;

use super::letters::Language;
use super::postman::{Errand, Full, Outbox};
use super::social::unlink_all;
use super::{Fault, Limited, Network, Revocation, Throttle, proof};
use crate::port::{
    Account, Accounts, Announced, Audit, Clock, Email, Event, Identities, InvalidEmail, Kind,
    Proofs, Purpose, StoreFault,
};

/// Why an address was not proven, or a letter not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProofError {
    /// No such proof: used, too old, replaced, never one, or of an account that is closed.
    #[error("the proof is used, too old, or none")]
    Invalid,
    /// The address.
    #[error(transparent)]
    Email(#[from] InvalidEmail),
    /// Too many letters wait.
    #[error(transparent)]
    Full(#[from] Full),
    /// Too many were asked for.
    #[error(transparent)]
    Limited(#[from] Limited),
    /// Our fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreFault> for ProofError {
    fn from(fault: StoreFault) -> Self {
        Self::Fault(fault.into())
    }
}

/// Verifies addresses.
pub(crate) struct Verify {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) proofs: Arc<dyn Proofs>,
    pub(crate) identities: Arc<dyn Identities>,
    pub(crate) revocation: Arc<Revocation>,
    pub(crate) audit: Arc<dyn Audit>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) outbox: Outbox,
}

impl Verify {
    /// Sends a letter to an address that an account has not proven, and says nothing of whether
    /// there is one.
    pub(crate) async fn send(
        &self,
        email: &str,
        network: Network,
        language: Language,
    ) -> Result<(), ProofError> {
        let email = Email::parse(email)?;
        self.throttle.letter("verify", &email, network).await?;
        Ok(self.outbox.put(Errand::Verify(email), language)?)
    }

    /// Makes the address that `secret` was sent to its account's; gives the account as it was until then.
    pub(crate) async fn verify(&self, secret: &Secret<String>) -> Result<Account, ProofError> {
        let now = self.clock.now();
        let digest = proof::digest(secret);
        let found = self.proofs.find(Purpose::Verify, &digest, now).await?;
        let found = found.ok_or(ProofError::Invalid)?;
        self.open(&found.account).await?;
        // Before the secret is spent: with a store that does not answer, nothing is lost.
        let announced = Announced::to(&*self.revocation.sessions, &found.account).await?;
        let taken = self.proofs.take(Purpose::Verify, &digest, now).await?;
        let proof = taken.ok_or(ProofError::Invalid)?;
        let account = self.open(&proof.account).await?;
        let email = Email::parse(&proof.email)?;
        // Whoever was here before the address was proven, and may be another, keeps no way in.
        if account.contested {
            self.revocation.password_changed(&account.id, None).await?;
            unlink_all(&*self.identities, &*self.audit, &account.id, "address").await?;
        }
        if !self.accounts.verify_email(&announced, &account, &email).await? {
            return Err(ProofError::Invalid);
        }
        // And again: who signed in by a login in between is out too.
        if account.contested {
            self.revocation.password_changed(&account.id, None).await?;
        }
        let is_its = account.email == email.as_str();
        let kind = if is_its { Kind::EmailVerified } else { Kind::EmailChanged };
        self.audit.record(Event::by_user(kind, &account.id));
        info!(user.id = %account.id, "e-mail address verified");
        Ok(account)
    }

    /// The account, unless it is closed: what was under way for one then comes to nothing.
    async fn open(&self, id: &Subject) -> Result<Account, ProofError> {
        let account = self.accounts.by_id(id).await?.filter(|account| !account.disabled);
        account.ok_or(ProofError::Invalid)
    }
}
