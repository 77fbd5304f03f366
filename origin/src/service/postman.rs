//! Errands that end in a letter, done outside of the request that asks for them: whether there is an
//! account at an address shows neither in an answer nor in its time. What is accepted is done unless
//! the process dies; nobody was promised a letter.

use std::sync::Arc;
use std::time::Duration;

use common::{Secret, UnixSeconds};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{error, info, warn};

use super::alarm::{ALARM_PAUSE, Alarm};
use super::letters::{self, Language, RESET_FOR, VERIFY_FOR};
use super::{Fault, proof};
use crate::port::{
    Account, AccountError, Accounts, Audit, Clock, Email, Event, Kind, Letter, MailFault, Mailer,
    NewAccount, NewProof, Proofs, Purpose, Random,
};
use crate::telemetry::chain;

/// Errands that wait. One more is refused with "busy", whoever it is for.
const QUEUE: usize = 1024;

/// Errands done at a time. Most of one is waiting for the mail server.
const AT_A_TIME: usize = 64;

/// How long after a letter the same one is not sent to the same account again.
const PAUSE: Duration = Duration::from_mins(1);

/// How long before each further try to hand over a letter.
const BACK_OFF: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_mins(1),
    Duration::from_mins(5),
];

/// How long errands get at the end of the process. No new try is begun then.
const FAREWELL: Duration = Duration::from_secs(15);

/// How often what has expired is removed.
const PRUNING: Duration = Duration::from_hours(1);

/// Something to do that ends in a letter, or in none.
#[derive(Debug)]
pub(crate) enum Errand {
    /// To make this account, or to tell the owner of its address that there is one.
    Register(Box<NewAccount>),
    /// To let an account prove its address, if it has not.
    Verify(Email),
    /// To let an account choose another password.
    Forgot(Email),
    /// To let this account prove an address that is to be its own.
    Address(Box<Account>, Email),
    /// To tell the owner of this account that its password was changed.
    PasswordChanged(Box<Account>),
    /// To tell the owner of this account that a login elsewhere, called so, opens it from now on.
    LoginLinked(Box<Account>, String),
    /// The same for one that does not any more.
    LoginUnlinked(Box<Account>, String),
    /// To tell the owner of an account that a sign-in of theirs was in two hands.
    Alarm(Box<Alarm>),
}

/// Takes errands.
#[derive(Clone, Debug)]
pub(crate) struct Outbox(mpsc::Sender<(Errand, Language)>);

/// There are too many already.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("too many letters wait to be written")]
pub(crate) struct Full;

impl Outbox {
    /// Takes an errand. Never waits.
    pub(crate) fn put(&self, errand: Errand, language: Language) -> Result<(), Full> {
        self.0.try_send((errand, language)).map_err(|_| Full)
    }

    /// Errands that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.max_capacity().saturating_sub(self.0.capacity())
    }
}

/// What errands are done with.
pub(crate) struct Tools {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) proofs: Arc<dyn Proofs>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) audit: Arc<dyn Audit>,
    /// The issuer's URL, which links begin with.
    pub(crate) site: String,
}

/// Does errands.
pub(crate) struct Postman {
    tools: Arc<Tools>,
    inbox: mpsc::Receiver<(Errand, Language)>,
    stop: watch::Sender<bool>,
}

impl Postman {
    pub(crate) fn new(tools: Tools) -> (Outbox, Self) {
        let (outbox, inbox) = mpsc::channel(QUEUE);
        (Outbox(outbox), Self { tools: Arc::new(tools), inbox, stop: watch::Sender::new(false) })
    }

    /// Does errands until `stop` is sent, and then those that were accepted before.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut under_way = JoinSet::new();
        let mut prune = tokio::time::interval(PRUNING);
        loop {
            tokio::select! {
                Some(errand) = self.inbox.recv(), if under_way.len() < AT_A_TIME => {
                    self.begin(errand, &mut under_way);
                }
                Some(_) = under_way.join_next() => {}
                _ = prune.tick() => {
                    let now = self.tools.clock.now();
                    if let Err(fault) = self.tools.proofs.prune(now).await {
                        warn!(error = chain(&fault), "old proofs stay for now");
                    }
                }
                // A sender that is gone asks to stop too.
                _ = stop.changed() => break,
            }
        }
        self.farewell(under_way).await;
    }

    fn begin(&self, (errand, language): (Errand, Language), under_way: &mut JoinSet<()>) {
        let (tools, stop) = (Arc::clone(&self.tools), self.stop.subscribe());
        under_way.spawn(async move { tools.run(errand, language, stop).await });
    }

    async fn farewell(mut self, mut under_way: JoinSet<()>) {
        let end = Instant::now() + FAREWELL;
        self.inbox.close();
        self.stop.send_replace(true);
        while let Some(errand) = self.inbox.recv().await {
            self.begin(errand, &mut under_way);
        }
        while let Ok(Some(_)) = timeout_at(end, under_way.join_next()).await {}
        if !under_way.is_empty() {
            warn!(letters = under_way.len(), "letters are left unsent");
        }
    }
}

impl Tools {
    async fn run(&self, errand: Errand, language: Language, stop: watch::Receiver<bool>) {
        match self.letter(errand, language).await {
            Ok(Some(letter)) => self.send(&letter, stop).await,
            Ok(None) => {}
            Err(fault) => {
                error!(error = chain(&fault), "a letter was not written");
            }
        }
    }

