//! Making an account.

use std::sync::Arc;

use common::{Secret, Subject};

use super::{Fault, WeakPassword, password};
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
    /// Our fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Makes accounts.
pub(crate) struct Register {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) passwords: Arc<dyn Passwords>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) audit: Arc<dyn Audit>,
}

impl Register {
    /// Makes an account; it is not signed in by that.
    pub(crate) async fn register(&self, wanted: Registration) -> Result<Account, RegisterError> {
        let email = Email::parse(&wanted.email)?;
        let name = wanted.name.as_deref().map(name).transpose()?;
        let password = password::chosen(&wanted.password, &email)?;
        let password_hash = self.passwords.hash(password).await.map_err(Fault::from)?;
        let new = NewAccount {
            id: new_id(&*self.random),
            email,
            email_verified: false,
            name,
            password_hash: Some(password_hash),
            created_at: self.clock.now(),
        };
        let account = self.accounts.create(&new).await.map_err(|error| match error {
            AccountError::Taken => RegisterError::Taken,
            AccountError::Store(fault) => RegisterError::Fault(fault.into()),
        })?;
        self.audit.record(Event::by_user(Kind::AccountMade, &account.id).method("password"));
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
