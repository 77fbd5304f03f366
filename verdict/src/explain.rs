//! Follows one request through the gate and tells each step.

mod token;

use core::fmt;
use core::time::Duration;

use common::UnixSeconds;
use common::policy::{CanonicalPath, Host, Requirement, Rule};
use common::problem::Code;
use common::revocation::Answers;
use common::token::VerifiedCache;
use common::verdict::{
    Credential, Facts, Findings, Located, Permit, Question, Refreshed, Verdict, World, credential,
    decide, locate,
};

use crate::{Config, Knowledge, known, signature};

/// What the gate does with a request, step by step.
#[derive(Clone, Debug, Default)]
pub struct Explanation {
    lines: Vec<(&'static str, String)>,
    outcome: Outcome,
}

/// What it comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// The request is let through, or answered as asked for.
    Passes,
    /// It is not.
    #[default]
    Refused,
    /// That depends on what nobody looked at: the token's signature, whether it is revoked, whether the
    /// origin renews the session.
    Undecided,
}

impl Explanation {
    /// What it comes to.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    fn tell(&mut self, step: &'static str, text: impl Into<String>) {
        self.lines.push((step, text.into()));
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = "";
        for (step, text) in &self.lines {
            let label = if told == *step { "" } else { step };
            writeln!(f, "{label:<12}{text}")?;
            told = step;
        }
        Ok(())
    }
}

/// Explains what happens to a request.
#[must_use]
pub fn explain(
    facts: &Facts<'_>,
    config: &Config,
    known: &Knowledge,
    now: UnixSeconds,
) -> Explanation {
    let mut told = Explanation::default();
    for note in &config.notes {
        told.tell("note", note);
    }
    place(facts, config, &mut told);
    if let Ok(Located::App(rule)) = locate(facts, &config.vars.policy)
        && rule.require != Requirement::Public
        && let Ok(credential) = credential(facts)
    {
        told.tell("credential", named(credential));
        token::explain(credential.text(), rule, config, known, now, &mut told);
    }
    verdict(facts, config, known, now, &mut told);
    told
}

fn named(credential: Credential<'_>) -> String {
    match credential {
        Credential::Bearer(text) => format!("a bearer token of {} bytes", text.len()),
        Credential::Cookie(text) => format!("the access cookie, a token of {} bytes", text.len()),
    }
}

/// Which rule it is.
fn place(facts: &Facts<'_>, config: &Config, told: &mut Explanation) {
    told.tell("request", format!("{} {}{}", facts.method, facts.own_origin, facts.path));
    let (host, path) = (Host::of_origin(facts.own_origin), CanonicalPath::parse(facts.path));
    told.tell("host", host.as_ref().map_or_else(ToString::to_string, |host| host.as_str().into()));
    match &path {
        Ok(path) => {
            let segments: Vec<&str> = path.segments().collect();
            told.tell("path", format!("canonical; matched as /{}", segments.join("/")));
        }
        Err(error) => told.tell("path", error.to_string()),
    }
    let (method, rule) = match locate(facts, &config.vars.policy) {
        Ok(Located::Origin) => return told.tell("rule", "reserved: the origin's"),
        Ok(Located::App(rule)) => (facts.method, rule),
        Ok(Located::Preflight(rule)) => {
            told.tell("rule", "a CORS preflight: the rule for the method it asks about");
            (facts.preflight_method.unwrap_or_default(), rule)
        }
        Err(refusal) => return told.tell("rule", format!("none: {}", refusal.code().detail())),
    };
    told.tell("rule", described(rule));
    if let (Ok(host), Ok(path)) = (&host, &path) {
        for beaten in config.vars.policy.covering(host, method, path).skip(1) {
            told.tell("rule", format!("  more specific than {}", described(beaten)));
        }
    }
}

fn described(rule: &Rule) -> String {
    match rule.index() {
        Some(index) => format!("rules[{index}] {rule}: {}", rule.require),
        None => format!("default: {}", rule.require),
    }
}

