//! The part of `wrangler.toml` that verdicts depend on.

use core::time::Duration;
use std::fs;
use std::path::Path;

use common::issuers::{IssuerConfig, Issuers};
use common::policy::{Policy, PolicyConfig};
use common::token::AccessRules;
use common::token::access::{LEEWAY, MAX_LIFE};
use common::verdict::Staleness;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Error;

/// What the Worker's variables say.
#[derive(Clone, Debug)]
pub struct Config {
    /// The rules of who may pass.
    pub policy: Policy,
    /// Which access tokens are accepted.
    pub rules: AccessRules,
    /// Which other issuers are accepted, too.
    pub issuers: Issuers,
    /// How long a head may be trusted.
    pub staleness: Staleness,
    /// `ANCHOR_KEY`, where it is given.
    pub anchor: Option<String>,
}

impl Config {
    /// Reads the variables of a `wrangler.toml`, those of one of its environments if named.
    ///
    /// # Errors
    /// When the file or a variable is not what the Worker would accept.
    pub fn read(path: &Path, environment: Option<&str>) -> Result<Self, Error> {
        let text =
            fs::read_to_string(path).map_err(|source| Error::File { path: path.into(), source })?;
        let file: Value =
            toml::from_str(&text).map_err(|error| Error::content(path, error.to_string()))?;
        // Wrangler hands no variables down from the top to an environment.
        let place = environment.map_or("/vars".into(), |name| format!("/env/{name}/vars"));
        let vars = file.pointer(&place).ok_or_else(|| {
            Error::content(
                path,
                format!("no table {}", place.trim_start_matches('/').replace('/', ".")),
            )
        })?;
        let text = |name: &str| vars.get(name).and_then(Value::as_str);
        let needed = |name: &str| {
            text(name)
                .map(String::from)
                .ok_or_else(|| Error::content(path, format!("{name} is not set")))
        };
        let issuer = needed("ISSUER")?;
        Ok(Self {
            policy: policy(path, vars)?,
            issuers: issuers(path, vars, &issuer)?,
            rules: AccessRules {
                issuer,
                audience: needed("AUDIENCE")?,
                max_life: MAX_LIFE,
                leeway: LEEWAY,
            },
            staleness: Staleness {
                fresh: seconds(vars, "FRESH_SECONDS", Duration::from_secs(90)),
                stale: seconds(vars, "STALE_SECONDS", Duration::from_mins(15)),
            },
            anchor: text("ANCHOR_KEY").map(String::from),
        })
    }
}

fn policy(path: &Path, vars: &Value) -> Result<Policy, Error> {
    let config: Option<PolicyConfig> = table(path, vars, "POLICY")?;
    let config =
        config.ok_or_else(|| Error::content(path, "POLICY is not set; see docs/policy.md"))?;
    Policy::new(config).map_err(|source| Error::Policy { path: path.into(), source })
}

fn issuers(path: &Path, vars: &Value, own: &str) -> Result<Issuers, Error> {
    let configs: Option<Vec<IssuerConfig>> = table(path, vars, "ISSUERS")?;
    Issuers::new(configs.unwrap_or_default(), own)
        .map_err(|error| Error::content(path, format!("ISSUERS: {error}")))
}

/// A variable that is a table of the file, or JSON in a text.
fn table<T: DeserializeOwned>(path: &Path, vars: &Value, name: &str) -> Result<Option<T>, Error> {
    let wrong = |problem: String| Error::content(path, format!("{name}: {problem}"));
    let value = match vars.get(name) {
        None => return Ok(None),
        Some(Value::String(json)) => {
            serde_json::from_str(json).map_err(|error| wrong(format!("is no JSON: {error}")))?
        }
        Some(value) => value.clone(),
    };
    serde_path_to_error::deserialize(value)
        .map(Some)
        .map_err(|error| wrong(format!("{}: {}", error.path(), error.inner())))
}

/// As a number or as its digits, as the Worker takes it.
fn seconds(vars: &Value, name: &str, default: Duration) -> Duration {
    let number = match vars.get(name) {
        Some(Value::String(digits)) => digits.parse().ok(),
        other => other.and_then(Value::as_u64),
    };
    number.map_or(default, Duration::from_secs)
}
