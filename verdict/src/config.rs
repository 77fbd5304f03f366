//! The part of `wrangler.toml` that verdicts depend on.

use core::time::Duration;
use std::fs;
use std::path::Path;

use common::issuers::Issuers;
use common::json::Json;
use common::policy::{Policy, PolicyConfig};
use common::spelling;
use common::token::AccessRules;
use common::token::access::{LEEWAY, MAX_LIFE};
use common::variable::{self, Variable};
use common::verdict::Staleness;
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
    /// What the Worker would silently do without: variables that it does not read.
    pub unread: Vec<String>,
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
        let text = |name: Variable| vars.get(name.name()).and_then(Value::as_str);
        let needed = |name: Variable| {
            text(name)
                .map(String::from)
                .ok_or_else(|| Error::content(path, format!("{name} is not set")))
        };
        let issuer = needed(variable::ISSUER)?;
        Ok(Self {
            policy: policy(path, vars)?,
            issuers: issuers(path, vars, &issuer)?,
            rules: AccessRules {
                issuer,
                audience: needed(variable::AUDIENCE)?,
                max_life: MAX_LIFE,
                leeway: LEEWAY,
            },
            staleness: Staleness {
                fresh: seconds(vars, variable::FRESH_SECONDS, Duration::from_secs(90)),
                stale: seconds(vars, variable::STALE_SECONDS, Duration::from_mins(15)),
            },
            anchor: text(variable::ANCHOR_KEY).map(String::from),
            unread: vars
                .as_object()
                .into_iter()
                .flatten()
                .filter_map(|(name, _)| spelling::unread(name))
                .collect(),
        })
    }
}

fn policy(path: &Path, vars: &Value) -> Result<Policy, Error> {
    let value = table(path, vars, variable::POLICY)?
        .ok_or_else(|| Error::content(path, "POLICY is not set; see docs/policy.md"))?;
    let config = PolicyConfig::read(value)
        .map_err(|error| Error::content(path, format!("POLICY: {error}")))?;
    Policy::new(config).map_err(|source| Error::Policy { path: path.into(), source })
}

fn issuers(path: &Path, vars: &Value, own: &str) -> Result<Issuers, Error> {
    let Some(entries) = table(path, vars, variable::ISSUERS)? else {
        return Ok(Issuers::default());
    };
    Issuers::read(entries, own).map_err(|error| Error::content(path, format!("ISSUERS: {error}")))
}

/// A variable that is a table of the file, or JSON in a text.
fn table(path: &Path, vars: &Value, name: Variable) -> Result<Option<Json>, Error> {
    match vars.get(name.name()) {
        None => Ok(None),
        Some(Value::String(json)) => Json::parse(json)
            .map(Some)
            .map_err(|error| Error::content(path, format!("{name}: is no JSON: {error}"))),
        Some(value) => Ok(Some(value.clone().into())),
    }
}

/// As a number or as its digits, as the Worker takes it.
fn seconds(vars: &Value, name: Variable, default: Duration) -> Duration {
    let number = match vars.get(name.name()) {
        Some(Value::String(digits)) => digits.parse().ok(),
        other => other.and_then(Value::as_u64),
    };
    number.map_or(default, Duration::from_secs)
}
