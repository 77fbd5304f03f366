//! Choosing another password, or another address, with the password that one has.

use std::sync::Arc;

use common::{Secret, SessionId, Subject};
use tracing::info;

use super::letters::Language;
use super::password::Known;
use super::postman::{Errand, Outbox};
use super::{
    Changing, Fault, Limited, Network, ProofError, Revocation, Throttle, WeakPassword, password,
};
use crate::port::{
    Account, Accounts, Audit, Clock, Email, Event, Fit, Kind, Passwords, Proofs, Purpose,
    StoreFault,
};

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    /// The current password is another one, or the account has none.
    #[error("the current password does not fit")]
    Refused,
    /// The session that asks ended meanwhile.
    #[error("the session is over")]
    Over,
    /// Too many tries.
    #[error(transparent)]
    Limited(#[from] Limited),
    /// The new password.
    #[error(transparent)]
    Password(#[from] WeakPassword),
    /// The new address, or the letter to it.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// Our fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreFault> for ChangeError {
    fn from(fault: StoreFault) -> Self {
        Self::Fault(fault.into())
    }
}

/// Who asks for a change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct By {
    pub(crate) network: Network,
    pub(crate) language: Language,
}

/// Changes what people sign in with.
pub(crate) struct Change {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) proofs: Arc<dyn Proofs>,
    pub(crate) passwords: Arc<dyn Passwords>,
    pub(crate) revocation: Arc<Revocation>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) audit: Arc<dyn Audit>,
    pub(crate) clock: Arc<dyn Clock>,
    /// `None`: nobody is told.
    pub(crate) outbox: Option<Outbox>,
    /// The name of this site, which is no password.
    pub(crate) host: String,
}

impl Change {
    /// Sets another password. The session that asks goes on, all others of the account end.
    pub(crate) async fn password(
        &self,
        subject: &Subject,
        session: SessionId,
        current: &Secret<String>,
        wanted: &Secret<String>,
        by: By,
    ) -> Result<(), ChangeError> {
        let account = self.proven(subject, session, current, by.network).await?;
        let known =
            Known { email: &account.email, name: account.name.as_deref(), host: &self.host };
        let wanted = password::chosen(wanted, &known)?;
        self.throttle.change(Changing::Password, &account).await?;
        let hash = self.passwords.hash(wanted).await.map_err(Fault::from)?;
        // Hashing takes a while: whoever has signed this session out meanwhile is not answered by a password.
        if !self.revocation.revoked(&[session.uuid()]).await?.is_empty() {
            return Err(ChangeError::Over);
        }
        // Before and after, as with a reset: a store that does not answer leaves all as it was, and
        // who signed in by the old password in between is out too.
        self.revocation.password_changed(&account.id, Some(session)).await?;
        // One that was chosen meanwhile, by a letter above all, stays.
        if !self.accounts.replace_password(&account, &hash).await? {
            return Err(ChangeError::Refused);
        }
        self.revocation.password_changed(&account.id, Some(session)).await?;
        // A letter that is under way would give the account to another address. One to choose a password
        // stays good: it went to the owner's address, and would be all that is left to an owner whose password
        // somebody else keeps changing. Who reads that mailbox can have another sent anyhow.
        self.proofs.forget(Purpose::Verify, &account.id).await?;
        self.audit.record(Event::by_user(Kind::PasswordChanged, &account.id).session(session));
        info!(user.id = %account.id, "password changed");
        if let Some(outbox) = &self.outbox {
            // A full queue keeps nobody from a password that is set.
            outbox.put(Errand::PasswordChanged(Box::new(account)), by.language).ok();
        }
        Ok(())
    }

    /// Sends a letter to another address, which becomes the account's when its reader confirms
    /// it. Whether another account has it is not told.
    pub(crate) async fn address(
        &self,
        outbox: &Outbox,
        subject: &Subject,
        session: SessionId,
        current: &Secret<String>,
        wanted: &str,
        by: By,
    ) -> Result<(), ChangeError> {
        let email = Email::parse(wanted).map_err(ProofError::from)?;
        let account = self.proven(subject, session, current, by.network).await?;
        self.throttle.letter("address", &email, by.network).await?;
        self.throttle.change(Changing::Address, &account).await?;
        let event = Event::by_user(Kind::EmailChangeAsked, &account.id).session(session);
        let (account, asked) = (Box::new(account), self.clock.now());
        let errand = Errand::Address { account, email, asked };
        outbox.put(errand, by.language).map_err(ProofError::from)?;
        self.audit.record(event);
        Ok(())
    }

    /// The caller's account, by its password too.
    async fn proven(
        &self,
        subject: &Subject,
        session: SessionId,
        current: &Secret<String>,
        network: Network,
    ) -> Result<Account, ChangeError> {
        let account = self.accounts.by_id(subject).await?;
        let account = account.filter(|account| !account.disabled).ok_or(ChangeError::Refused)?;
        // One that is too long to be any fits nobody.
        let current = password::normal(current).map_err(|_| ChangeError::Refused)?;
        // As with signing in: whoever has taken a session over is not to find the password by it.
        let attempt = self.throttle.begin(&account.email, network).await?;
        let fit = self.passwords.verify(current, account.password_hash.clone()).await;
        match fit.map_err(Fault::from)? {
            Fit::Wrong => {
                let event = Event::by_user(Kind::ChangeRefused, &account.id).session(session);
                self.audit.record(event.why("password"));
                Err(ChangeError::Refused)
            }
            Fit::Right | Fit::Outdated => {
                self.throttle.proven(&attempt).await?;
                Ok(account)
            }
        }
    }
}
