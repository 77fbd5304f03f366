//! `[redis]`: where the sessions are, and what has to hold before a revocation counts as kept.

use common::Secret;
use serde::Deserialize;

use super::error::Invalid;
use super::value::Text;

/// Where the sessions are, and what has to hold before a revocation counts as kept.
#[derive(Clone, Debug)]
pub(crate) struct Redis {
    /// One server, Sentinels or the nodes of a Cluster.
    pub(crate) url: Secret<String>,
    /// How many replicas must have a revocation before it is answered; 0 for none.
    pub(crate) wait_replicas: u8,
    /// Whether Redis must keep what it is told in an append-only file.
    pub(crate) require_aof: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    url: Option<Text>,
    wait_replicas: Option<Text>,
    require_aof: Option<Text>,
}

impl Raw {
    /// `None` when nothing is set.
    pub(super) fn parse(self) -> Result<Option<Redis>, Invalid> {
        const URL: &str = "a URL like redis://127.0.0.1:6379";
        const REPLICAS: &str = "a number from 0 to 5";
        let Some(url) = self.url else {
            let nothing = self.wait_replicas.is_none() && self.require_aof.is_none();
            return if nothing { Ok(None) } else { Err(Invalid::missing("redis.url", URL)) };
        };
        let replicas = self.wait_replicas.unwrap_or_else(|| Text::from("0"));
        let wait_replicas: u8 = replicas.parse("redis.wait_replicas", REPLICAS)?;
        if wait_replicas > 5 {
            let found = wait_replicas.to_string();
            return Err(Invalid::new("redis.wait_replicas", &found, REPLICAS));
        }
        let aof = self.require_aof.unwrap_or_else(|| Text::from("true"));
        Ok(Some(Redis {
            url: Secret::new(url.required("redis.url", URL)?),
            wait_replicas,
            require_aof: aof.parse("redis.require_aof", "true or false")?,
        }))
    }
}
