//! Making an account.

use std::sync::Arc;

use common::{Secret, Subject};

use super::letters::Language;
use super::password::Known;
use super::postman::{Errand, Full, Outbox};
use super::{Fault, Limited, Means, Throttle, WeakPassword, password};
use crate::port::{
    Account, AccountError, Accounts, Audit, Clock, Email, Event, InvalidEmail, Kind, NewAccount,
    Passwords, Random,
};

/// Most bytes of a name.
const MAX_NAME: usize = 200;

/// What somebody asks for.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) email: String,
    pub(crate) password: Secret<String>,
    pub(crate) name: Option<String>,
}

/// Why no account was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegisterError {
    /// The address.
    #[error(transparent)]
    Email(#[from] InvalidEmail),
    /// The password.
    #[error(transparent)]
    Password(#[from] WeakPassword),
    /// The name.
    #[error("a name has 1 to {MAX_NAME} bytes and no control characters")]
    Name,
    /// There is one with this address.
    #[error("an account with this e-mail address exists")]
    Taken,
    /// Too many letters wait.
    #[error(transparent)]
    Full(#[from] Full),
    /// Too many letters were sent to the address.
    #[error(transparent)]
    Limited(#[from] Limited),
    /// Our fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Registered {
    /// There is an account now.
    Made(Account),
    /// A letter goes to the address, whoever it belongs to: what it says is told nobody else.
    Asked,
}

/// Makes accounts.
pub(crate) struct Register {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) passwords: Arc<dyn Passwords>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) audit: Arc<dyn Audit>,
    pub(crate) throttle: Arc<Throttle>,
    /// Where letters are written; `None`: none are.
    pub(crate) outbox: Option<Outbox>,
    /// Whether an account is of use only once its address is proven.
    pub(crate) require_verification: bool,
    /// The name of this site, which is no password.
    pub(crate) host: String,
}

impl Register {
    /// Makes an account; it is not signed in by that.
    pub(crate) async fn register(
        &self,
        wanted: Registration,
        language: Language,
    ) -> Result<Registered, RegisterError> {
        let new = self.prepare(wanted).await?;
        match &self.outbox {
            // Known or not, the work up to here is the same, and the rest is done elsewhere.
            Some(outbox) if self.require_verification => {
                // Last, so that only what leads to a letter counts. The owner of an address at which others use
                // this up asks for the letter in other ways, whose counts are their own.
                self.throttle.letter_to("register", new.email.as_str()).await?;
                outbox.put(Errand::Register(Box::new(new)), language)?;
                Ok(Registered::Asked)
            }
            outbox => {
                let account = self.make(&new).await?;
                if let Some(outbox) = outbox {
                    // The account is of use without; its owner can ask for the letter again.
                    outbox.put(Errand::Verify(new.email), language).ok();
                }
                Ok(Registered::Made(account))
            }
        }
    }

    /// Makes an account for somebody whose address is known to be theirs.
    pub(crate) async fn vouched(&self, wanted: Registration) -> Result<Account, RegisterError> {
        let new = self.prepare(wanted).await?;
        self.make(&NewAccount { email_verified: true, ..new }).await
    }

    async fn prepare(&self, wanted: Registration) -> Result<NewAccount, RegisterError> {
        let email = Email::parse(&wanted.email)?;
        let name = wanted.name.as_deref().map(name).transpose()?;
        let known = Known { email: email.as_str(), name: name.as_deref(), host: &self.host };
        let password = password::chosen(&wanted.password, &known)?;
        let password_hash = self.passwords.hash(password).await.map_err(Fault::from)?;
        Ok(NewAccount {
            id: new_id(&*self.random),
            email,
            email_verified: false,
            name,
            password_hash: Some(password_hash),
            created_at: self.clock.now(),
        })
    }

    async fn make(&self, new: &NewAccount) -> Result<Account, RegisterError> {
        let account = self.accounts.create(new).await.map_err(|error| match error {
            AccountError::Taken => RegisterError::Taken,
            AccountError::Store(fault) => RegisterError::Fault(fault.into()),
        })?;
        self.audit.record(
            Event::by_user(Kind::AccountMade, &account.id).method(Means::Password.as_str()),
        );
        Ok(account)
    }
}

/// The id of a new account.
pub(super) fn new_id(random: &dyn Random) -> Subject {
    random.uuid().into()
}

/// A name that can be shown.
pub(super) fn name(name: &str) -> Result<String, RegisterError> {
    let trimmed = name.trim();
    if (1..=MAX_NAME).contains(&trimmed.len()) && !trimmed.chars().any(char::is_control) {
        Ok(String::from(trimmed))
    } else {
        Err(RegisterError::Name)
    }
}
