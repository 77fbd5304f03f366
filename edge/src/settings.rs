//! The Worker's configuration. The only file that names bindings.

mod issuers;
mod upstreams;

use core::time::Duration;

use common::issuers::Issuers;
use common::json::{Json, Object};
use common::keys::Key;
use common::policy::{Hand, Policy, PolicyConfig};
use common::token::AccessRules;
use common::token::access::{LEEWAY, MAX_LIFE};
use common::variable::{self, Variable};
use common::verdict::Staleness;
use common::{KeyId, Secret, base64url};

use crate::assertion::AssertionKey;
use upstreams::Upstreams;

/// Up to this age of the head all is normal, unless `FRESH_SECONDS` says otherwise.
const FRESH: Duration = Duration::from_secs(90);
/// Beyond this age nothing passes, unless `STALE_SECONDS` says otherwise.
const STALE: Duration = Duration::from_mins(15);
/// An edge that is blind for longer lets in whom everybody else has long put out.
const STALEST: Duration = Duration::from_hours(24);

/// What the origin asks of its `edge.secret`, too.
const EDGE_SECRET_BYTES: usize = 16;

/// The configuration, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) rules: AccessRules,
    /// Whose tokens are accepted besides those of our own issuer.
    pub(crate) issuers: Issuers,
    pub(crate) policy: Policy,
    pub(crate) staleness: Staleness,
    /// The one key this edge trusts by configuration.
    pub(crate) anchor: Key,
    pub(crate) origin_url: String,
    pub(crate) upstreams: Upstreams,
    /// Signs assertions.
    pub(crate) assertion_key: Option<AssertionKey>,
    pub(crate) realm: String,
    pub(crate) report: Report,
    pub(crate) log: Log,
    /// Proves to the origin that it is an edge that asks.
    pub(crate) edge_secret: Secret<String>,
}

/// Which responses tell their verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// Every one.
    All,
    /// Those that refuse.
    Refusals,
}

/// Which refusals are told to the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// Those that are our fault, not the client's. Whoever sends nonsense would fill the log.
    Faults,
    /// Every one.
    Refusals,
}

/// A variable is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}")]
pub(crate) struct Misconfigured {
    variable: &'static str,
    problem: String,
}

impl Misconfigured {
    fn new(variable: Variable, problem: impl Into<String>) -> Self {
        Self { variable: variable.name(), problem: problem.into() }
    }
}

impl Settings {
    /// Reads and checks the variables, an object in JSON.
    pub(crate) fn read(variables: &str) -> Result<Self, Misconfigured> {
        let wrong = |problem| Misconfigured { variable: "the variables", problem };
        match Json::parse(variables).map_err(|error| wrong(error.to_string()))? {
            Json::Object(variables) => Self::check(&variables),
            _ => Err(wrong("expected a table".into())),
        }
    }

    fn check(variables: &Object) -> Result<Self, Misconfigured> {
        let issuer = issuer(variables)?;
        let policy = policy(variables)?;
        Ok(Self {
            issuers: issuers::read(variables, &issuer)?,
            rules: AccessRules {
                issuer,
                audience: text(variables, variable::AUDIENCE)?,
                max_life: MAX_LIFE,
                leeway: LEEWAY,
            },
            upstreams: Upstreams::read(variables, &policy)?,
            assertion_key: assertion_key(variables, &policy)?,
            policy,
            staleness: staleness(variables)?,
            anchor: anchor(variables)?,
            origin_url: url(variables, variable::ORIGIN_URL)?,
            realm: optional(variables, variable::REALM)?.unwrap_or_else(|| "portcullis".into()),
            report: report(variables)?,
            log: log(variables)?,
            edge_secret: edge_secret(variables)?,
        })
    }
}

/// What neither a segment nor a rule can decide, the origin is asked about; it answers nobody else.
fn edge_secret(variables: &Object) -> Result<Secret<String>, Misconfigured> {
    let secret = optional(variables, variable::EDGE_SECRET)?.ok_or_else(|| {
        let problem = "is not set; choose one, set it with `npx wrangler secret put EDGE_SECRET`, \
                       and give the origin the same as edge.secret";
        Misconfigured::new(variable::EDGE_SECRET, problem)
    })?;
    if secret.len() < EDGE_SECRET_BYTES || !secret.bytes().all(|b| b.is_ascii_graphic()) {
        let problem = "expected at least 16 characters of visible ASCII, the same as the origin's \
                       edge.secret";
        return Err(Misconfigured::new(variable::EDGE_SECRET, problem));
    }
    Ok(Secret::new(secret))
}

