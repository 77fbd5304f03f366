//! Choosing another password without the old one: by a secret that was sent to the account's
//! address.

use std::sync::Arc;

use common::{Secret, Subject};
use tracing::{info, warn};

use super::letters::Language;
use super::password::Known;
use super::postman::{Errand, Outbox};
use super::social::unlink_all;
use super::{By, Fault, Network, ProofError, Revocation, Throttle, WeakPassword, password, proof};
use crate::port::{
    Account, Accounts, Announced, Audit, Clock, Email, Event, Identities, Kind, Passwords, Proofs,
    Purpose, StoreFault,
};
use crate::telemetry::chain;

/// Why no other password was set.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResetError {
    /// No such proof, see [`ProofError::Invalid`].
    #[error("the proof is used, too old, or none")]
    Invalid,
    /// The password.
    #[error(transparent)]
    Password(#[from] WeakPassword),
    /// Our fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreFault> for ResetError {
    fn from(fault: StoreFault) -> Self {
        Self::Fault(fault.into())
    }
}

/// Resets passwords.
pub(crate) struct Reset {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) proofs: Arc<dyn Proofs>,
    pub(crate) identities: Arc<dyn Identities>,
    pub(crate) passwords: Arc<dyn Passwords>,
    pub(crate) revocation: Arc<Revocation>,
    pub(crate) audit: Arc<dyn Audit>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) outbox: Outbox,
    /// The name of this site, which is no password.
    pub(crate) host: String,
}

impl Reset {
    /// Sends a letter to an address that has an account, and says nothing of whether there is one.
    pub(crate) async fn send(
        &self,
        email: &str,
        network: Network,
        language: Language,
    ) -> Result<(), ProofError> {
        let email = Email::parse(email)?;
        self.throttle.letter("forgot", &email, network).await?;
        Ok(self.outbox.put(Errand::Forgot(email), language)?)
    }

    /// Sets another password, ends every session of the account, and counts its address as
    /// verified: the secret was read there.
    pub(crate) async fn reset(
        &self,
        secret: &Secret<String>,
        wanted: &Secret<String>,
        by: By,
    ) -> Result<Subject, ResetError> {
        let (digest, now) = (proof::digest(secret), self.clock.now());
        // Looked at first: who chooses a password that cannot be is to try again with this secret.
        let found = self.proofs.find(Purpose::Reset, &digest, now).await?;
        let found = found.ok_or(ResetError::Invalid)?;
        // The letter went to an address that the account had then.
        let is_its = |account: &Account| !account.disabled && account.email == found.email;
        let account = self.accounts.by_id(&found.account).await?.filter(is_its);
        let account = account.ok_or(ResetError::Invalid)?;
        let known =
            Known { email: &account.email, name: account.name.as_deref(), host: &self.host };
        let hash = self.passwords.hash(password::chosen(wanted, &known)?).await;
        let hash = hash.map_err(Fault::from)?;
        // Before the secret is spent: with a store that does not answer, nothing is lost.
        self.revocation.password_changed(&found.account, None).await?;
        let announced = Announced::to(&*self.revocation.sessions, &found.account).await?;
        let taken = self.proofs.take(Purpose::Reset, &digest, now).await?;
        let proof = taken.ok_or(ResetError::Invalid)?;
        let account = self.accounts.by_id(&proof.account).await?.filter(is_its);
        let account = account.ok_or(ResetError::Invalid)?;
        // Whoever was here before the address was proven keeps no way in.
        if !account.email_verified {
            unlink_all(&*self.identities, &*self.audit, &account.id, "reset").await?;
        }
        if !self.accounts.reset_password(&announced, &account.email, &hash).await? {
            return Err(ResetError::Invalid);
        }
        // And again: who signed in by the old password in between is out too.
        self.revocation.password_changed(&account.id, None).await?;
        self.proofs.forget(Purpose::Verify, &account.id).await?;
        // The owner need not wait for what was tried before. Without it, they wait.
        if let Err(fault) = self.throttle.forgive(&account.id, &account.email, by.network).await {
            warn!(error = chain(&fault), "what was tried before still counts");
        }
        self.audit.record(Event::by_user(Kind::PasswordReset, &account.id));
        info!(user.id = %account.id, "password reset");
        let id = account.id.clone();
        // A full queue keeps nobody from a password that is set.
        self.outbox.put(Errand::PasswordChanged(Box::new(account)), by.language).ok();
        Ok(id)
    }
}
