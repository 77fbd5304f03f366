//! What an assertion says, to whom, and what it cannot be used for.

use serde::Serialize;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::token::{join, signing_input};

const NOW: u64 = 1_800_000_000;
/// The public key of RFC 8037 §A.2.
const KEY: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const ASKED: Asked<'_> = Asked { method: "POST", target: "/orders/7?notify=1" };

fn rules() -> AssertionRules {
    AssertionRules::new(KEY, "portcullis-app".into()).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "https://app.example",
        "aud": "portcullis-app",
        "sub": "alice",
        "sid": "01931c7e-9a00-7000-8000-00000000000a",
        "jti": "0b5b1f0c-5b0e-4c5e-9a83-0f0b8c8f0c11",
        "roles": ["user", "admin"],
        "email_verified": true,
        "token_exp": NOW + 500,
        "htm": "POST",
        "htu": "/orders/7?notify=1",
        "iat": NOW,
        "exp": NOW + 30,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "portcullis-assertion+jwt", "kid": "assertion"})
}

fn text(header: &impl Serialize, claims: &impl Serialize) -> String {
    join(signing_input(header, claims).unwrap(), &[7; 64])
}

/// As if the signature were good: whether it is, others find out.
fn read(text: &str, asked: Asked<'_>, now: u64) -> Result<Asserted, AssertionError> {
    let rules = rules();
    let unsigned = Unsigned::parse(text, &rules, asked, UnixSeconds::new(now))?;
    unsigned.answered(true).map_err(Into::into)
}

#[test]
fn what_the_edge_says_is_what_the_app_reads() {
    let asserted = read(&text(&header(), &claims()), ASKED, NOW).unwrap();
    assert_eq!(asserted.issuer, "https://app.example");
    assert_eq!(asserted.subject, "alice");
    assert_eq!(asserted.sid.unwrap().to_string(), "01931c7e-9a00-7000-8000-00000000000a");
    assert_eq!(asserted.jti.unwrap().to_string(), "0b5b1f0c-5b0e-4c5e-9a83-0f0b8c8f0c11");
    assert_eq!(asserted.roles, ["user", "admin"]);
    assert!(asserted.email_verified);
    assert_eq!(asserted.token_expires_at, UnixSeconds::new(NOW + 500));
    assert_eq!(asserted.issued_at(), UnixSeconds::new(NOW));
}

#[test]
fn what_is_written_has_the_shape_that_is_read() {
    let roles = [String::from("user"), String::from("admin")];
    let written = AssertionClaims {
        iss: "https://app.example",
        aud: "portcullis-app",
        sub: "alice",
        sid: "01931c7e-9a00-7000-8000-00000000000a".parse().ok(),
        jti: "0b5b1f0c-5b0e-4c5e-9a83-0f0b8c8f0c11".parse().ok(),
        roles: &roles,
        email_verified: true,
        token_exp: UnixSeconds::new(NOW + 500),
        htm: ASKED.method,
        htu: ASKED.target,
        iat: UnixSeconds::new(NOW),
        exp: UnixSeconds::new(NOW).plus(LIFE),
    };
    let text = written.signing_input();
    let parts = text.split_once('.').unwrap();
    let read = |part: &str| -> Value {
        serde_json::from_slice(&base64url::decode(part).unwrap()).unwrap()
    };
    assert_eq!((read(parts.0), read(parts.1)), (header(), claims()));
}

#[test]
fn hdr_09_an_assertion_is_good_for_its_own_request_alone() {
    let text = text(&header(), &claims());
    for (method, target) in [
        ("GET", "/orders/7?notify=1"),
        ("post", "/orders/7?notify=1"),
        ("POST", "/orders/8?notify=1"),
        ("POST", "/orders/7"),
        ("POST", "/orders/7?notify=0"),
        ("POST", "/orders/7?notify=1&x"),
        ("POST", "/orders/%37?notify=1"),
        ("POST", "/orders/7/?notify=1"),
        ("POST", "//orders/7?notify=1"),
        ("POST", ""),
    ] {
        let found = read(&text, Asked { method, target }, NOW);
        assert_eq!(found, Err(AssertionError::OtherRequest), "{method} {target}");
    }
}

#[test]
fn hdr_09_an_assertion_is_good_for_half_a_minute_and_the_leeway() {
    let text = text(&header(), &claims());
    for now in [NOW - 5, NOW, NOW + 30, NOW + 34] {
        assert!(read(&text, ASKED, now).is_ok(), "{now}");
    }
    for (now, refusal) in [
        (NOW - 6, TokenError::Times),
        (NOW + 35, TokenError::Expired),
        (NOW + 60, TokenError::Expired),
        (u64::MAX, TokenError::Expired),
    ] {
        assert_eq!(read(&text, ASKED, now), Err(refusal.into()), "{now}");
    }
}

