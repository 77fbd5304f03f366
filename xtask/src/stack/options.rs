//! How a stack is to run.

use std::path::PathBuf;

use serde_json::Value;

use super::Ports;

/// What may differ between one stack and another.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where keys, stores, KV and logs are; made where it is not.
    pub state: PathBuf,
    /// The ports of the parts; 0 picks a free one.
    pub ports: Ports,
    /// The Redis to keep sessions in; without one the origin's embedded store.
    pub redis: Option<String>,
    /// The SQL database for accounts; without one a file in the state folder.
    pub database: Option<String>,
    /// More of the origin's configuration, such as (`tokens.access_ttl`, `60s`).
    pub settings: Vec<(String, String)>,
    /// More of the Worker's vars, in place of those in wrangler.toml.
    pub vars: Vec<(String, Value)>,
    /// More of the Worker's secrets, as lines of `.dev.vars`.
    pub dev_vars: String,
}

impl Options {
    /// The usual stack, on the usual ports.
    #[must_use]
    pub fn new(state: PathBuf) -> Self {
        Self {
            state,
            ports: Ports::default(),
            redis: None,
            database: None,
            settings: Vec::new(),
            vars: Vec::new(),
            dev_vars: String::new(),
        }
    }
}
