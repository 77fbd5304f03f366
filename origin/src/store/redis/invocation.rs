//! A script, and one call of it.

use redis::aio::MultiplexedConnection;
use redis::{Arg, Cmd, ErrorKind, RedisResult, ServerErrorKind, ToRedisArgs, Value, cmd};

use super::keys::Key;

/// Room for the longest call that is made all the time, that of a rotation.
const ARGUMENTS: usize = 24;
/// Its length in bytes.
const LENGTH: usize = 1024;

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
        let mut by_digest = Cmd::with_capacity(ARGUMENTS, LENGTH);
        by_digest.arg("EVALSHA").arg(&self.digest).arg(keys.len()).arg(keys);
        Invocation { script: self, by_digest }
    }

    /// A call on the keys of the block log and these.
    pub(super) fn on_log_and(&'static self, keys: &[Key<'_>]) -> Invocation {
        self.on(&[&Key::LOG, keys].concat())
    }
}

/// A call.
pub(super) struct Invocation {
    script: &'static Script,
    by_digest: Cmd,
}

impl Invocation {
    /// With one more argument.
    pub(super) fn arg(mut self, value: impl ToRedisArgs) -> Self {
        self.by_digest.arg(value);
        self
    }

    /// Sends the digest, and the text when Redis does not know it: it restarted, or its cache was
    /// flushed, and may be again between any two commands.
    pub(super) async fn send(&self, connection: &mut MultiplexedConnection) -> RedisResult<Value> {
        let outcome = self.by_digest.query_async(connection).await;
        match outcome {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.by_text().query_async(connection).await
            }
            outcome => outcome,
        }
    }

    fn by_text(&self) -> Cmd {
        let mut by_text = cmd("EVAL");
        by_text.arg(self.script.text);
        for arg in self.by_digest.args_iter().skip(2) {
            // The other kind is the cursor of a scan.
            if let Arg::Simple(bytes) = arg {
                by_text.arg(bytes);
            }
        }
        by_text
    }
}
