//! Revocations that have to outlive a failover: answered once enough replicas have them.
//!
//! WAIT holds up everything on its connection, so these calls have connections of their own, one
//! call at a time on each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisResult, Value, cmd};
use tokio::sync::Mutex;

use super::address::Address;
use super::invocation::Invocation;
use super::keys::Key;
use super::link::{Call, Link, Resend, within_budget};
use crate::port::StoreFault;

/// How many calls can wait for replicas at once.
const LINKS: usize = 16;

/// How long replicas may take: it leaves a second in all to whoever asks.
const WAIT: Duration = Duration::from_millis(500);

/// The connections of calls that wait for replicas.
pub(super) struct Keepers {
    replicas: u8,
    links: [Mutex<Link>; LINKS],
    /// Whose turn it is to queue a call when all are at work.
    turn: AtomicUsize,
}

impl Keepers {
    /// Connects as calls come.
    pub(super) fn new(address: &Arc<Address>, replicas: u8) -> Self {
        let links = std::array::from_fn(|_| Mutex::new(Link::new(address.clone())));
        Self { replicas, links, turn: AtomicUsize::default() }
    }

    /// Runs `script`, which may be done twice, and sees that the replicas have it.
    pub(super) async fn run<T: FromRedisValue>(&self, script: Invocation) -> Result<T, StoreFault> {
        let call = Call::Kept(script, self.replicas);
        within_budget(async {
            let free = self.links.iter().find_map(|link| link.try_lock().ok());
            let link = match free {
                Some(link) => link,
                None => self.next().lock().await,
            };
            link.exchange(&call, Resend::Harmless).await
        })
        .await
    }

    fn next(&self) -> &Mutex<Link> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % LINKS;
        self.links.get(turn).expect("a remainder lies within")
    }
}

/// Runs `script` and waits for `replicas` of them, all on one connection: on another, WAIT would
/// speak of the primary after a failover, where the script may have run on the one before.
pub(super) async fn keep(
    script: &Invocation,
    replicas: u8,
    connection: &mut MultiplexedConnection,
) -> RedisResult<Value> {
    let value = script.send(connection).await?;
    // What WAIT promises is about this connection's own writes, and a revocation that is told again
    // may write nothing: the first time, it went over another connection and was not confirmed.
    Cmd::incr(Key::Confirmed, 1).exec_async(connection).await?;
    let milliseconds = u64::try_from(WAIT.as_millis()).unwrap_or(u64::MAX);
    let confirmed: u8 = cmd("WAIT").arg(replicas).arg(milliseconds).query_async(connection).await?;
    if confirmed >= replicas {
        return Ok(value);
    }
    let detail = format!("{confirmed} of redis.wait_replicas = {replicas} within {WAIT:?}");
    Err((ErrorKind::Client, "too few replicas confirmed", detail).into())
}
