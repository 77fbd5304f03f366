//! Signing in with a password.

use std::sync::Arc;

use common::Secret;
use common::token::refresh::Presented;
use tracing::{info, warn};

use super::{
    Fault, Issued, Issuer, Lasting, Limited, Means, Network, SignIn, Throttle, WeakPassword,
    password,
};
use crate::port::{
    Account, Accounts, Actor, Audit, Device, Email, Event, Fit, Kind, Passwords, Whence,
};
use crate::telemetry::chain;

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginError {
    /// No such account, another password, or an account that is disabled: nobody is told which.
    #[error("the credentials do not fit")]
    Refused,
    /// The credentials fit, and the address is still to be proven.
    #[error("the e-mail address is not verified yet")]
    Unverified,
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
    /// Whether an account is of use only once its address is proven.
    pub(crate) require_verification: bool,
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
        instead_of: Option<Presented>,
    ) -> Result<(Account, Issued), LoginError> {
        let whence = Whence::from(&device);
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
        let fit = self.passwords.verify(password.clone(), hash).await.map_err(Fault::from)?;
        match account {
            Some(account) if fit != Fit::Wrong && !account.disabled => {
                if self.require_verification && !account.email_verified {
                    let event = Event::by(Actor::Unknown, Kind::SignInRefused)
                        .method(Means::Password.as_str());
                    self.audit.record(event.about(&account.id).why("unverified"));
                    return Err(LoginError::Unverified);
                }
                let how = SignIn { by: Means::Password, lasting, device };
                // At once: a sign-in waits for the store no longer than without.
                let begun = self.issuer.begin(&account, how);
                let (issued, proven) = tokio::join!(begun, self.throttle.proven(&attempt));
                proven?;
                let issued = issued?.ok_or(LoginError::Refused)?;
                self.issuer.leave(instead_of).await;
                if fit == Fit::Outdated {
                    self.rehash(&account, password).await;
                }
                Ok((account, issued))
            }
            account => {
                self.audit.record(refusal(account.as_ref(), fit).from(whence));
                Err(LoginError::Refused)
            }
        }
    }

    /// Keeps the password the way new ones are kept. If that does not work now, it will another time.
    async fn rehash(&self, account: &Account, password: Secret<String>) {
        let Some(old) = &account.password_hash else { return };
        let Ok(new) = self.passwords.hash(password).await else { return };
        match self.accounts.rehash(&account.id, old, &new).await {
            Ok(_) => info!(user.id = %account.id, "password hashed with today's parameters"),
            Err(fault) => warn!(error = chain(&fault), "a password keeps its old hash"),
        }
    }
}

/// Why nobody was signed in, for administrators alone. The address that was typed is not kept where
/// there is no such account: people type passwords there.
fn refusal(account: Option<&Account>, fit: Fit) -> Event {
    let event = Event::by(Actor::Unknown, Kind::SignInRefused).method(Means::Password.as_str());
    match account {
        None => event.why("unknown-account"),
        Some(account) => {
            let why = if fit == Fit::Wrong { "password" } else { "disabled" };
            event.about(&account.id).why(why)
        }
    }
}
