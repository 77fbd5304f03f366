//! Sessions, block log and leases in Redis: one server, or the primary that Sentinels or a Cluster
//! make out. Each call is one script or command, one round trip, timed by Redis' own clock; a
//! revocation also waits for replicas where the operator wants that.

mod address;
mod block_log;
mod fitness;
mod invocation;
mod keepers;
mod keys;
mod lease;
mod link;
mod primary;
mod script;
mod segments;
mod sessions;
mod tries;

#[cfg(test)]
pub(super) mod bench;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod durability;
#[cfg(test)]
mod failover;
#[cfg(test)]
pub(crate) mod server;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, FromRedisValue, InfoDict, RedisError, ServerErrorKind, cmd};
use tokio::time::Instant;

use self::address::Address;
pub(super) use self::fitness::Unfit;
use self::invocation::Invocation;
use self::keepers::Keepers;
use self::link::{Call, Link, Resend};
use super::OpenError;
use crate::config::Redis;
use crate::port::StoreFault;

const NAME: &str = "redis";
const KEY: &str = "redis.url";
/// How long a start waits for a Redis that starts at the same time.
const STARTING: Duration = Duration::from_secs(5);

/// The Redis store. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub(crate) struct RedisStore {
    link: Arc<Link>,
    /// `None` where replicas need not confirm.
    keepers: Option<Arc<Keepers>>,
}

impl RedisStore {
    /// Connects, and sees that what is told there is kept.
    ///
    /// # Errors
    /// [`OpenError`] when the URL is none of Redis, nothing answers there, or it is set up such
    /// that it would lose revocations.
    pub(crate) async fn connect(config: &Redis) -> Result<Self, OpenError> {
        Self::reach(config, STARTING).await.map(|(store, _)| store)
    }

    /// Looks at what is there now, and changes nothing: the store, and what it is in words.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub(crate) async fn look(config: &Redis) -> Result<(Self, String), OpenError> {
        let (store, info) = Self::reach(config, Duration::ZERO).await?;
        let version: String = info.get("redis_version").unwrap_or_default();
        let keeps =
            if info.get("aof_enabled") == Some(1) { "appendonly on" } else { "appendonly off" };
        let replicas = fitness::replicas(&info);
        Ok((store, format!("Redis {version}, noeviction, {keeps}, {replicas} replicas in sync")))
    }

    async fn reach(config: &Redis, patience: Duration) -> Result<(Self, InfoDict), OpenError> {
        let address = Address::parse(config.url.expose())
            .ok_or(OpenError::Setting { key: KEY, expected: Address::EXPECTED })?;
        let address = Arc::new(address);
        let link = Link::new(address.clone());
        let info = Call::Command(cmd("INFO"));
        let deadline = Instant::now() + patience;
        let info: InfoDict = loop {
            match link.send(&info, Resend::Harmless).await {
                Ok(info) => break info,
                Err(StoreFault::Unavailable { .. }) if Instant::now() < deadline => {
                    tokio::time::sleep(STARTING / 20).await;
                }
                Err(fault) => return Err(OpenError::Store { key: KEY, fault }),
            }
        };
        fitness::check(&info, &address, config)?;
        let keepers =
            (config.wait_replicas > 0).then(|| Keepers::new(&address, config.wait_replicas));
        Ok((Self { link: Arc::new(link), keepers: keepers.map(Arc::new) }, info))
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: Invocation,
        resend: Resend,
    ) -> Result<T, StoreFault> {
        self.link.send(&Call::Script(script), resend).await
    }

    /// Runs a script that revokes, and may be done twice. Answered once as many replicas have it as
    /// the operator wants.
    async fn keep<T: FromRedisValue>(&self, script: Invocation) -> Result<T, StoreFault> {
        match &self.keepers {
            Some(keepers) => keepers.run(script).await,
            None => self.run(script, Resend::Harmless).await,
        }
    }
}

/// Says in the port's words what the client said.
fn fault(error: RedisError) -> StoreFault {
    let corrupt = match error.kind() {
        // CORRUPT is what our scripts say; WRONGTYPE is said of a key that holds another type.
        ErrorKind::Extension => matches!(error.code(), Some("CORRUPT" | "WRONGTYPE")),
        // A script of ours that stops by itself met something that it cannot compute with.
        ErrorKind::Server(ServerErrorKind::ResponseError) => {
            error.detail().is_some_and(|detail| detail.contains("user_script"))
        }
        ErrorKind::UnexpectedReturnType | ErrorKind::Parse => true,
        _ => false,
    };
    if corrupt {
        StoreFault::Corrupt { store: NAME, what: error.to_string() }
    } else {
        StoreFault::Unavailable { store: NAME, source: Box::new(error) }
    }
}

fn corrupt(what: String) -> StoreFault {
    StoreFault::Corrupt { store: NAME, what }
}
