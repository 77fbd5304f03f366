//! The composition root: the one place that knows which adapter is behind which port.

pub(crate) mod look;
mod outside;
mod stores;
mod watched;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use common::Epoch;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{error, info, warn};
use url::Url;

use self::outside::Outside;
pub(crate) use self::stores::{SessionStore, accounts, accounts_file, audit, session_store};
use self::stores::{database, state_folder};
use crate::config::Config;
use crate::crypto::{Hashers, KeyRing, OsRandom, SystemClock};
use crate::http::{self, ByMail, Doors, Probes, Services, Work};
use crate::kv::Publisher;
use crate::metrics::{Counted, Metrics};
use crate::port::{
    Accounts, Audit, AuditTrail, BlockLog, Clock, Identities, Passwords, Proofs, Random,
    RotationRules, Signer, TOKEN_DEAD_AFTER,
};
use crate::service::{
    Admin, Change, ClientTrust, Compactor, Credentials, EdgeTrust, Epochs, Heads, Issuer, KeyWatch,
    Login, Memory, Postman, PostmanTools, Profiles, Register, Reset, Revocation, Rotator, Social,
    Throttle, Verify,
};
use crate::store::accounts::SqlAccounts;
use crate::store::audit::SqlAudit;
use crate::telemetry::chain;

/// How long the last audit events may take at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long changes may take at the end whose clients have gone. With the requests' ten seconds, the letters' and
/// this one it stays below the forty that docs/deploy.md gives.
const LAST_STEPS: Duration = Duration::from_secs(5);

/// What a failed start says: each cause has its own words already.
pub(crate) type StartError = Box<dyn Error + Send + Sync>;

/// Everything, wired and ready to serve.
pub(crate) struct App {
    pub(crate) services: Arc<Services>,
    pub(crate) probes: Probes,
    log: Arc<dyn BlockLog>,
    trail: Arc<dyn AuditTrail>,
    publisher: Publisher,
    key_watch: KeyWatch,
    pub(crate) postman: Option<Postman>,
}

/// What a process is wired of.
struct Parts {
    keys: Arc<dyn Signer>,
    stores: SessionStore,
    accounts: SqlAccounts,
    audit: SqlAudit,
    passwords: Arc<dyn Passwords>,
    outside: Outside,
    metrics: Arc<Metrics>,
}

impl App {
    /// Opens keys and stores and wires the services.
    pub(crate) async fn build(config: &Config) -> Result<Self, StartError> {
        state_folder(config)?;
        let keys: Arc<dyn Signer> = Arc::new(KeyRing::open(&config.state)?);
        let (stores, database) = tokio::try_join!(SessionStore::open(config), database(config))?;
        let audit = SqlAudit::start(database.clone(), config.audit.keep);
        let accounts = SqlAccounts::new(database);
        let hashing = &config.passwords;
        let hashers = Hashers::start(hashing.max_concurrent, hashing.queue)?;
        let metrics = Arc::new(Metrics::new(config.oauth.iter().map(|known| known.name.clone()))?);
        watched::hashing(&metrics, &hashers, hashing.max_concurrent)?;
        watched::audit(&metrics, &audit)?;
        let outside = Outside::of(config)?;
        if config.edge_secret.is_none() {
            warn!(
                "no edge.secret: edges that ask what is revoked get no answer, and none is believed; \
                 late retries of a refresh are refused"
            );
        }
        let passwords = Arc::new(hashers);
        Self::wire(config, Parts { keys, stores, accounts, audit, passwords, outside, metrics })
    }

