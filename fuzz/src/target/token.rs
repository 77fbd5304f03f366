//! Access tokens: form, header, claims. What is accepted has one text and one reading.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::keys::{Jwk, KeySet};
use common::token::access::Unsigned;
use common::token::{AccessRules, Jws, MAX_TOKEN, join};
use serde_json::{Value, json};
use uuid::Uuid;

use super::issuer::{self, AUDIENCE, ISSUER, NOW};
use crate::input::Input;

struct Fixture {
    keys: KeySet,
    rules: AccessRules,
    token: String,
    claims: String,
    expired: String,
    stranger: String,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let claims = issuer::claims(Uuid::from_u128(3), &["admin"]);
    let with = |name: &str, value: Value| {
        let mut changed = claims.clone();
        changed[name] = value;
        changed.to_string()
    };
    let keys = [Jwk::ed25519(&[2; 32], issuer::kid())];
    Fixture {
        keys: KeySet::from_jwks(&keys).expect("one good key"),
        rules: issuer::rules(),
        token: issuer::token(&claims),
        claims: claims.to_string(),
        expired: with("exp", json!(NOW - 40)),
        stranger: with("iss", json!("https://evil.example")),
    }
});

const HEADER: &str = r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1"}"#;
const JSON_PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "null",
    "true",
    "0",
    "1e3",
    "1800000000",
    "-1",
    "1.5",
    "\"iss\"",
    "\"aud\"",
    "\"alg\":\"none\"",
    "\"crit\":[]",
    "\"kid\":\"k1\"",
    "\"exp\":1",
    "\\u0000",
    "\"nbf\":1800000100",
    "\"typ\":\"JWT\"",
    "\"\\u0061lg\":\"EdDSA\"",
    "\"roles\":[\"a b\"]",
    " ",
    "\u{feff}",
];

pub(super) fn run(input: &mut Input<'_>) -> String {
    let fixture = &*FIXTURE;
    let text = if input.coin() {
        input.text(
            &[&fixture.token],
            &[".", "=", "-", "_", "A", "e30", "eyJhbGciOiJub25lIn0", "+", "/"],
        )
    } else {
        let header = input.text(&[HEADER], JSON_PIECES);
        let claims =
            input.text(&[&fixture.claims, &fixture.expired, &fixture.stranger], JSON_PIECES);
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        join(format!("{}.{}", encode(&header), encode(&claims)), &[7; 64])
    };
    if let Ok(jws) = Jws::parse(&text, MAX_TOKEN) {
        assert!(text.len() <= MAX_TOKEN && text.split('.').count() == 3);
        let key = fixture.keys.iter().next().expect("there is one");
        if let Ok(check) = jws.check(key) {
            let again = join(check.signing_input.into(), &check.signature);
            assert_eq!(again, text, "two texts of one token");
        }
    }
    let parsed = Unsigned::parse(&text, &fixture.keys, &fixture.rules, issuer::now());
    let told = format!("{:?}", parsed.as_ref().map(Unsigned::text));
    let Ok(unsigned) = parsed else {
        return told;
    };
    let payload = text.split('.').nth(1).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("it was accepted");
    let claims: Value = serde_json::from_slice(&payload).expect("it was accepted");
    assert_eq!(claims["iss"], ISSUER);
    assert!(claims["aud"] == AUDIENCE || claims["aud"][0] == AUDIENCE, "{claims}");
    let verified = unsigned.answered(true).expect("the answer was yes");
    assert_eq!(claims["exp"], verified.expires_at().get());
    assert_eq!(claims["sub"], verified.subject.as_str());
    assert_eq!(verified.still_good(&fixture.keys, fixture.rules.leeway, issuer::now()), Ok(()));
    for (_, value) in common::identity::headers(&verified) {
        assert!(value.bytes().all(|b| (0x20..0x7f).contains(&b)), "{value:?}");
    }
    format!("{verified:?}")
}
