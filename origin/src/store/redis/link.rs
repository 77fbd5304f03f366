//! The connection, which rebuilds itself. A client that keeps using the connection to a demoted or
//! hung primary stays stuck for as long as TCP lets it: on either sign it is thrown away.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::sync::OnceCell;

use super::address::Address;
use super::invocation::Invocation;
use super::{fault, keepers};
use crate::port::StoreFault;

/// How long a call may take in all: whoever asks is told within a second.
const BUDGET: Duration = Duration::from_millis(900);

/// What is sent.
pub(super) enum Call {
    /// A script.
    Script(Invocation),
    /// A script whose work this many replicas must have.
    Kept(Invocation, u8),
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
    address: Arc<Address>,
    current: Mutex<Attempt>,
    /// How many were thrown away.
    discarded: AtomicU64,
}

/// A connection, made by the first who needs it while the others wait for that one.
type Attempt = Arc<OnceCell<MultiplexedConnection>>;

impl Link {
    /// Connects at the first call.
    pub(super) fn new(address: Arc<Address>) -> Self {
        Self { address, current: Mutex::default(), discarded: AtomicU64::default() }
    }

    /// Sends `call` and reads the reply.
    pub(super) async fn send<T: FromRedisValue>(
        &self,
        call: &Call,
        resend: Resend,
    ) -> Result<T, StoreFault> {
        within_budget(self.exchange(call, resend)).await
    }

    /// The same, however long it takes.
    pub(super) async fn exchange<T: FromRedisValue>(
        &self,
        call: &Call,
        resend: Resend,
    ) -> RedisResult<T> {
        let mut left = if resend == Resend::Harmless { 2 } else { 1 };
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
    }

    async fn once(&self, attempt: &Attempt, call: &Call) -> RedisResult<Value> {
        // Boxed: a search has a large state, for which no call on a connection should have room.
        let search = || Box::pin(self.address.primary());
        let mut connection = attempt.get_or_try_init(search).await?.clone();
        match call {
            Call::Script(script) => script.send(&mut connection).await,
            Call::Kept(script, replicas) => keepers::keep(script, *replicas, &mut connection).await,
            Call::Command(command) => command.query_async(&mut connection).await,
        }
    }

    /// Counts the connections. What was asked between two equal counts was asked on one of them.
    pub(super) fn tenure(&self) -> u64 {
        self.discarded.load(Ordering::SeqCst)
    }

    fn attempt(&self) -> Attempt {
        // The lock guards a pointer, which no panic leaves half written.
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Throws the connection away, unless another caller has done so.
    fn discard(&self, stale: &Attempt) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, stale) {
            // First: whoever gets the next one finds it counted.
            self.discarded.fetch_add(1, Ordering::SeqCst);
            *current = Attempt::default();
        }
    }
}

/// Ends what takes longer than whoever asks should wait.
pub(super) async fn within_budget<T>(
    exchange: impl Future<Output = RedisResult<T>>,
) -> Result<T, StoreFault> {
    if let Ok(outcome) = tokio::time::timeout(BUDGET, exchange).await {
        return outcome.map_err(fault);
    }
    let source = "it did not answer in time".into();
    Err(StoreFault::Unavailable { store: super::NAME, source })
}

/// Whether the connection is dead, hung, or leads to a node that is no longer the one to ask.
fn is_stale(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(
            ServerErrorKind::ReadOnly
            | ServerErrorKind::MasterDown
            | ServerErrorKind::Moved
            | ServerErrorKind::Ask
            | ServerErrorKind::ClusterDown,
        ) => true,
        // Demoted while a WAIT was held up; cut off from the replicas that must take part.
        ErrorKind::Extension => matches!(error.code(), Some("UNBLOCKED" | "NOREPLICAS")),
        _ => error.is_unrecoverable_error() || error.is_io_error(),
    }
}
