//! A script, and one call of it.

use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisResult, ServerErrorKind, ToRedisArgs, Value, cmd};

use super::keys::Key;

/// A script, by its text and by the digest under which Redis may know it.
pub(super) struct Script {
    text: &'static str,
    digest: String,
}

impl Script {
    pub(super) fn new(text: &'static str) -> Self {
        let digest = redis::Script::new(text).get_hash().to_owned();
        Self { text, digest }
    }

    /// A call on these keys, its arguments still to come.
    pub(super) fn on(&'static self, keys: &[Key<'_>]) -> Invocation {
        let mut invocation = Invocation { script: self, keys: keys.len(), values: Vec::new() };
        for key in keys {
            key.write_redis_args(&mut invocation.values);
        }
        invocation
    }

    /// A call on the keys of the block log and these.
    pub(super) fn on_log_and(&'static self, keys: &[Key<'_>]) -> Invocation {
        self.on(&[&Key::LOG, keys].concat())
    }
}

/// A call.
pub(super) struct Invocation {
    script: &'static Script,
    keys: usize,
    /// Keys, then arguments.
    values: Vec<Vec<u8>>,
}

impl Invocation {
    /// With one more argument.
    pub(super) fn arg(mut self, value: impl ToRedisArgs) -> Self {
        value.write_redis_args(&mut self.values);
        self
    }

    /// Sends the digest, and the text when Redis does not know it: it restarted, or its cache was
    /// flushed, and may be again between any two commands.
    pub(super) async fn send(&self, connection: &mut MultiplexedConnection) -> RedisResult<Value> {
        let outcome = self.by("EVALSHA", &self.script.digest, connection).await;
        match outcome {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.by("EVAL", self.script.text, connection).await
            }
            outcome => outcome,
        }
    }

    async fn by(
        &self,
        command: &str,
        script: &str,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<Value> {
        cmd(command).arg(script).arg(self.keys).arg(&self.values).query_async(connection).await
    }
}
