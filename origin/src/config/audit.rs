//! `[audit]`: how long is remembered what happened.

use std::time::Duration;

use serde::Deserialize;

use super::error::Invalid;
use super::value::Text;

/// How long is remembered what happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuditRules {
    /// Older events are dropped, 1 d to 10 y.
    pub(crate) keep: Duration,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    keep: Option<Text>,
}

const DAY: Duration = Duration::from_hours(24);

impl Raw {
    pub(super) fn parse(self) -> Result<AuditRules, Invalid> {
        let keep = self.keep.unwrap_or_else(|| Text::from("90d"));
        let bounds = DAY..=3650 * DAY;
        Ok(AuditRules { keep: keep.duration("audit.keep", bounds, "a duration from 1d to 3650d")? })
    }
}
