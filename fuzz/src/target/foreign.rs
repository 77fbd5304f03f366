//! Tokens of other issuers: judged by their issuer's rules, and never by another's.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::UnixSeconds;
use common::issuers::{Issuers, Jwks, Keyring, Reading, Trust};
use common::keys::{Jwk, KeySet};
use common::token::{AccessRules, join};
use serde_json::{Value, json};

use super::issuer::{self, NOW};
use crate::input::Input;

const OTHER: &str = "https://other.example";

struct Fixture {
    rules: AccessRules,
    own: KeySet,
    issuers: Issuers,
    keyring: Keyring,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let entry = json!([{
        "issuer": OTHER, "audience": ["api", "api2"], "algorithms": ["EdDSA", "ES256"], "typ": "JWT",
        "jwks_url": "https://other.example/jwks", "roles_claim": ["realm", "roles"],
        "roles": {"staff": "admin"}, "scope_claim": "scp",
    }]);
    let issuers = Issuers::read(entry.into(), issuer::ISSUER).expect("it is good");
    let keys = |public| KeySet::from_jwks(&[Jwk::ed25519(public, issuer::kid())]).expect("one key");
    let mut keyring = Keyring::default();
    let a_minute_ago = UnixSeconds::new(NOW - 60);
    for (index, _) in issuers.iter() {
        keyring.begin(index, a_minute_ago);
        keyring.end(index, Some(Jwks { keys: keys(&[3; 32]), fetched_at: a_minute_ago }));
    }
    Fixture { rules: issuer::rules(), own: keys(&[2; 32]), issuers, keyring }
});

const HEADERS: &[&str] =
    &[r#"{"alg":"EdDSA","kid":"k1"}"#, r#"{"alg":"EdDSA","typ":"JWT"}"#, r#"{"alg":"ES256"}"#];
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "0",
    "-1",
    "\"aud\":\"api\"",
    "\"iss\":\"x\"",
    "\\u0000",
    "\"cnf\":{}",
    "\"events\":{}",
    "\"scp\":[\"a\"]",
    "\"kid\":\"k2\"",
    "\"typ\":\"at+jwt\"",
    "staff",
    "|",
    "%",
    "\u{e9}",
    "https://app.example",
    "https://other.example",
];

pub(super) fn run(input: &mut Input<'_>) -> String {
    let fixture = &*FIXTURE;
    let claims = json!({
        "iss": OTHER, "aud": "api", "sub": "1", "iat": NOW - 100, "exp": NOW + 500, "sid": "s", "jti": "j",
        "realm": {"roles": ["staff", "x"]}, "scp": "a b",
    });
    let (header, claims) =
        (input.text(HEADERS, PIECES), input.text(&[&claims.to_string()], PIECES));
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let text = join(format!("{}.{}", encode(&header), encode(&claims)), &[7; 64]);
    let trust = Trust {
        rules: &fixture.rules,
        keys: &fixture.own,
        issuers: &fixture.issuers,
        keyring: &fixture.keyring,
        looked: input.coin(),
        now: issuer::now(),
    };
    let unsigned = match trust.read(&text) {
        Ok(Reading::Unsigned(unsigned)) => unsigned,
        other => return format!("{other:?}"),
    };
    let is_theirs = unsigned.check.key.numbers().x == Jwk::ed25519(&[3; 32], issuer::kid()).x;
    let verified = unsigned.answered(true).expect("the answer was yes");
    let claims: Value = serde_json::from_str(&claims).expect("it was accepted");
    assert_eq!(claims["iss"] == OTHER, is_theirs, "another issuer's key");
    assert_eq!(verified.issuer.is_some(), is_theirs);
    assert_eq!(verified.subject.as_str().contains('|'), is_theirs, "one of ours, or theirs?");
    if is_theirs {
        assert!(verified.subject.as_str().starts_with("https://other.example|"));
        assert!(verified.roles.iter().all(|role| role == "admin"), "a role that nobody mapped");
    }
    for (_, value) in common::identity::headers(&verified) {
        assert!(value.bytes().all(|b| (0x20..0x7f).contains(&b)), "{value:?}");
    }
    format!("{verified:?}")
}
