//! ID tokens by table. Signatures are answered by the table: who verifies is not judged here.

use serde_json::{Value, json};

use super::*;
use crate::token::{join, signing_input};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOW: u64 = 1_800_000_000;
const A: &str = "https://a.example";
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// `null` takes a member out.
fn merge(mut into: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(name);
        } else {
            into[name] = value.clone();
        }
    }
    into
}

fn keys(kids: &[Option<&str>]) -> KeySet {
    let keys: Vec<_> = kids
        .iter()
        .map(|kid| merge(json!({"kty": "OKP", "crv": "Ed25519", "x": X}), &json!({"kid": kid})))
        .collect();
    KeySet::from_document(json!({"keys": keys}).to_string().as_bytes(), &Algorithm::ALL).unwrap()
}

/// A token of A's, with changes.
fn token(header: &Value, claims: &Value) -> String {
    let header = merge(json!({"alg": "EdDSA", "kid": "k"}), header);
    let own =
        json!({"iss": A, "aud": "us", "sub": "1", "nonce": "n", "iat": NOW, "exp": NOW + 600});
    join(signing_input(&header, &merge(own, claims)).unwrap(), &[7; 64])
}

fn read_by(
    issuer: &IssuerName,
    told_issuer: Option<&str>,
    keys: &KeySet,
    text: &str,
) -> Result<IdClaims, TokenError> {
    let rules =
        IdTokenRules { issuer, told_issuer, client_id: "us", nonce: "n", access_token: "access" };
    UnsignedIdToken::parse(text, keys, &rules, UnixSeconds::new(NOW))?.answered(true)
}

fn read(text: &str) -> Result<IdClaims, TokenError> {
    read_by(&IssuerName::Exactly(A.into()), None, &keys(&[Some("k")]), text)
}

#[test]
fn oid_01_22_each_claim_is_held_against_its_rule() {
    use TokenError::{Algorithm, Audience, Claims, Expired, Header, Issuer, Key, Times, Type};
    let none = json!({});
    for claims in [
        json!({}),
        json!({"aud": ["us"]}),
        json!({"aud": ["us", "them"], "azp": "us"}),
        json!({"azp": "us"}),
        // OID-22: clocks may be half a minute apart.
        json!({"iat": NOW + 30}),
        json!({"iat": NOW - 600, "exp": NOW - 29}),
        json!({"exp": NOW + 86_400}),
        // Of "access", by SHA-512.
        json!({"at_hash": at_hash(super::Algorithm::EdDsa, "access")}),
    ] {
        assert!(read(&token(&none, &claims)).is_ok(), "{claims}");
    }
    for (claims, error) in [
        (json!({"iss": "https://b.example"}), Issuer),
        (json!({"iss": "https://a.example/"}), Issuer),
        (json!({"iss": "a.example"}), Issuer),
        (json!({"iss": null}), Issuer),
        (json!({"iss": [A]}), Issuer),
        (json!({"sub": null}), Claims),
        (json!({"sub": ""}), Claims),
        (json!({"sub": 7}), Claims),
        (json!({"sub": "x".repeat(256)}), Claims),
        (json!({"aud": "them"}), Audience),
        (json!({"aud": null}), Audience),
        (json!({"aud": ["us", "them"]}), Audience),
        (json!({"aud": ["us", "them"], "azp": "them"}), Audience),
        (json!({"azp": "them"}), Audience),
        (json!({"azp": 7}), Audience),
        (json!({"iat": null}), Claims),
        (json!({"iat": NOW + 31}), Times),
        (json!({"exp": null}), Claims),
        (json!({"exp": NOW - 30, "iat": NOW - 600}), Expired),
        (json!({"exp": NOW + 86_401}), Times),
        (json!({"nonce": "other"}), Claims),
        (json!({"nonce": null}), Claims),
        (json!({"nonce": ["n"]}), Claims),
        (json!({"at_hash": "AAAA"}), Claims),
        (json!({"at_hash": 7}), Claims),
        (json!({"events": {}}), Claims),
    ] {
        assert_eq!(read(&token(&none, &claims)), Err(error), "{claims}");
    }
    for (header, error) in [
        (json!({"alg": "none"}), Algorithm),
        (json!({"alg": "HS256"}), Algorithm),
        (json!({"alg": "RS512"}), Algorithm),
        (json!({"alg": "RS256"}), Algorithm),
        (json!({"kid": "other"}), Key),
        (json!({"typ": "at+jwt"}), Type),
        (json!({"typ": "logout+jwt"}), Type),
        (json!({"jwk": {}}), Header),
        (json!({"crit": ["x"]}), Header),
    ] {
        assert_eq!(read(&token(&header, &none)), Err(error), "{header}");
    }
    assert!(read(&token(&json!({"typ": "JWT"}), &none)).is_ok());
    let unsigned = token(&json!({"alg": "none"}), &none);
    assert_eq!(read(&unsigned[..=unsigned.rfind('.').unwrap()]), Err(TokenError::Form));
}