    #[expect(clippy::too_many_lines, reason = "one line a part, and nothing is decided")]
    fn wire(config: &Config, parts: Parts) -> Result<Self, StartError> {
        let Parts { keys, stores, accounts, audit, passwords, outside, metrics } = parts;
        let stores = watched::sessions(stores, &metrics);
        let SessionStore { sessions, log, segments, leases, tries } = stores;
        let throttle =
            Arc::new(Throttle { tries, limits: config.limits.clone(), tally: metrics.clone() });
        let proofs: Arc<dyn Proofs> = Counted::new(Arc::new(accounts.clone()), &metrics);
        let identities: Arc<dyn Identities> = Counted::new(Arc::new(accounts.clone()), &metrics);
        let accounts: Arc<dyn Accounts> = Counted::new(Arc::new(accounts), &metrics);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let random: Arc<dyn Random> = Arc::new(OsRandom);
        let trail: Arc<dyn AuditTrail> = Arc::new(audit.clone());
        let audit: Arc<dyn Audit> = Arc::new(audit);
        let epochs = Arc::new(Epochs::default());
        // An entry outlives the last access token that bears it.
        let retain = TOKEN_DEAD_AFTER;
        let credentials =
            Arc::new(Credentials::new(&config.tokens, keys.clone(), clock.clone(), log.clone()));
        let revocation = Arc::new(Revocation {
            sessions: sessions.clone(),
            log: log.clone(),
            epochs: epochs.clone(),
            audit: audit.clone(),
            retain,
        });
        let issuer = Arc::new(Issuer {
            tokens: config.tokens.clone(),
            rules: config.sessions.clone(),
            accounts: accounts.clone(),
            identities: identities.clone(),
            sessions: sessions.clone(),
            signer: keys.clone(),
            clock: clock.clone(),
            random: random.clone(),
            audit: audit.clone(),
            epochs: epochs.clone(),
            revocation: revocation.clone(),
            throttle: throttle.clone(),
        });
        let own_origin = own_origin(&config.tokens.issuer);
        let host = own_origin.split_once("://").map_or("", |(_, host)| host).to_owned();
        let require_verification =
            config.mail.as_ref().is_some_and(|mail| mail.require_verification);
        let tools = |mailer| PostmanTools {
            accounts: accounts.clone(),
            proofs: proofs.clone(),
            mailer,
            random: random.clone(),
            clock: clock.clone(),
            audit: audit.clone(),
            site: config.tokens.issuer.clone(),
        };
        let (by_mail, postman) = outside
            .mailer
            .map(|mailer| {
                let mailer = Counted::new(mailer, &metrics);
                letters(tools(mailer), &passwords, &revocation, &throttle, &identities, &host)
            })
            .unzip();
        let outbox = by_mail.as_ref().map(|by_mail: &ByMail| by_mail.outbox.clone());
        outbox.as_ref().map(|outbox| watched::letters(&metrics, outbox)).transpose()?;
        watched::heads(&metrics, &keys, &epochs)?;
        let heads = Arc::new(Heads::new(
            &config.tokens.issuer,
            log.clone(),
            segments.clone(),
            keys.clone(),
            clock.clone(),
            epochs.clone(),
        ));
        let key_watch = KeyWatch {
            signer: keys.clone(),
            log: log.clone(),
            epochs: epochs.clone(),
            heads: heads.clone(),
        };
        let services = Services {
            admin: Admin {
                accounts: accounts.clone(),
                proofs: proofs.clone(),
                sessions: sessions.clone(),
                log: log.clone(),
                epochs: epochs.clone(),
                audit: audit.clone(),
                trail: trail.clone(),
                retain,
            },
            clients: ClientTrust::new(config.clients.clone()),
            by_mail,
            change: Change {
                accounts: accounts.clone(),
                proofs,
                passwords: passwords.clone(),
                revocation: revocation.clone(),
                throttle: throttle.clone(),
                audit: audit.clone(),
                clock: clock.clone(),
                outbox: outbox.clone(),
                host: host.clone(),
            },
            edge: EdgeTrust::new(config.edge_secret.clone()),
            login: Login {
                accounts: accounts.clone(),
                passwords: passwords.clone(),
                issuer: issuer.clone(),
                throttle: throttle.clone(),
                audit: audit.clone(),
                require_verification,
            },
            profiles: Profiles { accounts: accounts.clone(), sessions: sessions.clone() },
            register: Register {
                accounts: accounts.clone(),
                passwords,
                clock: clock.clone(),
                random: random.clone(),
                audit: audit.clone(),
                throttle: throttle.clone(),
                outbox: outbox.clone(),
                require_verification,
                host,
            },
            revocation,
            rotator: Rotator {
                credentials: credentials.clone(),
                sessions: sessions.clone(),
                accounts: accounts.clone(),
                memory: Memory::default(),
                clock: clock.clone(),
                issuer: issuer.clone(),
                random: random.clone(),
                epochs: epochs.clone(),
                audit: audit.clone(),
                rules: RotationRules { grace: config.sessions.grace, retain },
                outbox: outbox.clone(),
            },
            social: Social {
                outbox,
                throttle: throttle.clone(),
                providers: outside.providers,
                require_verification,
                audit: audit.clone(),
                accounts: accounts.clone(),
                identities,
                issuer,
                clock: clock.clone(),
                random: random.clone(),
            },
            throttle,
            credentials,
            epochs: epochs.clone(),
            heads: heads.clone(),
            signer: keys,
            clock: clock.clone(),
            issuer: config.tokens.issuer.clone(),
            audience: config.tokens.audience.clone(),
            client_id: config.tokens.client_id.clone(),
            own_origin,
            work: Work::default(),
            metrics: metrics.clone(),
        };
        let compactor = Compactor { log: log.clone(), segments, random: random.clone() };
        let publisher = Publisher {
            heads,
            compactor,
            epochs,
            log: log.clone(),
            leases,
            clock,
            random,
            mailbox: outside.mailbox,
            standing: Arc::default(),
        };
        if publisher.mailbox.is_some() {
            watched::publisher(&metrics, &publisher.standing)?;
        }
        let probes = Probes { accounts, sessions, metrics };
        let services = Arc::new(services);
        Ok(Self { services, probes, log, trail, publisher, key_watch, postman })
    }

