//! The Worker's variables, read and checked: `[vars]` of `wrangler.toml` and what stands in for it.
//! The edge works by what is read here; the tools that tell beforehand whether it can, read it, too.
//!
//! Three of them may lie among a deployment's secrets, where no tool can look: see [`Secrets`].

mod secrets;
mod upstreams;

use core::time::Duration;

pub use secrets::{AssertionKey, Secrets, anchor_key};
pub use upstreams::Upstreams;

use crate::issuers::{InvalidIssuers, Issuers};
use crate::json::{Json, Object, found, found_kind, found_text};
use crate::policy::{Hand, Policy, PolicyConfig, Rule};
use crate::token::AccessRules;
use crate::token::access::{LEEWAY, MAX_LIFE};
use crate::variable::{self, Variable};
use crate::verdict::Staleness;

/// Up to this age of the head all is normal, unless `FRESH_SECONDS` says otherwise.
const FRESH: Duration = Duration::from_secs(90);
/// Beyond this age nothing passes, unless `STALE_SECONDS` says otherwise.
const STALE: Duration = Duration::from_mins(15);
/// An edge that is blind for longer lets in whom everybody else has long put out.
const STALEST: Duration = Duration::from_hours(24);

/// What they say.
#[derive(Clone, Debug)]
pub struct Vars {
    /// Which access tokens of our own issuer are accepted.
    pub rules: AccessRules,
    /// Whose tokens are accepted besides those.
    pub issuers: Issuers,
    /// Who may pass.
    pub policy: Policy,
    /// How long a head may be trusted.
    pub staleness: Staleness,
    /// Where the origin is: scheme, host and port.
    pub origin_url: String,
    /// Where requests go that are let through.
    pub upstreams: Upstreams,
    /// Named in `WWW-Authenticate`.
    pub realm: String,
    /// Which responses tell their verdict.
    pub report: Report,
    /// Which refusals are told to the operator.
    pub log: Log,
}

/// Which responses tell their verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// Every one.
    All,
    /// Those that refuse.
    Refusals,
}

/// Which refusals are told to the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// Those that are our fault, not the client's. Whoever sends nonsense would fill the log.
    Faults,
    /// Every one.
    Refusals,
}

/// A variable is missing or wrong: the Worker would answer 500 to everything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}")]
pub struct Misconfigured {
    variable: &'static str,
    problem: String,
}

impl Misconfigured {
    /// What is wrong with a variable.
    #[must_use]
    pub fn new(variable: Variable, problem: &[&str]) -> Self {
        Self { variable: variable.name(), problem: problem.concat() }
    }

    /// The name of the variable, if it is a single one.
    #[must_use]
    pub const fn variable(&self) -> &'static str {
        self.variable
    }
}

impl Vars {
    /// Reads and checks the variables, an object in JSON, and those of the secrets among them.
    ///
    /// # Errors
    /// Which variable the Worker could not work by, and why.
    pub fn read(variables: &str) -> Result<(Self, Secrets), Misconfigured> {
        let wrong = |problem| Misconfigured { variable: "the variables", problem };
        match Json::parse(variables).map_err(|error| wrong(error.to_string()))? {
            Json::Object(variables) => Ok((Self::check(&variables)?, Secrets::read(&variables)?)),
            other => Err(wrong(["expected a table", found_kind(&other)].concat())),
        }
    }

    fn check(variables: &Object) -> Result<Self, Misconfigured> {
        let issuer = issuer(variables)?;
        let policy = policy(variables)?;
        Ok(Self {
            issuers: issuers(variables, &issuer)?,
            rules: AccessRules {
                issuer,
                audience: text(variables, variable::AUDIENCE)?,
                max_life: MAX_LIFE,
                leeway: LEEWAY,
            },
            upstreams: Upstreams::read(variables, &policy)?,
            policy,
            staleness: staleness(variables)?,
            origin_url: url(&text(variables, variable::ORIGIN_URL)?, variable::ORIGIN_URL, "")?,
            realm: optional(variables, variable::REALM)?.unwrap_or_else(|| "portcullis".into()),
            report: choice(
                variables,
                variable::REPORT,
                [("all", Report::All), ("refusals", Report::Refusals)],
            )?,
            log: choice(
                variables,
                variable::LOG,
                [("faults", Log::Faults), ("refusals", Log::Refusals)],
            )?,
        })
    }

    /// A rule that hands identity over by assertion, which takes [`Secrets::assertion_key`].
    #[must_use]
    pub fn wants_assertions(&self) -> Option<&Rule> {
        self.policy.rules().find(|rule| rule.hand == Hand::Assertion)
    }
}

