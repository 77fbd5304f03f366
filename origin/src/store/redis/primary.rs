//! Finds the primary. Sentinels and seeds are asked all at once and the first good answer is
//! taken: where one host is gone, the others must not wait for it. (The client's own Sentinel
//! support takes answers in the listed order, and fixes time-outs beyond our own.)

use std::io;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, InfoDict};
use redis::{ErrorKind, RedisConnectionInfo, RedisError, RedisResult, ServerErrorKind, cmd};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::address::Address;
use super::keys::Key;

/// How long the search for the primary may take, and how long a node to answer.
const PATIENCE: Duration = Duration::from_millis(700);

impl Address {
    /// A new connection to the node that is primary now.
    pub(super) async fn primary(&self) -> RedisResult<MultiplexedConnection> {
        let search = async {
            match self {
                Self::Single(node) => open_primary(node).await,
                Self::Sentinel { sentinels, name, settings } => {
                    let search = |sentinel: &ConnectionInfo| {
                        by_sentinel(sentinel.clone(), name.clone(), settings.clone())
                    };
                    first(sentinels.iter().map(search).collect()).await
                }
                Self::Cluster { seeds } => {
                    first(seeds.iter().cloned().map(by_seed).collect()).await
                }
            }
        };
        let late = |_| RedisError::from(io::Error::from(io::ErrorKind::TimedOut));
        timeout(PATIENCE, search).await.map_err(late)?
    }
}

/// The first to succeed, or the last failure.
async fn first(
    mut searches: JoinSet<RedisResult<MultiplexedConnection>>,
) -> RedisResult<MultiplexedConnection> {
    let mut outcome = Err(RedisError::from((ErrorKind::Client, "there is nobody to ask")));
    while outcome.is_err()
        && let Some(ended) = searches.join_next().await
    {
        outcome = ended.unwrap_or_else(|error| Err(io::Error::other(error).into()));
    }
    outcome
}

async fn by_sentinel(
    sentinel: ConnectionInfo,
    name: String,
    settings: RedisConnectionInfo,
) -> RedisResult<MultiplexedConnection> {
    let mut connection = open(&sentinel).await?;
    let question = cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(&name).take();
    let mut answer = question.query_async(&mut connection).await;
    // Many Sentinels have no password, and refuse one; those that have one share it with Redis.
    if let Err(error) = &answer
        && error.code() == Some("NOAUTH")
    {
        authentication(&settings).exec_async(&mut connection).await?;
        answer = question.query_async(&mut connection).await;
    }
    let found: Option<(String, u16)> = answer?;
    let (host, port) = found.ok_or_else(|| {
        RedisError::from((ErrorKind::Client, "Sentinel knows no primary of this name", name))
    })?;
    let node = sentinel.set_addr(ConnectionAddr::Tcp(host, port)).set_redis_settings(settings);
    open_primary(&node).await
}

fn authentication(settings: &RedisConnectionInfo) -> Cmd {
    cmd("AUTH").arg(settings.username()).arg(settings.password()).take()
}

/// Whoever serves the slot answers; the others tell who does, replicas among them.
async fn by_seed(seed: ConnectionInfo) -> RedisResult<MultiplexedConnection> {
    let mut connection = open(&seed).await?;
    let outcome = cmd("EXISTS").arg(Key::Epoch).exec_async(&mut connection).await;
    let Err(error) = outcome else { return open_primary(&seed).await };
    let owner = match error.kind() {
        ErrorKind::Server(ServerErrorKind::Moved) => {
            error.redirect_node().and_then(|(address, _)| owner(address, seed.addr()))
        }
        _ => None,
    };
    open_primary(&seed.set_addr(owner.ok_or(error)?)).await
}

/// The address in a redirection. Without a host it means the host that was asked.
fn owner(address: &str, seed: &ConnectionAddr) -> Option<ConnectionAddr> {
    let (host, port) = address.rsplit_once(':')?;
    let port = port.parse().ok()?;
    match seed {
        ConnectionAddr::Tcp(asked, _) if host.is_empty() => {
            Some(ConnectionAddr::Tcp(asked.clone(), port))
        }
        _ => Some(ConnectionAddr::Tcp(host.to_owned(), port)),
    }
}

/// A connection to `node`, which must be a primary: a replica would answer what is read there with
/// what was so some time ago.
async fn open_primary(node: &ConnectionInfo) -> RedisResult<MultiplexedConnection> {
    let mut connection = open(node).await?;
    let info: InfoDict = cmd("INFO").arg("replication").query_async(&mut connection).await?;
    if info.get::<String>("role").as_deref() == Some("master") {
        return Ok(connection);
    }
    Err((ErrorKind::Client, "this server is not a primary", node.addr().to_string()).into())
}

async fn open(node: &ConnectionInfo) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    Client::open(node.clone())?.get_multiplexed_async_connection_with_config(&config).await
}
