//! The whole decision: whatever is asked, nobody gets in who should not.

use core::time::Duration;
use std::sync::LazyLock;

use common::issuers::{Issuers, Keyring};
use common::policy::{CanonicalPath, Policy, Requirement};
use common::revocation::{Answers, Head};
use common::same_origin::Provenance;
use common::token::{AccessRules, VerifiedCache};
use common::verdict::{
    CorsHeaders, Facts, Findings, Located, OriginSilent, Question, Refreshed, Staleness, Verdict,
    World, credential, decide, locate,
};
use serde_json::json;
use uuid::Uuid;

use super::issuer::{self, ISSUER, REVOKED};
use super::path::{PIECES, SEEDS};
use crate::input::Input;

struct Fixture {
    policy: Policy,
    rules: AccessRules,
    issuers: Issuers,
    keyring: Keyring,
    head: Head,
    user: String,
    admin: String,
    revoked: String,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let policy = json!({"rules": [
        {"path": "/public/*", "require": "public"},
        {"path": "/admin/*", "require": {"role": "admin"}},
        {"path": "/strict/*", "require": "signed-in", "unfresh": "always-ask"},
        {"path": "/*", "require": "public", "host": "open.example"},
        {"path": "/api/*", "require": "signed-in", "hand": "token", "cors":
            {"origins": ["https://shop.example"], "credentials": true, "headers": ["content-type"]}},
    ]});
    let policy = serde_json::from_value(policy).expect("it reads");
    let token = |sid, roles: &[&str]| issuer::token(&issuer::claims(sid, roles));
    Fixture {
        policy: Policy::new(policy).expect("it is good"),
        rules: issuer::rules(),
        issuers: Issuers::default(),
        keyring: Keyring::default(),
        head: issuer::head(),
        user: token(Uuid::from_u128(3), &[]),
        admin: token(Uuid::from_u128(4), &["admin"]),
        revoked: token(REVOKED, &["admin"]),
    }
});

const METHODS: &[&str] =
    &["GET", "POST", "OPTIONS", "HEAD", "DELETE", "TRACE", "get", "PROPFIND", ""];
const ORIGINS: &[&str] =
    &[ISSUER, "https://open.example", "https://APP.example.:443", "https://u@x", ""];
const SITES: &[&str] = &["same-origin", "cross-site", "none", "same-site", ""];
const FROM: &[&str] = &["https://shop.example", ISSUER, "null", "https://evil.example"];

pub(super) fn run(input: &mut Input<'_>) -> String {
    let fixture = &*FIXTURE;
    let tokens = [fixture.user.as_str(), &fixture.admin, &fixture.revoked, "x.y.z"];
    let sent = input.one_of(&tokens);
    let bearer = format!("Bearer {sent}");
    let authorization = input
        .coin()
        .then(|| input.text(&[&bearer], &["Bearer ", "bearer", ",", " ", "Basic ", "."]));
    let cookie = format!("__Host-at={}", input.one_of(&tokens));
    let cookie = input
        .coin()
        .then(|| input.text(&[&cookie], &["__Host-at=", "; ", ",", "__Host-rt=r", "="]));
    let path = if input.coin() {
        input.text(&["/api/x", "/public/x", "/strict", "/x", "/admin"], PIECES)
    } else {
        input.text(SEEDS, PIECES)
    };
    let facts = Facts {
        method: input.mostly(METHODS),
        path: &path,
        own_origin: input.mostly(ORIGINS),
        authorization: authorization.as_deref(),
        cookie: cookie.as_deref(),
        provenance: Provenance { sec_fetch_site: input.maybe(SITES), origin: input.maybe(FROM) },
        upgrade: input.mostly(&[None, Some("websocket"), Some("h2c")]),
        preflight_method: input.maybe(METHODS),
        preflight_headers: input.maybe(&["content-type", "x-other, content-type", ","]),
        fetch_mode: input.maybe(&["navigate", "cors"]),
        fetch_dest: input.maybe(&["document", "iframe"]),
        target: &path,
        renewed: None,
    };
    let verdict = settle(&facts, fixture);
    match &verdict {
        Verdict::Forward(permit) => {
            assert!(CanonicalPath::parse(facts.path).is_ok(), "a path with two readings went on");
            let Ok(Located::App(rule)) = locate(&facts, &fixture.policy) else {
                unreachable!("it was forwarded")
            };
            assert_eq!(permit.is_public(), rule.require == Requirement::Public);
            if !permit.is_public() {
                let shown = credential(&facts).expect("it was forwarded").text();
                assert!(
                    shown == fixture.user || shown == fixture.admin,
                    "nobody's token: {shown:?}"
                );
                let admin_only = matches!(rule.require, Requirement::Role(_));
                assert!(!admin_only || shown == fixture.admin, "the user is no admin");
            }
            format!("forward {:?} {:?}", permit.identity(), lines(permit.cors()))
        }
        Verdict::Refuse(refusal) => {
            format!("{} {:?}", refusal.code().as_str(), lines(refusal.cors()))
        }
        Verdict::Answer(preflight) => {
            assert_eq!(facts.provenance.origin, Some("https://shop.example"));
            format!("{:?}", preflight.lines().collect::<Vec<_>>())
        }
        Verdict::PassToOrigin(_) => "origin".into(),
        Verdict::Find(_) => unreachable!("every question was answered"),
    }
}

fn lines(cors: Option<&CorsHeaders>) -> Vec<(&'static str, &str)> {
    cors.into_iter().flat_map(CorsHeaders::lines).collect()
}

fn settle<'a>(facts: &Facts<'a>, fixture: &'static Fixture) -> Verdict<'a, 'static> {
    let (cache, answers) = (VerifiedCache::new(1), Answers::new(1));
    let world = World {
        policy: &fixture.policy,
        rules: &fixture.rules,
        issuers: &fixture.issuers,
        keyring: &fixture.keyring,
        staleness: Staleness { fresh: Duration::from_secs(90), stale: Duration::from_mins(15) },
        head: Some(&fixture.head),
        cache: &cache,
        answers: &answers,
        now: issuer::now(),
    };
    let issued = [&fixture.user, &fixture.admin, &fixture.revoked];
    let mut findings = Findings::default();
    for _ in 0..4 {
        match decide(facts, &world, &findings) {
            Verdict::Find(Question::Signature(unsigned)) => {
                let good = issued.iter().any(|token| *token == unsigned.text());
                findings.token = Some(unsigned.answered(good));
            }
            Verdict::Find(Question::Keys(_)) => unreachable!("there is no other issuer"),
            Verdict::Find(Question::Revoked(..)) => {
                assert!(matches!(findings.token, Some(Ok(_))), "asked on behalf of nobody");
                findings.revoked = Some(Ok(false));
            }
            Verdict::Find(Question::Refresh(_)) => {
                findings.refreshed = Some(Refreshed::Silent(OriginSilent));
            }
            settled => return settled,
        }
    }
    unreachable!("it asks the same question again")
}
