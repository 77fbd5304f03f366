//! Project Wycheproof's cases for JWS and JWK (Apache-2.0, see the licence beside the vectors),
//! each with its group's key pinned. `wycheproof_exceptions.json` says where a strict reader must
//! differ and why.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::keys::{Jwk, Key, KeySet};
use common::token::{Jws, MAX_TOKEN};
use jsonwebtoken::DecodingKey;
use serde_json::Value;

use crate::judge;

const SIGNATURES: &str = include_str!("../vectors/wycheproof_json_web_signature_test.json");
const KEYS: &str = include_str!("../vectors/wycheproof_json_web_key_test.json");
const EXCEPTIONS: &str = include_str!("../vectors/wycheproof_exceptions.json");

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Judged {
    /// By an algorithm that a key of ours may have.
    Accepted,
    /// By HMAC, which the verifier here is lent so that the form is judged in earnest; no key of
    /// ours has it.
    AcceptedByMac,
    Refused,
}

fn judge_with(jwk: &Value, token: &str) -> Judged {
    let Ok(jws) = Jws::parse(token, MAX_TOKEN) else {
        return Judged::Refused;
    };
    let parsed: Jwk = serde_json::from_value(jwk.clone()).unwrap();
    if let Ok(key) = Key::from_jwk(&parsed) {
        return match jws.check(&key) {
            Ok(check) if judge::verify(&check) => Judged::Accepted,
            _ => Judged::Refused,
        };
    }
    match jwk["k"].as_str() {
        Some(secret) if jws.header.alg == "HS256" => {
            let secret = DecodingKey::from_secret(&URL_SAFE_NO_PAD.decode(secret).unwrap());
            let (input, tag) = token.rsplit_once('.').unwrap();
            let algorithm = jsonwebtoken::Algorithm::HS256;
            match jsonwebtoken::crypto::verify(tag, input.as_bytes(), &secret, algorithm) {
                Ok(true) => Judged::AcceptedByMac,
                _ => Judged::Refused,
            }
        }
        _ => Judged::Refused,
    }
}

/// The cases that an exception names with this to do.
fn excepted(what: &str) -> BTreeSet<u64> {
    let file: Value = serde_json::from_str(EXCEPTIONS).unwrap();
    let all = file["exceptions"].as_array().unwrap();
    all.iter()
        .filter(|one| one["do"].as_str().unwrap().starts_with(what))
        .flat_map(|one| one["tcId"].as_array().unwrap())
        .map(|id| id.as_u64().unwrap())
        .collect()
}

#[test]
fn jwt_01_02_every_signature_is_judged_as_wycheproof_says() {
    let file: Value = serde_json::from_str(SIGNATURES).unwrap();
    let (skip, refuse) = (excepted("skip"), excepted("expect invalid"));
    assert_eq!(skip, BTreeSet::from([346, 347, 350, 351, 367, 370]));
    assert_eq!(refuse, BTreeSet::from([372, 373]));
    let (mut accepted, mut by_mac, mut refused, mut not_enabled) = (0, 0, 0, 0);
    for group in file["testGroups"].as_array().unwrap() {
        let jwk = group.get("public").unwrap_or(&group["private"]);
        for case in group["tests"].as_array().unwrap() {
            let id = case["tcId"].as_u64().unwrap();
            if skip.contains(&id) {
                continue;
            }
            let valid = case["result"] == "valid" && !refuse.contains(&id);
            let enabled =
                matches!(jwk["alg"].as_str(), Some("ES256" | "RS256" | "PS256" | "HS256"));
            let verdict = judge_with(jwk, case["jws"].as_str().unwrap());
            match (valid, enabled, verdict) {
                (true, true, Judged::Accepted) => accepted += 1,
                (true, true, Judged::AcceptedByMac) => by_mac += 1,
                (true, false, Judged::Refused) => not_enabled += 1,
                (false, _, Judged::Refused) => refused += 1,
                (.., verdict) => panic!("tcId {id} ({}): {verdict:?}", case["comment"]),
            }
        }
    }
    println!(
        "wycheproof: {accepted} accepted, {by_mac} by MAC, {refused} refused, {not_enabled} of other algorithms refused"
    );
    assert_eq!((accepted, by_mac, refused, not_enabled), (16, 8, 355, 16));
}

/// 367 and 370 lost their padding on the way into the file; here it is again.
#[test]
fn jwt_01_19_padding_is_refused_in_every_segment() {
    let file: Value = serde_json::from_str(SIGNATURES).unwrap();
    let groups = file["testGroups"].as_array().unwrap();
    let group = groups.iter().find(|group| group["comment"] == "base64").unwrap();
    let good = group["tests"][0]["jws"].as_str().unwrap();
    assert_eq!(judge_with(&group["private"], good), Judged::AcceptedByMac);
    let parts: Vec<&str> = good.split('.').collect();
    for at in 0..3 {
        for padding in ["=", "=="] {
            let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            parts[at].push_str(padding);
            let padded = parts.join(".");
            assert_eq!(judge_with(&group["private"], &padded), Judged::Refused, "{padded}");
        }
    }
}

#[test]
fn key_05_every_key_set_is_judged_as_wycheproof_says() {
    let file: Value = serde_json::from_str(KEYS).unwrap();
    let (mut accepted, mut refused, mut symmetric) = (0, 0, 0);
    for group in file["testGroups"].as_array().unwrap() {
        let set = group.get("public").unwrap_or(&group["private"]);
        let jwks: Vec<Jwk> = serde_json::from_value(set["keys"].clone()).unwrap();
        let keys = KeySet::from_jwks(&jwks);
        for case in group["tests"].as_array().unwrap() {
            let accepts = |keys: &KeySet| {
                let Ok(token) = Jws::parse(case["jws"].as_str().unwrap(), MAX_TOKEN) else {
                    return false;
                };
                let key = keys.iter().find(|key| key.id() == token.header.kid.as_ref());
                key.is_some_and(|key| token.check(key).is_ok_and(|check| judge::verify(&check)))
            };
            match (case["result"] == "valid", keys.as_ref().is_ok_and(accepts)) {
                (true, true) => accepted += 1,
                (false, false) => refused += 1,
                // A set with a secret in it is no set of ours, however good the token.
                (true, false) if jwks.iter().all(|jwk| jwk.kty == "oct") => symmetric += 1,
                (_, verdict) => panic!("tcId {} ({}): {verdict}", case["tcId"], case["comment"]),
            }
        }
    }
    println!(
        "wycheproof key sets: {accepted} accepted, {refused} refused, {symmetric} symmetric refused"
    );
    assert_eq!((accepted, refused, symmetric), (1, 21, 4));
}