    /// Does an errand up to its letter.
    async fn letter(&self, errand: Errand, language: Language) -> Result<Option<Letter>, Fault> {
        match errand {
            Errand::Register(new) => self.register(*new, language).await,
            Errand::Verify(email) => {
                let account = self.accounts.by_email(&email).await?;
                let account =
                    account.filter(|account| !account.disabled && !account.email_verified);
                let Some(account) = account else { return Ok(None) };
                self.verify(&account, email.as_str(), language).await
            }
            Errand::Forgot(email) => {
                let account = self.accounts.by_email(&email).await?;
                let Some(account) = account.filter(|account| !account.disabled) else {
                    return Ok(None);
                };
                let Some(secret) = self.prove(&account, Purpose::Reset, email.as_str()).await?
                else {
                    return Ok(None);
                };
                let link = self.link("/auth/reset", &secret);
                let subject = letters::Subject::Reset { link: &link };
                Ok(Some(letters::letter(subject, language, self.host(), email.as_str())))
            }
            Errand::Address(account, email) => {
                // Whoever reads the old address hears of it first.
                let forgot = self.page("/auth/forgot");
                let subject = letters::Subject::AddressChanging { forgot: &forgot };
                let warning = letters::letter(subject, language, self.host(), &account.email);
                if let Err(fault) = self.mailer.send(&warning).await {
                    warn!(user.id = %account.id, error = %fault, "the old address was not told");
                }
                if self.accounts.by_email(&email).await?.is_some() {
                    return Ok(None);
                }
                // Whoever has replaced the password since takes back what was asked for with the old one.
                let now = self.accounts.by_id(&account.id).await?;
                let now = now.filter(|now| !now.disabled && now.has_password_of(&account));
                let Some(account) = now else { return Ok(None) };
                self.verify(&account, email.as_str(), language).await
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

    async fn register(&self, new: NewAccount, language: Language) -> Result<Option<Letter>, Fault> {
        match self.accounts.create(&new).await {
            Ok(account) => {
                let event = Event::by_user(Kind::AccountMade, &account.id);
                self.audit.record(event.method("password"));
                self.verify(&account, new.email.as_str(), language).await
            }
            Err(AccountError::Taken) => {
                let account = self.accounts.by_email(&new.email).await?;
                let Some(account) = account.filter(|account| !account.disabled) else {
                    return Ok(None);
                };
                if account.email_verified {
                    return self.registered(&account, language).await;
                }
                // Nobody has proven this address, and more than one may have registered it. Whoever does
                // prove it chooses a password then; none of those chosen before counts.
                self.accounts.forget_password(&account.id).await?;
                self.verify(&account, new.email.as_str(), language).await
            }
            Err(AccountError::Store(fault)) => Err(fault.into()),
        }
    }

    async fn registered(
        &self,
        account: &Account,
        language: Language,
    ) -> Result<Option<Letter>, Fault> {
        let told = self.prove(account, Purpose::Notice, &account.email).await?;
        let (sign_in, forgot) = (self.page("/auth/login"), self.page("/auth/forgot"));
        let subject = letters::Subject::Registered { sign_in: &sign_in, forgot: &forgot };
        Ok(told.map(|_| letters::letter(subject, language, self.host(), &account.email)))
    }

    async fn verify(
        &self,
        account: &Account,
        email: &str,
        language: Language,
    ) -> Result<Option<Letter>, Fault> {
        let secret = self.prove(account, Purpose::Verify, email).await?;
        Ok(secret.map(|secret| {
            let link = self.link("/auth/verify", &secret);
            letters::letter(letters::Subject::Verify { link: &link }, language, self.host(), email)
        }))
    }

    /// A new proof in place of the one before; `None` when that one is too young.
    pub(super) async fn prove(
        &self,
        account: &Account,
        purpose: Purpose,
        email: &str,
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
            made_at: now,
            expires_at: now.plus(life),
        };
        let pause = UnixSeconds::new(now.get().saturating_sub(pause.as_secs()));
        Ok(self.proofs.keep(&new, pause).await?.then_some(secret))
    }

    /// Hands a letter over, trying again for some minutes.
    async fn send(&self, letter: &Letter, mut stop: watch::Receiver<bool>) {
        let mut waits = BACK_OFF.into_iter();
        loop {
            let fault = match self.mailer.send(letter).await {
                Ok(()) => return info!("letter sent"),
                Err(fault) => fault,
            };
            let wait = waits.next().filter(|_| matches!(fault, MailFault::Later(_)));
            let Some(wait) = wait else {
                return error!(error = %fault, "a letter was not sent");
            };
            warn!(error = %fault, again_in = ?wait, "a letter was not sent yet");
            tokio::select! {
                () = sleep(wait) => {}
                _ = stop.wait_for(|stop| *stop) => {
                    return error!(error = %fault, "a letter was not sent before the end");
                }
            }
        }
    }

    pub(super) fn host(&self) -> &str {
        self.site.split_once("://").map_or(&*self.site, |(_, host)| host)
    }

    pub(super) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.site)
    }

    fn link(&self, path: &str, secret: &Secret<String>) -> Secret<String> {
        Secret::new(format!("{}{path}?token={}", self.site, secret.expose()))
    }
}
