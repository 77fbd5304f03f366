//! Points in time, as values handed in from outside. Knows no clock.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::json::Json;

/// Seconds since 1970-01-01T00:00:00Z, the `NumericDate` of RFC 7519 §2, whole seconds only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixSeconds(u64);

impl UnixSeconds {
    /// A point in time, in seconds since the epoch.
    #[must_use]
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    /// A claim or member that is one.
    pub(crate) fn read(value: &Json) -> Option<Self> {
        value.as_u64().map(Self)
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The first millisecond of this second.
    #[must_use]
    pub const fn millis(self) -> UnixMillis {
        UnixMillis(self.0.saturating_mul(1000))
    }

    /// This time and a span; at the end of time it stays there.
    #[must_use]
    pub const fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()))
    }

    /// How long after `earlier` this is; zero when it is before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for UnixSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z, where a second is too coarse (the rotation grace).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(u64);

impl UnixMillis {
    /// A point in time, in milliseconds since the epoch.
    #[must_use]
    pub const fn new(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The second this falls in.
    #[must_use]
    pub const fn seconds(self) -> UnixSeconds {
        UnixSeconds(self.0 / 1000)
    }

    /// How long after `earlier` this is; zero when it is before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}
