//! Signing in with a password.

use std::sync::Arc;

use common::Secret;

use super::{Fault, Issued, Issuer, Lasting, Means, SignIn, WeakPassword, password};
use crate::port::{Account, Accounts, Actor, Audit, Device, Email, Event, Kind, Passwords, Whence};

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginError {
    /// No such account, another password, or an account that is disabled: nobody is told which.
    #[error("the credentials do not fit")]
    Refused,
    /// The password is longer than any password can be.
    #[error(transparent)]
    Password(#[from] WeakPassword),
    /// Our fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Signs people in.
pub(crate) struct Login {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) passwords: Arc<dyn Passwords>,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) audit: Arc<dyn Audit>,
}

impl Login {
    /// Signs in. Each refusal takes the same work, so that its time tells nothing.
    pub(crate) async fn login(
        &self,
        email: &str,
        password: &Secret<String>,
        lasting: Lasting,
        device: Device,
    ) -> Result<(Account, Issued), LoginError> {
        let whence = Whence::from(&device);
        let password = password::normal(password)?;
        let account = match Email::parse(email) {
            Ok(email) => self.accounts.by_email(&email).await.map_err(Fault::from)?,
            Err(_) => None,
        };
        let hash = account.as_ref().and_then(|account| account.password_hash.clone());
        let fits = self.passwords.verify(password, hash).await.map_err(Fault::from)?;
        match account {
            Some(account) if fits && !account.disabled => {
                let how = SignIn { by: Means::Password, lasting, device };
                let issued = self.issuer.begin(&account, how).await?;
                Ok((account, issued))
            }
            account => {
                self.audit.record(refusal(account.as_ref(), fits).from(whence));
                Err(LoginError::Refused)
            }
        }
    }
}

/// Why nobody was signed in, for administrators alone. The address that was typed is not kept where
/// there is no such account: people type passwords there.
fn refusal(account: Option<&Account>, fits: bool) -> Event {
    let event = Event::by(Actor::Unknown, Kind::SignInRefused).method(Means::Password.as_str());
    match account {
        None => event.why("unknown-account"),
        Some(account) => event.about(&account.id).why(if fits { "disabled" } else { "password" }),
    }
}
