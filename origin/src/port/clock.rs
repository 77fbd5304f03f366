//! The time, as a port. Sessions are timed by their store; this one is for tokens and heads.

use common::{UnixMillis, UnixSeconds};

/// A clock.
pub(crate) trait Clock: Send + Sync {
    /// Now, in milliseconds.
    fn now_ms(&self) -> UnixMillis;

    /// Now, in whole seconds.
    fn now(&self) -> UnixSeconds {
        self.now_ms().seconds()
    }
}
