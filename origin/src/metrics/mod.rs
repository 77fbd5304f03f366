//! What is counted and measured, for whoever watches over the origin: `GET /metrics` on the operator's port.
//!
//! Labels are words of ours: routes, codes, names of limits and of ways to sign in. Nothing that a request brings
//! gets into one, so nobody can make more series than the program has, and none tells of anybody. What is counted
//! for each request is found once and then only added to: no lock and no text on its way.
//!
//! Outcomes are counted where they are known already: at the router, and around the ports. Services name nothing of
//! this but [`Tally`].

mod counted;
mod pulled;
mod requests;
mod sessions;

use common::problem::Code;
pub(crate) use prometheus::TEXT_FORMAT;
use prometheus::core::Collector;
use prometheus::{
    IntCounter, IntCounterVec, IntGaugeVec, Opts, PullingGauge, Registry, TextEncoder,
};

pub(crate) use self::counted::Counted;
use self::pulled::PulledCounter;
pub(crate) use self::requests::Requests;
use self::sessions::{Refreshes, Revocations};
use crate::port::Tally;

/// The way to sign in that every origin has.
pub(crate) const PASSWORD: &str = "password";

/// What a sign-in that worked is counted as; any other by its code.
const SIGNED_IN: &str = "signed_in";

/// The limits, as [`Throttle`](crate::service::Throttle) calls them.
const LIMITS: [&str; 8] =
    ["sign-in", "sessions", "register", "mail", "mail-to", "changes", "arrive", "revoke"];

/// A name that is no name, or one that is there twice: a mistake in this program.
pub(crate) type MetricsError = prometheus::Error;

/// All that is counted in this process.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: Requests,
    /// Ways to sign in that there are; a path can name any.
    ways: Vec<String>,
    sign_ins: IntCounterVec,
    refreshes: Refreshes,
    revocations: Revocations,
    limits: IntCounterVec,
    letters: Letters,
    failures: Failures,
}

/// Calls that a store did not do.
struct Failures {
    sessions: IntCounter,
    accounts: IntCounter,
}

/// Letters, by what came of handing them over.
struct Letters {
    sent: IntCounter,
    later: IntCounter,
    refused: IntCounter,
}

impl Metrics {
    /// Begins to count; `providers` are the names of other ways to sign in than by a password.
    ///
    /// # Errors
    /// When two are called the same.
    pub(crate) fn new(providers: impl IntoIterator<Item = String>) -> Result<Self, MetricsError> {
        let registry = Registry::new();
        let counters = |name, help, labels: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
            registered(&registry, counters)
        };
        let build = Opts::new("portcullis_build_info", "Always 1; which version this is.");
        let build = registered(&registry, IntGaugeVec::new(build, &["version"])?)?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let ways = providers.into_iter().chain([String::from(PASSWORD)]).collect::<Vec<_>>();
        let sign_ins = counters(
            "portcullis_sign_ins_total",
            "Sign-ins, by the way and what came of them: signed_in, or the code of the refusal.",
            &["way", "outcome"],
        )?;
        // A series that is there from the start: the first refusal is a rise.
        for way in &ways {
            for outcome in [SIGNED_IN, Code::CredentialsInvalid.as_str()] {
                sign_ins.with_label_values(&[way.as_str(), outcome]);
            }
        }
        let limits = counters(
            "portcullis_limits_hit_total",
            "Requests refused because something was tried too often, by the limit.",
            &["limit"],
        )?;
        for limit in LIMITS {
            limits.with_label_values(&[limit]);
        }
        let letters = counters(
            "portcullis_letters_total",
            "Tries to hand over a letter: sent, later (tried again some times), refused (for good).",
            &["outcome"],
        )?;
        let letter = |outcome| letters.with_label_values(&[outcome]);
        let failures = counters(
            "portcullis_store_failures_total",
            "Calls that a store did not do: sessions (redis.url or sessions.db), accounts (database.url).",
            &["store"],
        )?;
        let failure = |store| failures.with_label_values(&[store]);
        let refreshes = Refreshes::new(
            &counters(
                "portcullis_refreshes_total",
                "Refresh tokens presented, by what came of them.",
                &["outcome"],
            )?,
            &counters(
                "portcullis_token_reuse_total",
                "Refresh tokens that somebody had used before: the session was ended.",
                &["how"],
            )?,
        );
        let revocations = Revocations::new(&counters(
            "portcullis_revocations_total",
            "Revocations that are kept, by kind.",
            &["kind"],
        )?);
        let requests = Requests::new(&registry)?;
        Ok(Self {
            requests,
            ways,
            sign_ins,
            refreshes,
            revocations,
            limits,
            letters: Letters {
                sent: letter("sent"),
                later: letter("later"),
                refused: letter("refused"),
            },
            failures: Failures { sessions: failure("sessions"), accounts: failure("accounts") },
            registry,
        })
    }

    /// Counts a sign-in; by a way that there is not, nothing.
    pub(crate) fn sign_in(&self, way: &str, outcome: Result<(), Code>) {
        if self.ways.iter().any(|known| known == way) {
            let outcome = outcome.map_or_else(Code::as_str, |()| SIGNED_IN);
            self.sign_ins.with_label_values(&[way, outcome]).inc();
        }
    }

    /// Counts a refresh token that no store was asked about: it is none of ours, or came with an access token of
    /// another session.
    pub(crate) fn foreign_refresh(&self) {
        self.refreshes.invalid.inc();
    }

    /// Shows a value as it is when somebody asks.
    ///
    /// # Errors
    /// When there is one of this name.
    pub(crate) fn gauge(
        &self,
        name: &str,
        help: &str,
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Result<(), MetricsError> {
        registered(&self.registry, PullingGauge::new(name, help, Box::new(read))?).map(drop)
    }

    /// The same for one that only grows.
    ///
    /// # Errors
    /// When there is one of this name.
    pub(crate) fn counter(
        &self,
        name: &str,
        help: &str,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Result<(), MetricsError> {
        registered(&self.registry, PulledCounter::new(name, help, read)?).map(drop)
    }

    /// All of it, in the text format of Prometheus.
    ///
    /// # Errors
    /// When a value cannot be written, which none of ours is.
    pub(crate) fn text(&self) -> Result<String, MetricsError> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

impl Tally for Metrics {
    fn limited(&self, limit: &'static str) {
        self.limits.with_label_values(&[limit]).inc();
    }
}

/// A number as metrics are: exact up to 2⁵³, which no epoch and no count reaches.
#[expect(
    clippy::cast_precision_loss,
    reason = "what is lost beyond 2⁵³ is no difference to anybody who watches"
)]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}

fn registered<C: Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> Result<C, MetricsError> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}
