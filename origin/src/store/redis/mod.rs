//! Sessions, block log and leases in Redis, one node for now. Each call is one script or command,
//! one round trip, timed by Redis' own clock.

mod block_log;
mod invocation;
mod keys;
mod lease;
mod link;
mod script;
mod segments;
mod sessions;

#[cfg(test)]
pub(super) mod bench;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use redis::{Client, ErrorKind, FromRedisValue, RedisError, ServerErrorKind};

use self::invocation::Invocation;
use self::link::{Call, Link, Resend};
use super::OpenError;
use crate::port::{Sessions, StoreFault};

const NAME: &str = "redis";
const KEY: &str = "redis.url";

/// The Redis store. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub(crate) struct RedisStore {
    link: Arc<Link>,
}

impl RedisStore {
    /// Connects to the Redis at `url`.
    ///
    /// # Errors
    /// [`OpenError`] when `url` is no Redis URL, or nothing answers there.
    pub(crate) async fn connect(url: &str) -> Result<Self, OpenError> {
        // The client's own words may repeat the URL, and a password in it.
        let client = Client::open(url).map_err(|_| OpenError::Setting {
            key: KEY,
            expected: "a URL like redis://127.0.0.1:6379/0 or redis://user:password@host:6379/0 \
                 (with special characters of the password percent-encoded)",
        })?;
        let store = Self { link: Arc::new(Link::new(client)) };
        store.ping().await.map_err(|fault| OpenError::Store { key: KEY, fault })?;
        Ok(store)
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: Invocation,
        resend: Resend,
    ) -> Result<T, StoreFault> {
        self.link.send(&Call::Script(script), resend).await
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