#[test]
fn claims_that_the_edge_does_not_make_are_refused() {
    for (claims, refusal) in [
        (with("exp", json!(NOW + 31)), TokenError::Times),
        (with("exp", json!(NOW)), TokenError::Times),
        (with("exp", json!(30.5)), TokenError::Claims),
        (with("nbf", json!(NOW + 6)), TokenError::Times),
        (with("iat", json!(NOW.to_string())), TokenError::Claims),
        (with("aud", json!("another-app")), TokenError::Audience),
        (with("aud", json!(["portcullis-app", 1])), TokenError::Audience),
        (with("iss", Value::Null), TokenError::Claims),
        (with("sub", json!("a b")), TokenError::Claims),
        (with("sub", json!("")), TokenError::Claims),
        (with("sub", json!("a\r\nx-auth-roles: admin")), TokenError::Claims),
        (with("sid", json!("no uuid")), TokenError::Claims),
        (with("jti", Value::Null), TokenError::Claims),
        (with("roles", json!("admin")), TokenError::Claims),
        (with("roles", json!(["user,admin"])), TokenError::Claims),
        (with("email_verified", json!("true")), TokenError::Claims),
        (with("token_exp", json!(-1)), TokenError::Claims),
        (with("htm", Value::Null), TokenError::Claims),
        (with("htu", json!(["/orders/7?notify=1"])), TokenError::Claims),
        (json!([]), TokenError::Claims),
    ] {
        let found = read(&text(&header(), &claims), ASKED, NOW);
        assert_eq!(found, Err(refusal.into()), "{claims}");
    }
    let doubled = claims().to_string().replacen('{', r#"{"sub":"mallory","#, 1);
    let header = base64url::encode(serde_json::to_vec(&header()).unwrap());
    let doubled = join(format!("{header}.{}", base64url::encode(doubled)), &[7; 64]);
    assert_eq!(read(&doubled, ASKED, NOW), Err(TokenError::Claims.into()));
}

#[test]
fn a_user_of_another_issuer_need_not_have_a_session() {
    let mut claims = with("sub", json!("https://id.example/|a%20b"));
    for absent in ["sid", "jti"] {
        claims.as_object_mut().unwrap().remove(absent);
    }
    let asserted = read(&text(&header(), &claims), ASKED, NOW).unwrap();
    assert_eq!(asserted.subject, "https://id.example/|a%20b");
    assert_eq!((asserted.sid, asserted.jti), (None, None));
}

#[test]
fn no_other_kind_of_token_is_taken_for_an_assertion() {
    let good = serde_json::to_value(header()).unwrap();
    for (name, value, refusal) in [
        ("typ", json!("at+jwt"), TokenError::Type),
        ("typ", json!("rt+jwt"), TokenError::Type),
        ("typ", json!("portcullis-head+jwt"), TokenError::Type),
        ("typ", json!("JWT"), TokenError::Type),
        ("alg", json!("none"), TokenError::Algorithm),
        ("alg", json!("HS256"), TokenError::Algorithm),
        ("alg", json!("RS256"), TokenError::Algorithm),
        ("kid", json!("anchor"), TokenError::Key),
        ("kid", json!("Assertion"), TokenError::Key),
        ("crit", json!(["exp"]), TokenError::Header),
        ("jwk", json!({}), TokenError::Header),
    ] {
        let mut header = good.clone();
        header[name] = value;
        let found = read(&text(&header, &claims()), ASKED, NOW);
        assert_eq!(found, Err(refusal.into()), "{header}");
    }
    for absent in ["typ", "kid"] {
        let mut header = good.clone();
        header.as_object_mut().unwrap().remove(absent);
        assert!(read(&text(&header, &claims()), ASKED, NOW).is_err(), "{absent}");
    }
}

#[test]
fn only_a_good_signature_lets_the_content_out() {
    let (rules, text) = (rules(), text(&header(), &claims()));
    let unsigned = Unsigned::parse(&text, &rules, ASKED, UnixSeconds::new(NOW)).unwrap();
    assert_eq!(unsigned.check.key.id().map(KeyId::as_str), Some("assertion"));
    assert_eq!(unsigned.answered(false), Err(TokenError::Signature));
    let short = join(signing_input(&header(), &claims()).unwrap(), &[7; 63]);
    assert_eq!(read(&short, ASKED, NOW), Err(TokenError::Signature.into()));
}

#[test]
fn the_longest_target_fits_and_no_more_is_read() {
    let target = format!("/{}", "x".repeat(16 * 1024 - 1));
    let text = text(&header(), &with("htu", json!(target)));
    assert!(read(&text, Asked { method: "POST", target: &target }, NOW).is_ok());
    let long = "x".repeat(MAX + 1);
    assert_eq!(read(&long, ASKED, NOW), Err(TokenError::TooLong.into()));
}

#[test]
fn a_public_key_is_32_bytes_of_base64url() {
    for bad in ["", "abc", &KEY[1..], &format!("{KEY}="), &format!("{KEY}A"), "*"] {
        assert!(AssertionRules::new(bad, "portcullis-app".into()).is_err(), "{bad:?}");
    }
}