    /// Waits until what this process did is in the audit log, as far as that is possible.
    pub(crate) async fn settle(&self) {
        settle(&*self.trail).await;
    }

    /// Serves at these doors until `stop` is sent, and leaves nothing behind.
    pub(crate) async fn run(
        self,
        Doors { public, operator }: Doors,
        stop: watch::Receiver<bool>,
    ) -> Result<(), StartError> {
        // The store may have been rolled back while no origin was there to notice.
        self.log.advance(Epoch::ZERO).await?;
        // So that the first answers bear the right epoch already.
        if let Err(fault) = self.services.heads.make().await {
            // Sign-in and sign-out work without a head; the publisher tries again.
            error!(error = chain(&fault), "no head can be made");
        }
        info!(address = %public.address, operator = %operator.address, "serving");
        // The publisher goes last: what requests in progress revoke is published too.
        let (quiet, publisher_stop) = watch::channel(false);
        let publisher = tokio::spawn(self.publisher.run(publisher_stop.clone()));
        let postman = self.postman.map(|postman| tokio::spawn(postman.run(publisher_stop)));
        tokio::spawn(self.key_watch.run(stop.clone()));
        let probes = http::serve(operator, http::operator(self.probes), stop.clone());
        let router = http::public(Arc::clone(&self.services));
        tokio::join!(http::serve(public, router, stop), probes);
        // What goes on without a connection.
        if timeout(LAST_STEPS, self.services.work.done()).await.is_err() {
            warn!("changes were still under way; they are cut off");
        }
        quiet.send_replace(true);
        publisher.await?;
        if let Some(postman) = postman {
            postman.await?;
        }
        settle(&*self.trail).await;
        info!("stopped");
        Ok(())
    }
}

/// What is done by letters, and who writes them.
fn letters(
    tools: PostmanTools,
    passwords: &Arc<dyn Passwords>,
    revocation: &Arc<Revocation>,
    throttle: &Arc<Throttle>,
    identities: &Arc<dyn Identities>,
    host: &str,
) -> (ByMail, Postman) {
    let (accounts, proofs) = (tools.accounts.clone(), tools.proofs.clone());
    let (clock, audit) = (tools.clock.clone(), tools.audit.clone());
    let (outbox, postman) = Postman::new(tools);
    let verify = Verify {
        accounts: accounts.clone(),
        proofs: proofs.clone(),
        identities: identities.clone(),
        revocation: revocation.clone(),
        throttle: throttle.clone(),
        clock: clock.clone(),
        audit: audit.clone(),
        outbox: outbox.clone(),
    };
    let reset = Reset {
        accounts,
        proofs,
        identities: identities.clone(),
        passwords: passwords.clone(),
        revocation: revocation.clone(),
        throttle: throttle.clone(),
        clock,
        audit,
        outbox: outbox.clone(),
        host: host.to_owned(),
    };
    (ByMail { verify, reset, outbox }, postman)
}

/// Waits until what was recorded is kept.
async fn settle(trail: &dyn AuditTrail) {
    if timeout(FAREWELL, trail.settled()).await.is_err() {
        warn!("the last audit events were not kept: the database does not answer");
    }
}

/// What browsers send as `Origin` from the issuer's own pages (RFC 6454 §6.2).
fn own_origin(issuer: &str) -> String {
    Url::parse(issuer)
        .map_or_else(|_| String::from(issuer), |url| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests;
