//! Follows a token through its checks.

use common::UnixSeconds;
use common::issuers::{Reading, Trust, Untrusted};
use common::policy::{Requirement, Rule};
use common::revocation::Standing;
use common::token::{AccessRules, Jws, MAX_TOKEN, TokenError, Typ, Verified};
use serde_json::Value;

use super::Explanation;
use crate::{Config, Knowledge, known, signature};

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

/// Each check of a token up to the one that fails, and what the rule asks of it.
pub(super) fn explain(
    text: &str,
    rule: &Rule,
    config: &Config,
    known: &Knowledge,
    now: UnixSeconds,
    told: &mut Explanation,
) {
    let trust = Trust {
        rules: &config.vars.rules,
        keys: known.head.keys(),
        issuers: &config.vars.issuers,
        keyring: &known.keyring,
        looked: true,
        now,
    };
    let issuer = known::foreign(text, config).and_then(|index| config.vars.issuers.get(index));
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
            let ours = issuer.is_none().then_some(&config.vars.rules);
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
        told.tell("signature", "not checked");
        true
    };
    if let Ok(verified) = unsigned.answered(good) {
        after_signature(&verified, rule, known, told);
    }
}

fn after_signature(token: &Verified, rule: &Rule, known: &Knowledge, told: &mut Explanation) {
    let standing = match (known.head.standing(token), known.segments_left_out) {
        (_, None) => "not checked".into(),
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
            format!(": it says {}{expected}", Value::from(jws.header.typ))
        }
        TokenError::Key => format!(": it names {}", Value::from(jws.header.kid.map(String::from))),
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
