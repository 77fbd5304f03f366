//! Tests a policy: each case is a request and what the gate is expected to do with it.

use core::fmt;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::issuers::Keyring;
use common::keys::Jwk;
use common::problem::Code;
use common::revocation::{Answers, Head};
use common::token::{Header, Typ, VerifiedCache, join, signing_input};
use common::verdict::{Findings, Located, Question, Refreshed, Verdict, World, decide, locate};
use common::{KeyId, UnixSeconds};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Config, Error, Request, known};

/// The file as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

/// One expectation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// `GET https://app.example/admin`.
    request: String,
    /// Who asks.
    #[serde(default, rename = "as")]
    who: Who,
    /// Whether the token comes by cookie rather than as a bearer token.
    #[serde(default)]
    cookie: bool,
    /// `Origin`.
    origin: Option<String>,
    /// `Sec-Fetch-Site`.
    site: Option<String>,
    /// `Access-Control-Request-Method`: the request is a CORS preflight.
    preflight: Option<String>,
    /// `Upgrade`.
    upgrade: Option<String>,
    /// `forward`, `origin`, `preflight`, or the code of a refusal.
    expect: String,
    /// The rule that decides, as `explain` prints it.
    rule: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected \"nobody\", \"somebody\", or a table of roles and scope")]
enum Who {
    Named(Name),
    Somebody(Grants),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Name {
    Nobody,
    Somebody,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Grants {
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

impl Default for Who {
    fn default() -> Self {
        Self::Named(Name::Nobody)
    }
}

/// What a trial came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    cases: usize,
    failures: Vec<String>,
    /// Rules that no case got to.
    untried: Vec<String>,
    /// Variables that the Worker does not read.
    unread: Vec<String>,
}

impl Outcome {
    /// Whether all went as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(f, "{failure}")?;
        }
        for name in &self.unread {
            writeln!(f, "note: {name}")?;
        }
        for rule in &self.untried {
            writeln!(f, "note: no case gets to {rule}")?;
        }
        let failed = self.failures.len();
        writeln!(f, "{} cases: {} as expected, {failed} not", self.cases, self.cases - failed)
    }
}

/// Runs every case of a file through the gate's own code. Nothing is asked of the origin: whoever
/// is named is taken as signed in and not revoked.
///
/// # Errors
/// When the file cannot be read, or a case is not what is expected of one.
pub fn run(config: &Config, path: &Path, now: UnixSeconds) -> Result<Outcome, Error> {
    let text =
        fs::read_to_string(path).map_err(|source| Error::File { path: path.into(), source })?;
    let cases: Cases =
        toml::from_str(&text).map_err(|error| Error::content(path, error.to_string()))?;
    let gate = Gate::new(config, now)?;
    let mut outcome = Outcome { cases: cases.case.len(), ..Outcome::default() };
    let mut tried = BTreeSet::new();
    for (index, case) in cases.case.iter().enumerate() {
        let wrong = |problem: String| Error::content(path, format!("case[{index}]: {problem}"));
        if !is_expectable(&case.expect) {
            let problem =
                "expected \"forward\", \"origin\", \"preflight\" or a code of docs/errors.md";
            return Err(wrong(format!("expect = {:?}: {problem}", case.expect)));
        }
        let request = gate.request(case).map_err(|error| wrong(error.to_string()))?;
        let (rule, position) = gate.rule(&request);
        tried.extend(position);
        let got = gate.verdict(&request);
        let rule_fits = case.rule.as_ref().is_none_or(|expected| *expected == rule);
        if got != case.expect || !rule_fits {
            let expected_rule = case.rule.as_ref().map(|rule| format!(" by {rule}"));
            outcome.failures.push(format!(
                "case[{index}] {}: expected {}{}, got {got} by {rule}",
                case.request,
                case.expect,
                expected_rule.unwrap_or_default(),
            ));
        }
    }
    let untried = config
        .policy
        .rules()
        .filter(|rule| rule.index().is_some_and(|index| !tried.contains(&index)));
    outcome.unread.clone_from(&config.unread);
    outcome.untried = untried.map(ToString::to_string).collect();
    Ok(outcome)
}

fn is_expectable(expect: &str) -> bool {
    ["forward", "origin", "preflight"].contains(&expect)
        || Code::ALL.iter().any(|code| code.as_str() == expect)
}

