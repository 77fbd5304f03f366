//! The stores: whether they answer, are up to date, and keep what they are told.

use common::{Epoch, UnixMillis};

use super::finding::{Finding, in_time};
use crate::app::StartError;
use crate::app::look::{self, FoundSessions, Tables};
use crate::config::Config;
use crate::crypto::SystemClock;
use crate::port::{Clock as _, StoreFault};
use crate::telemetry::chain;

/// Milliseconds that a clock may be off without anybody noticing; and how much tokens forgive.
const CLOCKS: u64 = 2_000;
const LEEWAY: u64 = 30_000;

/// The store of sessions, and whether it answers.
pub(super) async fn sessions(config: &Config) -> (Vec<Finding>, bool) {
    let what = if config.redis.is_some() { "redis.url" } else { "sessions" };
    match in_time(what, look_at_sessions(config, what)).await {
        Ok(findings) => (findings, true),
        Err(finding) => (vec![finding], false),
    }
}

/// The store's epoch at this time; none where it does not answer.
pub(super) async fn epoch(config: &Config) -> Option<Epoch> {
    found(config).await.ok()?.log.epoch().await.ok()
}

async fn found(config: &Config) -> Result<FoundSessions, StartError> {
    match &config.redis {
        Some(redis) => look::redis(redis).await,
        None => look::embedded(config).await,
    }
}

async fn look_at_sessions(config: &Config, what: &str) -> Result<Vec<Finding>, Finding> {
    let found = found(config).await.map_err(|error| Finding::wrong(what, chain(&*error)))?;
    check_tables(what, &found.what, found.tables)?;
    let failed = |fault: StoreFault| Finding::wrong(what, chain(&fault));
    let FoundSessions { what: told, sessions, log, .. } = found;
    let epoch = log.epoch().await.map_err(failed)?;
    let there = sessions.now().await.map_err(failed)?;
    let mut findings = vec![Finding::good(what, format!("{told}; epoch {epoch}"))];
    if config.redis.is_some() {
        findings.push(clock(there, SystemClock.now_ms()));
    }
    Ok(findings)
}

fn clock(there: UnixMillis, here: UnixMillis) -> Finding {
    let off = there.get().abs_diff(here.get());
    let told = format!("{}.{} s between this machine and the store", off / 1000, off % 1000 / 100);
    let todo = "see that both keep time (`timedatectl`)";
    match off {
        ..CLOCKS => Finding::good("clock", told),
        CLOCKS..LEEWAY => Finding::doubtful("clock", format!("{told}; {todo}")),
        _ => Finding::wrong("clock", format!("{told}, more than tokens forgive; {todo}")),
    }
}

/// The database of the accounts.
pub(super) async fn accounts(config: &Config) -> Finding {
    let what = if config.database.is_some() { "database.url" } else { "accounts" };
    let looking = async {
        let (told, tables) =
            look::database(config).await.map_err(|error| Finding::wrong(what, chain(&*error)))?;
        check_tables(what, &told, tables)?;
        Ok(Finding::good(what, format!("{told}, up to date")))
    };
    in_time(what, looking).await.unwrap_or_else(|finding| finding)
}

fn check_tables(what: &str, told: &str, tables: Tables) -> Result<(), Finding> {
    match tables {
        Tables::Current => Ok(()),
        Tables::Behind(steps) => Err(Finding::wrong(
            what,
            format!(
                "{told}: its tables are {steps} steps behind; run `origin migrate`, or `origin serve`"
            ),
        )),
        Tables::Ahead => Err(Finding::wrong(
            what,
            format!("{told}: a newer version made its tables; run that one"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn clocks_may_differ_by_as_much_as_nobody_notices() {
        let here = UnixMillis::new(1_800_000_000_000);
        for (off, expected) in [
            (0, Verdict::Good),
            (1_999, Verdict::Good),
            (2_000, Verdict::Doubtful),
            (29_999, Verdict::Doubtful),
            (30_000, Verdict::Wrong),
        ] {
            for there in [here.get() + off, here.get() - off] {
                assert_eq!(clock(UnixMillis::new(there), here).verdict, expected, "{off}");
            }
        }
    }
}