fn staleness(variables: &Object) -> Result<Staleness, Misconfigured> {
    let fresh = seconds(variables, variable::FRESH_SECONDS, FRESH)?;
    let stale = seconds(variables, variable::STALE_SECONDS, STALE)?;
    if fresh > stale {
        let found = found(&Json::Number(Some(fresh.as_secs())));
        let problem = ["expected at most STALE_SECONDS", &found];
        return Err(Misconfigured::new(variable::FRESH_SECONDS, &problem));
    }
    Ok(Staleness { fresh, stale })
}

/// Whole seconds, as a number or as its digits.
fn seconds(
    variables: &Object,
    name: Variable,
    default: Duration,
) -> Result<Duration, Misconfigured> {
    let Some(value) = variables.get(name.name()) else { return Ok(default) };
    let number = match value {
        Json::Text(digits) => digits.parse().ok(),
        value => value.as_u64(),
    };
    let span = number.map(Duration::from_secs);
    span.filter(|span| (Duration::from_secs(1)..=STALEST).contains(span)).ok_or_else(|| {
        let expected = "expected whole seconds from 1 to 86400, like 90";
        Misconfigured::new(name, &[expected, &found(value)])
    })
}

/// One of two words; the first when nothing is said.
fn choice<T: Copy>(
    variables: &Object,
    name: Variable,
    [(first, usual), (second, other)]: [(&str, T); 2],
) -> Result<T, Misconfigured> {
    let Some(value) = variables.get(name.name()) else { return Ok(usual) };
    match value.as_text() {
        Some(word) if word == first => Ok(usual),
        Some(word) if word == second => Ok(other),
        _ => {
            let problem = ["expected \"", first, "\" or \"", second, "\"", &found(value)];
            Err(Misconfigured::new(name, &problem))
        }
    }
}

fn optional(variables: &Object, name: Variable) -> Result<Option<String>, Misconfigured> {
    match variables.get(name.name()) {
        None => Ok(None),
        Some(Json::Text(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(other) => {
            let problem = ["expected a text that is not empty", found_kind(other)];
            Err(Misconfigured::new(name, &problem))
        }
    }
}

fn text(variables: &Object, name: Variable) -> Result<String, Misconfigured> {
    optional(variables, name)?
        .ok_or_else(|| Misconfigured::new(name, &["is not set; see [vars] in wrangler.toml"]))
}

/// Compared byte for byte with what tokens say, so it must be written as the origin writes it.
fn issuer(variables: &Object) -> Result<String, Misconfigured> {
    let text = text(variables, variable::ISSUER)?;
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    if is_url && !text.ends_with('/') && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(text);
    }
    let expected = "expected the origin's tokens.issuer: a URL without a final slash";
    Err(Misconfigured::new(variable::ISSUER, &[expected, &found_text(&text)]))
}

/// An origin: scheme, host, port, and nothing behind it that could change the path sent on. `place`
/// is said before what was expected.
fn url(text: &str, name: Variable, place: &str) -> Result<String, Misconfigured> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    match host {
        Some(host) if !host.is_empty() && host.bytes().all(plain) => Ok(text.into()),
        _ => {
            let expected =
                "expected scheme, host and port without a path, like https://app.example";
            Err(Misconfigured::new(name, &[place, expected, &found_text(text)]))
        }
    }
}

/// A table of `wrangler.toml`, or the same as JSON text (`--var`).
fn json(variables: &Object, name: Variable) -> Result<Option<Json>, Misconfigured> {
    match variables.get(name.name()) {
        Some(Json::Text(json)) => Json::parse(json)
            .map(Some)
            .map_err(|error| Misconfigured::new(name, &["is no JSON: ", &error.to_string()])),
        value => Ok(value.cloned()),
    }
}

fn policy(variables: &Object) -> Result<Policy, Misconfigured> {
    let wrong = |problem: &str| Misconfigured::new(variable::POLICY, &[problem]);
    let value = json(variables, variable::POLICY)?
        .ok_or_else(|| wrong("is not set; see [[vars.POLICY.rules]] in wrangler.toml"))?;
    let config = PolicyConfig::read(value).map_err(|error| wrong(&error.to_string()))?;
    Policy::new(config).map_err(|error| wrong(&error.to_string()))
}

/// None when nothing is set.
fn issuers(variables: &Object, own: &str) -> Result<Issuers, Misconfigured> {
    let wrong =
        |error: InvalidIssuers| Misconfigured::new(variable::ISSUERS, &[&error.to_string()]);
    match json(variables, variable::ISSUERS)? {
        None | Some(Json::Null) => Ok(Issuers::default()),
        Some(entries) => Issuers::read(entries, own).map_err(wrong),
    }
}

#[cfg(test)]
mod tests;
