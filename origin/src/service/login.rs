//! Signing in with a password.

use std::sync::Arc;

use common::Secret;

use super::{
    Fault, Issued, Issuer, Lasting, Limited, Means, Network, SignIn, Throttle, WeakPassword,
    password,
};
use crate::port::{Account, Accounts, Actor, Audit, Device, Email, Event, Kind, Passwords};

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginError {
    /// No such account, another password, or an account that is disabled: nobody is told which.
    #[error("the credentials do not fit")]
    Refused,
    /// The password is longer than any password can be.
    #[error(transparent)]
    Password(#[from] WeakPassword),
    /// Too often.
    #[error(transparent)]
    Limited(#[from] Limited),
    /// Our fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Signs people in.
pub(crate) struct Login {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) passwords: Arc<dyn Passwords>,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) throttle: Arc<Throttle>,
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
        network: Network,
    ) -> Result<(Account, Issued), LoginError> {
        let password = password::normal(password)?;
        let email = Email::parse(email).ok();
        // What is no address is nobody's: all of it counts as one.
        let address = email.as_ref().map_or("", Email::as_str);
        let attempt = self.throttle.begin(address, network).await?;
        let account = match &email {
            Some(email) => self.accounts.by_email(email).await.map_err(Fault::from)?,
            None => None,
        };
        let hash = account.as_ref().and_then(|account| account.password_hash.clone());
        let fits = self.passwords.verify(password, hash).await.map_err(Fault::from)?;
        match account {
            Some(account) if fits && !account.disabled => {
                let how = SignIn { by: Means::Password, lasting, device };
                // At once: a sign-in waits for the store no longer than without.
                let begun = self.issuer.begin(&account, how);
                let (issued, ()) = tokio::try_join!(begun, self.throttle.proven(&attempt))?;
                Ok((account, issued))
            }
            account => {
                self.audit.record(refusal(account.as_ref(), fits));
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
