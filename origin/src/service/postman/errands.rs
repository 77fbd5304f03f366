//! How each errand is done, up to its letter, and how that is handed over.

use std::time::Duration;

use common::{Secret, UnixSeconds};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{error, info, warn};

use super::super::alarm::ALARM_PAUSE;
use super::super::letters::{self, Language, RESET_FOR, VERIFY_FOR};
use super::super::{Fault, proof};
use super::{Errand, Tools};
use crate::port::{
    Account, AccountError, Email, Event, Kind, Letter, MailFault, NewAccount, NewProof, Purpose,
};
use crate::telemetry::chain;

/// How long after a letter the same one is not sent to the same account again.
const PAUSE: Duration = Duration::from_mins(1);

/// How long before each further try to hand over a letter.
const BACK_OFF: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_mins(1),
    Duration::from_mins(5),
];

impl Tools {
    /// Does an errand.
    pub(super) async fn run(
        &self,
        errand: Errand,
        language: Language,
        mut stop: watch::Receiver<bool>,
    ) {
        match self.letter(errand, language, &mut stop).await {
            Ok(Some(letter)) => {
                self.send(&letter, &mut stop).await;
            }
            Ok(None) => {}
            Err(fault) => {
                error!(error = chain(&fault), "a letter was not written");
            }
        }
    }