fn staleness(variables: &Object) -> Result<Staleness, Misconfigured> {
    let fresh = seconds(variables, variable::FRESH_SECONDS, FRESH)?;
    let stale = seconds(variables, variable::STALE_SECONDS, STALE)?;
    if fresh > stale {
        let problem = "expected at most STALE_SECONDS";
        return Err(Misconfigured::new(variable::FRESH_SECONDS, problem));
    }
    Ok(Staleness { fresh, stale })
}

/// Whole seconds, as a number or as its digits.
fn seconds(
    variables: &Object,
    name: Variable,
    default: Duration,
) -> Result<Duration, Misconfigured> {
    let number = match variables.get(name.name()) {
        None => return Ok(default),
        Some(Json::Text(digits)) => digits.parse().ok(),
        Some(value) => value.as_u64(),
    };
    let span = number.map(Duration::from_secs);
    span.filter(|span| (Duration::from_secs(1)..=STALEST).contains(span))
        .ok_or_else(|| Misconfigured::new(name, "expected whole seconds from 1 to 86400, like 90"))
}

fn optional(variables: &Object, name: Variable) -> Result<Option<String>, Misconfigured> {
    match variables.get(name.name()) {
        None => Ok(None),
        Some(Json::Text(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(Misconfigured::new(name, "expected a text that is not empty")),
    }
}

fn text(variables: &Object, name: Variable) -> Result<String, Misconfigured> {
    optional(variables, name)?
        .ok_or_else(|| Misconfigured::new(name, "is not set; see [vars] in wrangler.toml"))
}

/// Compared byte for byte with what tokens say, so it must be written as the origin writes it.
fn issuer(variables: &Object) -> Result<String, Misconfigured> {
    let text = text(variables, variable::ISSUER)?;
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    if is_url && !text.ends_with('/') && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(text);
    }
    let problem = "expected the origin's tokens.issuer: a URL without a final slash";
    Err(Misconfigured::new(variable::ISSUER, problem))
}

/// An origin: scheme, host, port, and nothing behind it that could change the path sent on.
fn url(variables: &Object, name: Variable) -> Result<String, Misconfigured> {
    base_url(&text(variables, name)?, name)
}

fn base_url(text: &str, name: Variable) -> Result<String, Misconfigured> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    match host {
        Some(host) if !host.is_empty() && host.bytes().all(plain) => Ok(text.into()),
        _ => Err(Misconfigured::new(
            name,
            "expected scheme, host and port without a path, like https://app.example",
        )),
    }
}

/// Needed where a rule hands identity over by assertion.
fn assertion_key(
    variables: &Object,
    policy: &Policy,
) -> Result<Option<AssertionKey>, Misconfigured> {
    let wrong = |problem: &str| Misconfigured::new(variable::ASSERTION_KEY, problem);
    match optional(variables, variable::ASSERTION_KEY)? {
        Some(text) => AssertionKey::parse(&text)
            .map(Some)
            .ok_or_else(|| wrong("expected what `origin keys assertion` prints behind its name")),
        None if policy.rules().any(|rule| rule.hand == Hand::Assertion) => {
            Err(wrong("is not set, but a rule wants assertions; `origin keys assertion` makes one"))
        }
        None => Ok(None),
    }
}

fn anchor(variables: &Object) -> Result<Key, Misconfigured> {
    let text = text(variables, variable::ANCHOR_KEY)?;
    let bytes: Option<[u8; 32]> = base64url::decode(&text).and_then(|bytes| bytes.try_into().ok());
    let id = KeyId::try_from(String::from("anchor"));
    match (bytes, id) {
        (Some(bytes), Ok(id)) => Ok(Key::ed25519(id, bytes)),
        _ => Err(Misconfigured::new(
            variable::ANCHOR_KEY,
            "expected 32 bytes in base64url, as `origin keys anchor` prints them",
        )),
    }
}

fn report(variables: &Object) -> Result<Report, Misconfigured> {
    match variables.get(variable::REPORT.name()).map(Json::as_text) {
        None | Some(Some("all")) => Ok(Report::All),
        Some(Some("refusals")) => Ok(Report::Refusals),
        Some(_) => Err(Misconfigured::new(variable::REPORT, "expected \"all\" or \"refusals\"")),
    }
}

fn log(variables: &Object) -> Result<Log, Misconfigured> {
    match variables.get(variable::LOG.name()).map(Json::as_text) {
        None | Some(Some("faults")) => Ok(Log::Faults),
        Some(Some("refusals")) => Ok(Log::Refusals),
        Some(_) => Err(Misconfigured::new(variable::LOG, "expected \"faults\" or \"refusals\"")),
    }
}