#[test]
fn oid_01_without_kid_the_only_key_is_meant_and_of_several_none() {
    let nameless = token(&json!({"kid": null}), &json!({}));
    let by = |kids: &[Option<&str>]| {
        read_by(&IssuerName::Exactly(A.into()), None, &keys(kids), &nameless).map(drop)
    };
    assert_eq!(by(&[Some("k")]), Ok(()));
    assert_eq!(by(&[None]), Ok(()));
    assert_eq!(by(&[Some("k"), Some("l")]), Err(TokenError::Key));
    assert_eq!(by(&[]), Err(TokenError::Key));
}

#[test]
fn the_content_comes_out_by_the_answer_alone() {
    let (text, keys) = (token(&json!({}), &json!({"email": "a@b.co"})), keys(&[Some("k")]));
    let issuer = IssuerName::Exactly(A.into());
    let rules = IdTokenRules {
        issuer: &issuer,
        told_issuer: Some(A),
        client_id: "us",
        nonce: "n",
        access_token: "access",
    };
    let parse = || UnsignedIdToken::parse(&text, &keys, &rules, UnixSeconds::new(NOW)).unwrap();
    assert_eq!(parse().answered(false), Err(TokenError::Signature));
    let content = parse().answered(true).unwrap();
    assert_eq!((&*content.issuer, &*content.subject), (A, "1"));
    let email = content.others.as_object().unwrap().get("email");
    assert_eq!(email.and_then(Json::as_text), Some("a@b.co"));
}

#[test]
fn oid_16_google_s_two_names_are_one_and_nothing_like_them_is() {
    let google = IssuerName::WithOrWithoutScheme("https://accounts.google.com".into());
    for (iss, fits) in [
        ("https://accounts.google.com", true),
        ("accounts.google.com", true),
        ("https://accounts.google.com.evil", false),
        ("accounts.google.com.evil", false),
        ("http://accounts.google.com", false),
        ("https://accounts.google.com/", false),
        ("https://Accounts.google.com", false),
        ("", false),
    ] {
        let read =
            read_by(&google, None, &keys(&[Some("k")]), &token(&json!({}), &json!({"iss": iss})));
        let name = read.map(|claims| claims.issuer);
        let expected =
            if fits { Ok("https://accounts.google.com".into()) } else { Err(TokenError::Issuer) };
        assert_eq!(name, expected, "{iss}");
        assert_eq!(google.may_be(iss), fits, "{iss}");
        // What the way back said of it may be the other name.
        let text = token(&json!({}), &json!({"iss": "accounts.google.com"}));
        let told = read_by(&google, Some(iss), &keys(&[Some("k")]), &text);
        assert_eq!(told.is_ok(), fits, "{iss}");
    }
}

#[test]
fn a_tenant_is_the_one_that_the_token_names_twice() {
    let microsoft = IssuerName::OfTenant {
        before: "https://login.microsoftonline.com/".into(),
        after: "/v2.0".into(),
    };
    let of = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    let other = "00000000-6c67-4c5b-b112-36a304b66dad";
    for (iss, tid, told, fits) in [
        (of(TENANT), json!(TENANT), None, true),
        (of(TENANT), json!(TENANT), Some(of(TENANT)), true),
        (of(TENANT), json!(TENANT), Some(of(other)), false),
        (of(TENANT), json!(other), None, false),
        (of(TENANT), json!(null), None, false),
        (of("common"), json!("common"), None, false),
        (of("{tenantid}"), json!("{tenantid}"), None, false),
        (of(&format!("{TENANT}/x")), json!(format!("{TENANT}/x")), None, false),
        (format!("https://evil.example/{TENANT}/v2.0"), json!(TENANT), None, false),
    ] {
        let text = token(&json!({}), &json!({"iss": iss, "tid": tid}));
        let read = read_by(&microsoft, told.as_deref(), &keys(&[Some("k")]), &text);
        assert_eq!(read.is_ok(), fits, "{iss} {tid} {told:?}");
    }
    assert!(microsoft.may_be(&of(TENANT)));
    assert!(!microsoft.may_be(&of("common")));
}