/// A gate that knows one key, whose signatures are all good.
struct Gate<'c> {
    config: &'c Config,
    head: Head,
    now: UnixSeconds,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    client_id: &'a str,
    iat: UnixSeconds,
    exp: UnixSeconds,
    jti: Uuid,
    sid: Uuid,
    email_verified: bool,
    #[serde(flatten)]
    grants: &'a Grants,
}

impl<'c> Gate<'c> {
    fn new(config: &'c Config, now: UnixSeconds) -> Result<Self, Error> {
        let keys = vec![Jwk::ed25519(&[1; 32], Self::key())];
        Ok(Self { config, head: known::made_up(&config.rules.issuer, keys, now)?, now })
    }

    fn key() -> KeyId {
        KeyId::try_from(String::from("trial")).expect("a short word is a key's name")
    }

    /// A token of this issuer's for this user.
    fn token(&self, grants: &Grants) -> Result<String, Error> {
        let header = Header {
            alg: "EdDSA".into(),
            typ: Some(Typ::Access.as_str().into()),
            kid: Some(Self::key()),
        };
        let claims = Claims {
            iss: &self.config.rules.issuer,
            aud: &self.config.rules.audience,
            sub: "somebody",
            client_id: "trial",
            iat: self.now,
            exp: self.now.plus(core::time::Duration::from_mins(10)),
            jti: Uuid::from_u128(1),
            sid: Uuid::from_u128(0x7 << 76 | 0x8 << 60 | u128::from(self.now.millis().get()) << 80),
            email_verified: true,
            grants,
        };
        Ok(join(signing_input(&header, &claims)?, &[0; 64]))
    }

    fn request(&self, case: &Case) -> Result<Request, Error> {
        let (method, url) = case.request.split_once(' ').ok_or_else(|| {
            Error::argument(
                "request",
                "expected method and URL, like \"GET https://app.example/x\"",
            )
        })?;
        let mut request = Request::new(method, url)?;
        let token = match &case.who {
            Who::Named(Name::Nobody) => None,
            Who::Named(Name::Somebody) => Some(self.token(&Grants::default())?),
            Who::Somebody(grants) => Some(self.token(grants)?),
        };
        match token {
            Some(token) if case.cookie => request.add("cookie", format!("__Host-at={token}")),
            Some(token) => request.add("authorization", format!("Bearer {token}")),
            None => {}
        }
        for (name, value) in [
            ("origin", &case.origin),
            ("sec-fetch-site", &case.site),
            ("access-control-request-method", &case.preflight),
            ("upgrade", &case.upgrade),
        ] {
            if let Some(value) = value {
                request.add(name, value);
            }
        }
        Ok(request)
    }

    /// The rule that decides, and its place in the file if it is written there.
    fn rule(&self, request: &Request) -> (String, Option<usize>) {
        match locate(&request.facts(), &self.config.policy) {
            Ok(Located::App(rule) | Located::Preflight(rule)) => {
                let name = rule.index().map_or_else(|| "the default".into(), |_| rule.to_string());
                (name, rule.index())
            }
            Ok(Located::Origin) | Err(_) => ("no rule".into(), None),
        }
    }

    fn verdict(&self, request: &Request) -> String {
        let (cache, answers) = (VerifiedCache::new(1), Answers::new(1));
        let keyring = Keyring::default();
        let world = World {
            policy: &self.config.policy,
            rules: &self.config.rules,
            issuers: &self.config.issuers,
            keyring: &keyring,
            staleness: self.config.staleness,
            head: Some(&self.head),
            cache: &cache,
            answers: &answers,
            now: self.now,
        };
        let mut findings = Findings::default();
        loop {
            return match decide(&request.facts(), &world, &findings) {
                Verdict::Find(Question::Signature(unsigned)) => {
                    findings.token = Some(unsigned.answered(true));
                    continue;
                }
                Verdict::Find(Question::Keys(_)) => {
                    findings.looked_for_keys = true;
                    continue;
                }
                Verdict::Find(Question::Refresh(_)) => {
                    findings.refreshed = Some(Refreshed::Ended);
                    continue;
                }
                Verdict::Find(Question::Revoked(..)) => {
                    findings.revoked = Some(Ok(false));
                    continue;
                }
                Verdict::Forward(_) => "forward".into(),
                Verdict::PassToOrigin(_) => "origin".into(),
                Verdict::Answer(_) => "preflight".into(),
                Verdict::Refuse(refusal) => refusal.code().as_str().into(),
            };
        }
    }
}
