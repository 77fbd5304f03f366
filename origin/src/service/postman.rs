//! Errands that end in a letter, done outside of the request that asks for them: whether there is an
//! account at an address shows neither in an answer nor in its time. What is accepted is done unless
//! the process dies; nobody was promised a letter.

mod errands;

use std::sync::Arc;
use std::time::Duration;

use common::UnixSeconds;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use super::alarm::Alarm;
use super::letters::Language;
use crate::port::{Account, Accounts, Audit, Clock, Email, Mailer, NewAccount, Proofs, Random};
use crate::telemetry::chain;

/// Errands that wait. One more is refused with "busy", whoever it is for.
const QUEUE: usize = 1024;

/// Errands done at a time. Most of one is waiting for the mail server.
const AT_A_TIME: usize = 64;

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
    /// To let this account, as it was when that was asked for, prove an address that is to be its own.
    Address { account: Box<Account>, email: Email, asked: UnixSeconds },
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