    /// Does an errand up to its letter.
    async fn letter(
        &self,
        errand: Errand,
        language: Language,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Option<Letter>, Fault> {
        let now = self.clock.now();
        match errand {
            Errand::Register(new) => self.register(*new, language).await,
            Errand::Verify(email) => {
                let account = self.accounts.by_email(&email).await?;
                let account =
                    account.filter(|account| !account.disabled && !account.email_verified);
                let Some(account) = account else { return Ok(None) };
                self.verify(&account, email.as_str(), now, language).await
            }
            Errand::Forgot(email) => {
                let account = self.accounts.by_email(&email).await?;
                let Some(account) = account.filter(|account| !account.disabled) else {
                    return Ok(None);
                };
                let Some(secret) =
                    self.prove(&account, Purpose::Reset, email.as_str(), now).await?
                else {
                    return Ok(None);
                };
                let link = self.link("/auth/reset", &secret);
                let subject = letters::Subject::Reset { link: &link };
                Ok(Some(letters::letter(subject, language, self.host(), email.as_str())))
            }
            Errand::Address { account, email, asked } => {
                let account = self.warned(*account, &email, asked, language, stop).await?;
                let Some(account) = account else { return Ok(None) };
                self.verify(&account, email.as_str(), asked, language).await
            }
            Errand::Alarm(alarm) => self.alarm(&alarm).await,
            Errand::PasswordChanged(account) => {
                let forgot = self.page("/auth/forgot");
                let subject = letters::Subject::PasswordChanged { forgot: &forgot };
                Ok(Some(letters::letter(subject, language, self.host(), &account.email)))
            }
            Errand::LoginLinked(account, provider) => {
                let (page, forgot) = (self.page("/auth/account"), self.page("/auth/forgot"));
                let subject = letters::Subject::LoginLinked {
                    provider: &provider,
                    account: &page,
                    forgot: &forgot,
                };
                Ok(Some(letters::letter(subject, language, self.host(), &account.email)))
            }
            Errand::LoginUnlinked(account, provider) => {
                let forgot = self.page("/auth/forgot");
                let subject =
                    letters::Subject::LoginUnlinked { provider: &provider, forgot: &forgot };
                Ok(Some(letters::letter(subject, language, self.host(), &account.email)))
            }
        }
    }

    /// The account that is to get another address, once whoever reads the old one has heard of it; `None` when it is
    /// not to get it.
    async fn warned(
        &self,
        then: Account,
        email: &Email,
        asked: UnixSeconds,
        language: Language,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Option<Account>, Fault> {
        // Another one that was asked for before, by a slip perhaps, is not to come true meanwhile.
        self.proofs.forget_others(Purpose::Verify, &then.id, email, asked).await?;
        let forgot = self.page("/auth/forgot");
        let subject = letters::Subject::AddressChanging { forgot: &forgot };
        let warning = letters::letter(subject, language, self.host(), &then.email);
        if then.email_verified {
            if !self.send(&warning, stop).await {
                warn!(user.id = %then.id, "the old address was not told: it stays");
                return Ok(None);
            }
        } else if let Err(fault) = self.mailer.send(&warning).await {
            // Perhaps it is the slip that is being mended.
            warn!(user.id = %then.id, error = %fault, "an old address that nobody has proven was not told");
        }
        if self.accounts.by_email(email).await?.is_some() {
            return Ok(None);
        }
        // Whoever has replaced the password since takes back what was asked for with the old one.
        let is_as_then =
            |now: &Account| !now.disabled && now.email == then.email && now.has_password_of(&then);
        Ok(self.accounts.by_id(&then.id).await?.filter(is_as_then))
    }

    async fn register(&self, new: NewAccount, language: Language) -> Result<Option<Letter>, Fault> {
        let now = self.clock.now();
        match self.accounts.create(&new).await {
            Ok(account) => {
                let event = Event::by_user(Kind::AccountMade, &account.id);
                self.audit.record(event.method("password"));
                self.verify(&account, new.email.as_str(), now, language).await
            }
            Err(AccountError::Taken) => {
                let account = self.accounts.by_email(&new.email).await?;
                let Some(account) = account.filter(|account| !account.disabled) else {
                    return Ok(None);
                };
                // Where nobody has proven this address, more than one may have registered it. Whoever does prove it
                // chooses a password then; none of those chosen before counts, and no login linked before.
                if account.email_verified || !self.accounts.contest(&account.id).await? {
                    return self.registered(&account, now, language).await;
                }
                self.verify(&account, new.email.as_str(), now, language).await
            }
            Err(AccountError::Store(fault)) => Err(fault.into()),
        }
    }

    async fn registered(
        &self,
        account: &Account,
        now: UnixSeconds,
        language: Language,
    ) -> Result<Option<Letter>, Fault> {
        let told = self.prove(account, Purpose::Notice, &account.email, now).await?;
        let (sign_in, forgot) = (self.page("/auth/login"), self.page("/auth/forgot"));
        let subject = letters::Subject::Registered { sign_in: &sign_in, forgot: &forgot };
        Ok(told.map(|_| letters::letter(subject, language, self.host(), &account.email)))
    }

    async fn verify(
        &self,
        account: &Account,
        email: &str,
        asked: UnixSeconds,
        language: Language,
    ) -> Result<Option<Letter>, Fault> {
        let secret = self.prove(account, Purpose::Verify, email, asked).await?;
        Ok(secret.map(|secret| {
            let link = self.link("/auth/verify", &secret);
            letters::letter(letters::Subject::Verify { link: &link }, language, self.host(), email)
        }))
    }

    /// A new proof in place of the one before; `None` when that one is too young, or was asked for later. One that
    /// went to another address is never too young: it may be a slip, whose reader is not to have the account. But
    /// nobody has the address confirmed again that the account has, while it is to get another.
    pub(in crate::service) async fn prove(
        &self,
        account: &Account,
        purpose: Purpose,
        email: &str,
        asked: UnixSeconds,
    ) -> Result<Option<Secret<String>>, Fault> {
        let secret = Secret::new(self.random.opaque());
        let now = self.clock.now();
        let (life, pause) = match purpose {
            Purpose::Verify => (VERIFY_FOR, PAUSE),
            Purpose::Reset => (RESET_FOR, PAUSE),
            Purpose::Notice => (PAUSE, PAUSE),
            Purpose::Alarm => (ALARM_PAUSE, ALARM_PAUSE),
        };
        let new = NewProof {
            purpose,
            account: account.id.clone(),
            digest: proof::digest(&secret),
            email: String::from(email),
            made_at: asked,
            expires_at: now.plus(life),
            outweighs: purpose != Purpose::Verify || email != account.email,
        };
        let pause = UnixSeconds::new(now.get().saturating_sub(pause.as_secs()));
        Ok(self.proofs.keep(&new, pause).await?.then_some(secret))
    }

    /// Hands a letter over, trying again for some minutes; whether that worked.
    async fn send(&self, letter: &Letter, stop: &mut watch::Receiver<bool>) -> bool {
        let mut waits = BACK_OFF.into_iter();
        loop {
            let fault = match self.mailer.send(letter).await {
                Ok(()) => {
                    info!("letter sent");
                    return true;
                }
                Err(fault) => fault,
            };
            let wait = waits.next().filter(|_| matches!(fault, MailFault::Later(_)));
            let Some(wait) = wait else {
                error!(error = %fault, "a letter was not sent");
                return false;
            };
            warn!(error = %fault, again_in = ?wait, "a letter was not sent yet");
            tokio::select! {
                () = sleep(wait) => {}
                _ = stop.wait_for(|stop| *stop) => {
                    error!(error = %fault, "a letter was not sent before the end");
                    return false;
                }
            }
        }
    }

    pub(in crate::service) fn host(&self) -> &str {
        self.site.split_once("://").map_or(&*self.site, |(_, host)| host)
    }

    pub(in crate::service) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.site)
    }

    fn link(&self, path: &str, secret: &Secret<String>) -> Secret<String> {
        Secret::new(format!("{}{path}?token={}", self.site, secret.expose()))
    }
}
