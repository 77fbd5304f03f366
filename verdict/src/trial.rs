//! Tests a policy: each case is a request and what the gate is expected to do with it.

mod case;
mod token;

use core::fmt;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::UnixSeconds;
use common::issuers::Keyring;
use common::keys::Jwk;
use common::revocation::{Answers, Head};
use common::token::VerifiedCache;
use common::verdict::{
    CorsHeaders, Findings, Located, Question, Refreshed, Verdict, World, decide, locate,
};

use crate::{Config, Error, Request, known};
use case::{Case, Cases};

/// What a trial came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    cases: usize,
    failures: Vec<String>,
    /// Rules that no case got to, and what may be meant as it is written, or may be not.
    notes: Vec<String>,
}

impl Outcome {
    /// Whether all went as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// How much there is besides that somebody should look at.
    #[must_use]
    pub fn notes(&self) -> usize {
        self.notes.len()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(f, "{failure}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
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
        if !case.is_expectable() {
            let problem = "expected \"forward\", \"origin\", \"preflight\", \"login\" or a code of \
                           docs/errors.md";
            return Err(wrong(format!("expect = {:?}: {problem}", case.expect)));
        }
        let token = token::of(&case.who, config, now).map_err(|error| wrong(error.to_string()))?;
        let request = case.request(token).map_err(|error| wrong(error.to_string()))?;
        let (rule, position) = gate.rule(&request);
        tried.extend(position);
        let answer = gate.answer(&request)?;
        if let Some(difference) = difference(case, &rule, &answer) {
            outcome.failures.push(format!("case[{index}] {}: {difference}", case.request));
        }
    }
    let untried = config
        .vars
        .policy
        .rules()
        .filter(|rule| rule.index().is_some_and(|index| !tried.contains(&index)));
    outcome.notes.clone_from(&config.notes);
    outcome.notes.extend(untried.map(|rule| format!("no case gets to {rule}")));
    Ok(outcome)
}

/// What came, where that is not what was expected.
fn difference(case: &Case, rule: &str, answer: &Answer) -> Option<String> {
    let rule_fits = case.rule.as_ref().is_none_or(|expected| expected == rule);
    if answer.verdict != case.expect || !rule_fits {
        let expected_rule = case.rule.as_ref().map(|rule| format!(" by {rule}"));
        return Some(format!(
            "expected {}{}, got {} by {rule}",
            case.expect,
            expected_rule.unwrap_or_default(),
            answer.verdict,
        ));
    }
    case.answer.iter().find_map(|(name, expected)| {
        let got = answer.header(name);
        let differs = got.unwrap_or_default() != expected;
        differs.then(|| {
            let got = got.map_or_else(|| "none".into(), |value| format!("{value:?}"));
            format!("expected {name} {expected:?} on the answer, got {got}")
        })
    })
}

/// What the gate does, and the headers that it puts onto the answer itself.
struct Answer {
    verdict: &'static str,
    headers: Vec<(&'static str, String)>,
}

impl Answer {
    fn new(verdict: &'static str, cors: Option<&CorsHeaders>) -> Self {
        let lines = cors.into_iter().flat_map(CorsHeaders::lines);
        Self { verdict, headers: lines.map(|(name, value)| (name, value.into())).collect() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let named = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }
}

/// A gate that knows one key of each issuer, whose signatures are all good.
struct Gate<'c> {
    config: &'c Config,
    head: Head,
    now: UnixSeconds,
}

impl<'c> Gate<'c> {
    fn new(config: &'c Config, now: UnixSeconds) -> Result<Self, Error> {
        let keys = vec![Jwk::ed25519(&[1; 32], token::key())];
        Ok(Self { config, head: known::made_up(&config.vars.rules.issuer, keys, now)?, now })
    }

    /// The rule that decides, and its place in the file if it is written there.
    fn rule(&self, request: &Request) -> (String, Option<usize>) {
        match locate(&request.facts(), &self.config.vars.policy) {
            Ok(Located::App(rule) | Located::Preflight(rule)) => {
                let name = rule.index().map_or_else(|| "the default".into(), |_| rule.to_string());
                (name, rule.index())
            }
            Ok(Located::Origin) | Err(_) => ("no rule".into(), None),
        }
    }

    fn answer(&self, request: &Request) -> Result<Answer, Error> {
        let (cache, answers) = (VerifiedCache::new(1), Answers::new(1));
        let keyring: Keyring = known::any_keyring(request.token(), self.config, self.now)?;
        let vars = &self.config.vars;
        let world = World {
            policy: &vars.policy,
            rules: &vars.rules,
            issuers: &vars.issuers,
            keyring: &keyring,
            staleness: vars.staleness,
            head: Some(&self.head),
            cache: &cache,
            answers: &answers,
            now: self.now,
        };
        let mut findings = Findings::default();
        loop {
            match decide(&request.facts(), &world, &findings) {
                Verdict::Find(Question::Signature(unsigned)) => {
                    findings.token = Some(unsigned.answered(true));
                }
                Verdict::Find(Question::Keys(_)) => findings.looked_for_keys = true,
                Verdict::Find(Question::Refresh(_)) => {
                    findings.refreshed = Some(Refreshed::Ended);
                }
                Verdict::Find(Question::Revoked(..)) => findings.revoked = Some(Ok(false)),
                Verdict::Forward(permit) => return Ok(Answer::new("forward", permit.cors())),
                Verdict::PassToOrigin(_) => return Ok(Answer::new("origin", None)),
                Verdict::Answer(preflight) => {
                    let headers = preflight.lines().collect();
                    return Ok(Answer { verdict: "preflight", headers });
                }
                Verdict::Refuse(refusal) => {
                    let verdict = match refusal.login() {
                        Some(_) => "login",
                        None => refusal.code().as_str(),
                    };
                    let mut answer = Answer::new(verdict, refusal.cors());
                    let location = refusal.login().map(|login| login.location().to_owned());
                    answer.headers.extend(location.map(|to| ("location", to)));
                    return Ok(answer);
                }
            }
        }
    }
}
