//! Follows one request through the gate and tells each step.

use core::fmt;

use common::UnixSeconds;
use common::issuers::{Reading, Trust, Untrusted};
use common::policy::{CanonicalPath, Host, Requirement, Rule};
use common::problem::Code;
use common::revocation::{Answers, Standing};
use common::token::{AccessRules, Jws, MAX_TOKEN, TokenError, Typ, Verified, VerifiedCache};
use common::verdict::{
    Credential, Facts, Findings, Located, Question, Refreshed, Verdict, World, credential, decide,
    locate,
};
use serde_json::Value;

use crate::{Config, Knowledge, known, signature};

/// What the gate does with a request, step by step.
#[derive(Clone, Debug, Default)]
pub struct Explanation {
    lines: Vec<(&'static str, String)>,
    passes: bool,
}

impl Explanation {
    /// Whether the request is let through, or answered as asked for.
    #[must_use]
    pub const fn passes(&self) -> bool {
        self.passes
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
    place(facts, config, &mut told);
    if let Ok(Located::App(rule)) = locate(facts, &config.policy)
        && rule.require != Requirement::Public
        && let Ok(credential) = credential(facts)
    {
        told.tell("credential", named(credential));
        token(credential.text(), rule, config, known, now, &mut told);
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
    let (method, rule) = match locate(facts, &config.policy) {
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
        for beaten in config.policy.covering(host, method, path).skip(1) {
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

/// What is looked at in a token of our own issuer before its signature, in this order.
const OWN: [(&str, &[TokenError]); 10] = [
    ("length", &[TokenError::TooLong]),
    ("form", &[TokenError::Form]),
    ("header", &[TokenError::Header]),
    ("type", &[TokenError::Type]),
    ("key", &[TokenError::Key]),
    ("claims", &[TokenError::Claims]),
    ("issuer", &[TokenError::Issuer]),
    ("audience", &[TokenError::Audience]),
    ("times", &[TokenError::Times, TokenError::Expired]),
    ("algorithm", &[TokenError::Algorithm, TokenError::Signature]),
];

/// And in one of another issuer: whatever sends nobody to look for keys comes first.
const FOREIGN: [(&str, &[TokenError]); 9] = [
    ("length", &[TokenError::TooLong]),
    ("form", &[TokenError::Form]),
    ("header", &[TokenError::Header]),
    ("type", &[TokenError::Type]),
    ("algorithm", &[TokenError::Algorithm]),
    ("audience", &[TokenError::Audience]),
    ("claims", &[TokenError::Claims]),
    ("times", &[TokenError::Times, TokenError::Expired]),
    ("key", &[TokenError::Key, TokenError::Signature]),
];

fn token(
    text: &str,
    rule: &Rule,
    config: &Config,
    known: &Knowledge,
    now: UnixSeconds,
    told: &mut Explanation,
) {
    let trust = Trust {
        rules: &config.rules,
        keys: known.head.keys(),
        issuers: &config.issuers,
        keyring: &known.keyring,
        looked: true,
        now,
    };
    let issuer = known::foreign(text, config).and_then(|index| config.issuers.get(index));
    let checks: &[_] = if issuer.is_some() { &FOREIGN } else { &OWN };
    if let Some(issuer) = issuer {
        told.tell("token", format!("of the issuer {}", issuer.name()));
    }
    let read = trust.read(text);
    let failed = match &read {
        Err(Untrusted::Token(error)) => Some(*error),
        Err(Untrusted::KeysUnknown) | Ok(_) => None,
    };
    for (check, faults) in checks {
        if let Some(error) = failed.filter(|error| faults.contains(error)) {
            let ours = issuer.is_none().then_some(&config.rules);
            let hint = hint(error, text, ours, now);
            return told.tell("token", format!("{check}: {error}{hint}"));
        }
        told.tell("token", format!("{check}: good"));
    }
    let Ok(Reading::Unsigned(unsigned)) = read else {
        return told.tell("token", "its issuer's keys are not known");
    };
    let good = if known.has_keys {
        let good = signature::is_good(&unsigned.check);
        told.tell("signature", if good { "good" } else { "wrong" });
        good
    } else {
        told.tell("signature", "not checked: give --jwks, or --head for a token of our own");
        true
    };
    if let Ok(verified) = unsigned.answered(good) {
        after_signature(&verified, rule, known, told);
    }
}

fn after_signature(token: &Verified, rule: &Rule, known: &Knowledge, told: &mut Explanation) {
    let standing = match (known.head.standing(token), known.segments_left_out) {
        (_, None) => "not checked: give --head".into(),
        (Standing::Revoked, _) => format!("revoked, by the head of epoch {}", known.head.epoch()),
        (Standing::Good | Standing::Suspected, Some(left_out)) => {
            let head =
                format!("not revoked by the tail of the head of epoch {}", known.head.epoch());
            let rest = format!("; {left_out} segments of older revocations were not looked at");
            head + if left_out == 0 { "" } else { &rest }
        }
    };
    told.tell("revocation", standing);
    let has = match &rule.require {
        Requirement::Role(_) => format!(", has the roles {:?}", token.roles),
        Requirement::Scope(_) => format!(", has the scope {:?}", token.scope.join(" ")),
        Requirement::Public | Requirement::SignedIn => String::new(),
    };
    told.tell("requirement", format!("{}{has}", rule.require));
}

/// What the token says and what was expected. Nothing of this is verified, and nothing of it is
/// the token itself.
fn hint(error: TokenError, text: &str, ours: Option<&AccessRules>, now: UnixSeconds) -> String {
    let Ok(jws) = Jws::parse(text, MAX_TOKEN) else {
        return String::new();
    };
    let claims: Value = serde_json::from_slice(jws.unverified_payload()).unwrap_or_default();
    let claim = |name: &str| claims.get(name).unwrap_or(&Value::Null).to_string();
    match error {
        TokenError::Issuer => {
            let expected = expected(ours.map(|rules| rules.issuer.as_str()));
            format!(": it says {}{expected}, and no other issuer has that name", claim("iss"))
        }
        TokenError::Audience => {
            let expected = expected(ours.map(|rules| rules.audience.as_str()));
            format!(": it says {}{expected}", claim("aud"))
        }
        TokenError::Times | TokenError::Expired => {
            let times = [claim("iat"), claim("nbf"), claim("exp")].join(", ");
            format!(": iat, nbf, exp are {times}, and it is {now}")
        }
        TokenError::Type => {
            let expected = expected(ours.map(|_| Typ::Access.as_str()));
            format!(": it says {:?}{expected}", jws.header.typ)
        }
        TokenError::Key => format!(": it names {:?}", jws.header.kid),
        TokenError::TooLong
        | TokenError::Form
        | TokenError::Header
        | TokenError::Algorithm
        | TokenError::Claims
        | TokenError::Signature => String::new(),
    }
}

fn expected(text: Option<&str>) -> String {
    text.map(|text| format!(", expected {text:?}")).unwrap_or_default()
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
        policy: &config.policy,
        rules: &config.rules,
        issuers: &config.issuers,
        keyring: &known.keyring,
        staleness: config.staleness,
        head: Some(&known.head),
        cache: &cache,
        answers: &answers,
        now,
    };
    let mut findings = Findings::default();
    loop {
        match decide(facts, &world, &findings) {
            Verdict::Find(Question::Signature(unsigned)) => {
                let good = !known.has_keys || signature::is_good(&unsigned.check);
                findings.token = Some(unsigned.answered(good));
            }
            Verdict::Find(Question::Keys(_)) => findings.looked_for_keys = true,
            Verdict::Find(Question::Refresh(_)) => {
                told.tell(
                    "refresh",
                    "the origin would be asked for new tokens; taken as refused here",
                );
                findings.refreshed = Some(Refreshed::Ended);
            }
            Verdict::Find(Question::Revoked(..)) => {
                told.tell("revocation", "the origin would be asked; taken as not revoked here");
                findings.revoked = Some(Ok(false));
            }
            Verdict::Forward(permit) => {
                told.passes = true;
                let whom = if permit.is_public() { "naming nobody" } else { "naming the user" };
                let upstream = permit.upstream().unwrap_or("APP_URL");
                return told.tell("verdict", format!("forward to {upstream}, {whom}"));
            }
            Verdict::PassToOrigin(_) => {
                told.passes = true;
                return told.tell("verdict", "pass to the origin, which judges for itself");
            }
            Verdict::Answer(preflight) => {
                told.passes = true;
                told.tell("verdict", "204, answered at the edge with");
                for (name, value) in preflight.lines() {
                    told.tell("verdict", format!("  {name}: {value}"));
                }
                return;
            }
            Verdict::Refuse(refusal) => return told.tell("verdict", refused(refusal.code())),
        }
    }
}

fn refused(code: Code) -> String {
    format!("refuse: {} {}. {}", code.status(), code.as_str(), code.detail())
}