/// A table of `wrangler.toml`, or the same as JSON text (`--var`).
fn json(variables: &Object, name: Variable) -> Result<Option<Json>, Misconfigured> {
    match variables.get(name.name()) {
        Some(Json::Text(json)) => Json::parse(json)
            .map(Some)
            .map_err(|error| Misconfigured::new(name, format!("is no JSON: {error}"))),
        value => Ok(value.cloned()),
    }
}

/// The policy.
fn policy(variables: &Object) -> Result<Policy, Misconfigured> {
    let wrong = |problem: String| Misconfigured::new(variable::POLICY, problem);
    let value = json(variables, variable::POLICY)?
        .ok_or_else(|| wrong("is not set; see [[vars.POLICY.rules]] in wrangler.toml".into()))?;
    let config = PolicyConfig::read(value).map_err(|error| wrong(error.to_string()))?;
    Policy::new(config).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(variables: &Value) -> Result<Settings, Misconfigured> {
        Settings::read(&variables.to_string())
    }

    fn good() -> Value {
        json!({
            "ISSUER": "https://app.example", "AUDIENCE": "app",
            "ORIGIN_URL": "http://localhost:8788", "APP_URL": "http://[::1]:8789",
            "ANCHOR_KEY": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "EDGE_SECRET": "0123456789abcdef",
            "POLICY": {"rules": [{"path": "/admin/*", "require": {"role": "admin"}}]},
        })
    }

    #[test]
    fn what_the_readme_shows_is_accepted() {
        let settings = check(&good()).unwrap();
        assert_eq!(settings.report, Report::All);
        let mut as_text = good();
        as_text["POLICY"] = json!(as_text["POLICY"].to_string());
        as_text["FRESH_SECONDS"] = json!("6");
        as_text["STALE_SECONDS"] = json!(60);
        let staleness = check(&as_text).unwrap().staleness;
        assert_eq!((staleness.fresh.as_secs(), staleness.stale.as_secs()), (6, 60));
    }

    #[test]
    fn ops_07_what_is_wrong_is_named_with_what_was_expected() {
        for (name, value, words) in [
            ("ISSUER", json!(null), "ISSUER: expected a text"),
            ("ISSUER", json!("app.example"), "ISSUER: expected the origin's tokens.issuer"),
            ("ISSUER", json!("https://app.example/"), "ISSUER: expected the origin's"),
            ("AUDIENCE", json!(""), "AUDIENCE: expected a text"),
            ("APP_URL", json!("http://app/base"), "APP_URL: expected scheme"),
            ("APP_URL", json!("http://u@app"), "APP_URL: expected scheme"),
            ("APP_URL", json!("ftp://app"), "APP_URL: expected scheme"),
            ("ORIGIN_URL", json!(7), "ORIGIN_URL: expected a text"),
            ("ANCHOR_KEY", json!("short"), "`origin keys anchor`"),
            ("REPORT", json!("none"), "REPORT: expected \"all\""),
            ("LOG", json!("all"), "LOG: expected \"faults\""),
            ("EDGE_SECRET", json!("short"), "EDGE_SECRET: expected at least 16"),
            ("EDGE_SECRET", json!("0123456789abcdef\n"), "EDGE_SECRET: expected at least 16"),
            ("FRESH_SECONDS", json!(901), "FRESH_SECONDS: expected at most STALE_SECONDS"),
            ("FRESH_SECONDS", json!(0), "FRESH_SECONDS: expected whole seconds"),
            ("STALE_SECONDS", json!("15m"), "STALE_SECONDS: expected whole seconds"),
            ("STALE_SECONDS", json!(86_401), "STALE_SECONDS: expected whole seconds"),
            ("STALE_SECONDS", json!(99.5), "STALE_SECONDS: expected whole seconds"),
            ("POLICY", json!("{"), "POLICY: is no JSON"),
            ("POLICY", json!({"rules": {}}), "POLICY: rules: expected a list"),
            (
                "POLICY",
                json!({"rules": [{"path": "/a", "require": "everybody"}]}),
                "POLICY: rules[0].require: expected \"public\"",
            ),
            (
                "POLICY",
                json!({"rules": [{"path": "/a", "require": "public", "role": "x"}]}),
                "POLICY: rules[0].role: unknown member",
            ),
            (
                "POLICY",
                json!({"rules": [{"path": "a", "require": "public"}]}),
                "POLICY: rules[0]: path \"a\"",
            ),
        ] {
            let mut variables = good();
            variables[name] = value;
            let message = check(&variables).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
        for name in
            ["ISSUER", "AUDIENCE", "ORIGIN_URL", "APP_URL", "ANCHOR_KEY", "POLICY", "EDGE_SECRET"]
        {
            let mut variables = good();
            variables.as_object_mut().unwrap().remove(name);
            let message = check(&variables).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{name}: is not set")), "{message}");
        }
    }
}