/// The verdict itself: the gate's own, questions answered by what is known.
fn verdict(
    facts: &Facts<'_>,
    config: &Config,
    known: &Knowledge,
    now: UnixSeconds,
    told: &mut Explanation,
) {
    let (cache, answers) = (VerifiedCache::new(1), Answers::new(1));
    let world = World {
        policy: &config.vars.policy,
        rules: &config.vars.rules,
        issuers: &config.vars.issuers,
        keyring: &known.keyring,
        staleness: config.vars.staleness,
        head: Some(&known.head),
        cache: &cache,
        answers: &answers,
        now,
    };
    let mut findings = Findings::default();
    // Whose signature the verdict depends on.
    let mut signed = None;
    let (mut asks_if_revoked, mut asks_for_tokens) = (false, false);
    loop {
        match decide(facts, &world, &findings) {
            Verdict::Find(Question::Signature(unsigned)) => {
                let good = !known.has_keys || signature::is_good(&unsigned.check);
                signed = credential(facts).ok();
                findings.token = Some(unsigned.answered(good));
            }
            Verdict::Find(Question::Keys(_)) => findings.looked_for_keys = true,
            Verdict::Find(Question::Refresh(_)) => {
                told.tell("refresh", "the origin would be asked for new tokens");
                asks_for_tokens = true;
                findings.refreshed = Some(Refreshed::Ended);
            }
            Verdict::Find(Question::Revoked(..)) => {
                told.tell("revocation", "the origin would be asked; taken as not revoked here");
                asks_if_revoked = true;
                findings.revoked = Some(Ok(false));
            }
            Verdict::Forward(permit) => {
                let Some(credential) = signed else {
                    told.outcome = Outcome::Passes;
                    return told.tell("verdict", forwarded(&permit));
                };
                let age = known.head.age(world.now);
                let doubt = doubt(known, asks_if_revoked, age, config);
                return unless(&permit, credential.text(), doubt, config, known, told);
            }
            Verdict::PassToOrigin(_) => {
                told.outcome = Outcome::Passes;
                return told.tell("verdict", "pass to the origin, which judges for itself");
            }
            Verdict::Answer(preflight) => {
                told.outcome = Outcome::Passes;
                told.tell("verdict", "204, answered at the edge with");
                for (name, value) in preflight.lines() {
                    told.tell("verdict", format!("  {name}: {value}"));
                }
                return;
            }
            Verdict::Refuse(refusal) if asks_for_tokens => {
                told.outcome = Outcome::Undecided;
                let renewed = "none yet; if the origin renews the session it is judged anew; else";
                told.tell("verdict", format!("{renewed} {}", refused(refusal.code())));
                return told.tell(
                    "not checked",
                    "whether the session lives: the origin is not asked here",
                );
            }
            Verdict::Refuse(refusal) => {
                told.tell("verdict", refused(refusal.code()));
                if refusal.code() == Code::RevocationsUnknown {
                    // An edge looks for a newer head by itself.
                    told.outcome = Outcome::Undecided;
                    let age = known.head.age(world.now).as_secs();
                    let why = format!("the head is {age} s old: give {}", newest(config));
                    told.tell("not checked", format!("whether it is revoked: {why}"));
                }
                return;
            }
        }
    }
}

fn forwarded(permit: &Permit<'_>) -> String {
    let whom = if permit.is_public() { "naming nobody" } else { "naming the user" };
    format!("forward to {}, {whom}", permit.upstream().unwrap_or("APP_URL"))
}

/// Why nobody knows whether the token is revoked, if nobody does.
fn doubt(
    known: &Knowledge,
    asks_if_revoked: bool,
    age: Duration,
    config: &Config,
) -> Option<String> {
    match known.segments_left_out {
        _ if asks_if_revoked => Some("the origin, which this rule asks, is not asked here".into()),
        None => Some(format!("give {}", newest(config))),
        Some(_) if age > config.vars.staleness.fresh => {
            Some(format!("the head is {} s old: give {}", age.as_secs(), newest(config)))
        }
        Some(0) => None,
        Some(count) => Some(format!("segments of the head that were not looked at: {count}")),
    }
}

/// The option with which the head is the one that the origin has now.
fn newest(config: &Config) -> String {
    format!("--head {}/.well-known/portcullis/head", config.vars.rules.issuer)
}

/// What was not looked at stands last, with what to give so that it is.
fn unless(
    permit: &Permit<'_>,
    token: &str,
    doubt: Option<String>,
    config: &Config,
    known: &Knowledge,
    told: &mut Explanation,
) {
    let site = &config.vars.rules.issuer;
    let mut verdict = forwarded(permit);
    let mut unchecked = Vec::new();
    if !known.has_keys {
        let foreign =
            known::foreign(token, config).and_then(|index| config.vars.issuers.get(index));
        let (jwks, or_head) = match foreign {
            Some(issuer) => (issuer.jwks_url().into(), String::new()),
            None => (format!("{site}/.well-known/jwks.json"), format!(", or {}", newest(config))),
        };
        verdict = format!("none yet; if the signature is good: {verdict}");
        unchecked.push(format!("the signature: give --jwks {jwks}{or_head}"));
    }
    if let Some(why) = doubt {
        verdict += ", unless it is revoked";
        unchecked.push(format!("whether it is revoked: {why}"));
    }
    told.outcome = if unchecked.is_empty() { Outcome::Passes } else { Outcome::Undecided };
    told.tell("verdict", verdict);
    for what in unchecked {
        told.tell("not checked", what);
    }
}

fn refused(code: Code) -> String {
    format!("refuse: {} {}. {}", code.status(), code.as_str(), code.detail())
}
