//! The connection, which rebuilds itself. A client that keeps using the connection to a demoted or
//! hung primary stays stuck for as long as TCP lets it: on either sign it is thrown away.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, RedisResult};
use redis::{ErrorKind, ServerErrorKind, Value};
use tokio::sync::OnceCell;

use super::fault;
use super::invocation::Invocation;
use crate::port::StoreFault;

/// How long Redis may take to let us in, and how long to answer.
const PATIENCE: Duration = Duration::from_millis(700);

/// How long a call may take in all: whoever asks is told within a second.
const BUDGET: Duration = Duration::from_millis(900);

/// What is sent.
pub(super) enum Call {
    /// A script.
    Script(Invocation),
    /// A plain command.
    Command(Cmd),
}

/// Whether a call whose answer was lost with the connection may be sent again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Resend {
    /// Done twice, it leaves and answers the same.
    Harmless,
    /// Never.
    Never,
}

/// One connection at a time, shared by all; many calls are under way on it at once.
pub(super) struct Link {
    client: Client,
    current: Mutex<Attempt>,
}

/// A connection, made by the first who needs it while the others wait for that one.
type Attempt = Arc<OnceCell<MultiplexedConnection>>;

impl Link {
    /// Connects at the first call.
    pub(super) fn new(client: Client) -> Self {
        Self { client, current: Mutex::default() }
    }

    /// Sends `call` and reads the reply.
    pub(super) async fn send<T: FromRedisValue>(
        &self,
        call: &Call,
        resend: Resend,
    ) -> Result<T, StoreFault> {
        let mut left = if resend == Resend::Harmless { 2 } else { 1 };
        let sending = async {
            loop {
                left -= 1;
                let attempt = self.attempt();
                let error = match self.once(&attempt, call).await {
                    Ok(value) => return T::from_redis_value(value).map_err(RedisError::from),
                    Err(error) => error,
                };
                if !is_stale(&error) {
                    return Err(error);
                }
                self.discard(&attempt);
                // A time-out has used up the caller's patience.
                if left == 0 || error.is_timeout() {
                    return Err(error);
                }
            }
        };
        if let Ok(outcome) = tokio::time::timeout(BUDGET, sending).await {
            return outcome.map_err(fault);
        }
        let source = "it did not answer in time".into();
        Err(StoreFault::Unavailable { store: super::NAME, source })
    }

    async fn once(&self, attempt: &Attempt, call: &Call) -> RedisResult<Value> {
        let mut connection = attempt.get_or_try_init(|| self.connect()).await?.clone();
        match call {
            Call::Script(script) => script.send(&mut connection).await,
            Call::Command(command) => command.query_async(&mut connection).await,
        }
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    fn attempt(&self) -> Attempt {
        // The lock guards a pointer, which no panic leaves half written.
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Throws the connection away, unless another caller has done so.
    fn discard(&self, stale: &Attempt) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, stale) {
            *current = Attempt::default();
        }
    }
}

/// Whether the connection is dead, hung, or leads to a node that no longer takes writes.
fn is_stale(error: &RedisError) -> bool {
    error.is_unrecoverable_error()
        || error.is_io_error()
        || matches!(
            error.kind(),
            ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
        )
}
