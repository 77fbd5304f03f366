use jsonwebtoken::Algorithm::{EdDSA, HS256};
use jsonwebtoken::DecodingKey;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use common::token::AccessRules;
use common::token::access::{LEEWAY, MAX_LIFE, Unsigned};
use common::{SessionId, Subject, TokenId};
use uuid::Uuid;

use super::*;
use crate::crypto::{Rotate, SystemClock};
use crate::port::Clock as _;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The names of its key pairs, the anchor's last.
fn kids(keys: &KeyRing) -> Vec<String> {
    let now = SystemClock.now();
    keys.public(now).into_iter().map(|key| key.jwk.kid.unwrap()).collect()
}

fn refusal(state: &Path) -> String {
    match KeyRing::open(state) {
        Ok(_) => panic!("the keys were taken"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn keys_are_made_once_and_only_their_owner_can_read_them() {
    let state = tempfile::tempdir().unwrap();
    let first = KeyRing::open(state.path()).unwrap();
    let again = KeyRing::open(state.path()).unwrap();
    assert_eq!(first.anchor_key(), again.anchor_key());
    let kids = kids(&first);
    assert_eq!(kids.len(), 2);
    assert_ne!(kids[0], kids[1]);
    let folder = state.path().join("keys");
    assert_eq!(mode(&folder), 0o700);
    let mut names = Vec::new();
    for file in fs::read_dir(&folder).unwrap() {
        let file = file.unwrap();
        assert_eq!(mode(&file.path()), 0o600);
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["anchor.jwk", "lock", "refresh.jwk", "signing.json"]);
}

#[test]
fn processes_that_start_at_once_get_the_same_keys() {
    let state = tempfile::tempdir().unwrap();
    let mut keys: Vec<_> = thread::scope(|scope| {
        let starts: Vec<_> =
            (0..16).map(|_| scope.spawn(|| kids(&KeyRing::open(state.path()).unwrap()))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    keys.dedup();
    assert_eq!(keys.len(), 1);
}

#[test]
fn a_key_that_others_can_read_stops_the_start() {
    let state = tempfile::tempdir().unwrap();
    KeyRing::open(state.path()).unwrap();
    let file = state.path().join("keys/refresh.jwk");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let message = refusal(state.path());
    assert!(message.contains("refresh.jwk has mode 640"), "{message}");
    assert!(message.contains("chmod 600"), "{message}");
}

#[test]
fn key_10_a_broken_key_stops_the_start_and_is_not_quoted() {
    for name in ["signing.json", "anchor.jwk", "refresh.jwk"] {
        let state = tempfile::tempdir().unwrap();
        KeyRing::open(state.path()).unwrap();
        let file = state.path().join("keys").join(name);
        let good = fs::read_to_string(&file).unwrap();
        for bad in ["", "secret-text", "{}", r#"{"kty":"oct","k":""}"#, &good[..50]] {
            fs::write(&file, bad).unwrap();
            let message = refusal(state.path());
            assert!(message.contains(&format!("{name} is broken")), "{message}");
            assert!(!message.contains("secret-text"), "{message}");
        }
    }
}

#[tokio::test]
async fn a_running_origin_takes_up_what_commands_change() {
    let state = tempfile::tempdir().unwrap();
    let running = KeyRing::open(state.path()).unwrap();
    let file = SigningFile::open(state.path()).unwrap();
    let now = SystemClock.now();
    let first = token(&running, now);
    let unchanged = running.look_again().await;
    assert_eq!(running.look_again().await, unchanged);

    let (_, from) = file.rotate(Rotate::Now, now).unwrap();
    let rotated = running.look_again().await;
    assert_ne!(rotated, unchanged);
    let second = token(&running, from);
    assert_ne!(kid(&first), kid(&second));
    assert!(is_ours(&running, &first, from) && is_ours(&running, &second, from));

    file.revoke(&kid(&second), from).unwrap();
    assert_ne!(running.look_again().await, rotated);
    assert!(is_ours(&running, &first, from) && !is_ours(&running, &second, from));
    let third = token(&running, from);
    assert!(kid(&third) != kid(&second) && is_ours(&running, &third, from));
}

#[tokio::test]
async fn key_10_a_file_that_breaks_meanwhile_stops_signing_and_not_verifying() {
    let state = tempfile::tempdir().unwrap();
    let running = KeyRing::open(state.path()).unwrap();
    let now = SystemClock.now();
    let ours = token(&running, now);
    let path = state.path().join("keys/signing.json");
    let good = fs::read_to_string(&path).unwrap();
    let revision = running.look_again().await;
    for bad in [
        "",
        "{}",
        r#"{"keys":[]}"#,
        &good[..good.len() / 2],
        &good.replace("\"d\":\"", "\"d\":\"A"),
    ] {
        fs::write(&path, bad).unwrap();
        assert_eq!(running.look_again().await, revision);
        assert!(matches!(running.ready(), Err(SigningFault::NoKey)));
        assert!(matches!(sign_token(&running, now), Err(SigningFault::NoKey)));
        assert!(is_ours(&running, &ours, now), "verifying goes on");
        assert_eq!(running.jwks(now).len(), 1);
    }
    fs::remove_file(&path).unwrap();
    running.look_again().await;
    assert!(running.ready().is_err());
    fs::write(&path, &good).unwrap();
    running.look_again().await;
    // Written anew, others can read it.
    assert!(running.ready().is_err());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(running.look_again().await, revision);
    assert!(is_ours(&running, &token(&running, now), now));
}

#[test]
fn commands_at_once_spoil_nothing() {
    let state = tempfile::tempdir().unwrap();
    let first = KeyRing::open(state.path()).unwrap();
    let now = SystemClock.now();
    let announced: Vec<_> = thread::scope(|scope| {
        let commands: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    let file = SigningFile::open(state.path()).unwrap();
                    file.rotate(Rotate::After(std::time::Duration::from_mins(20)), now)
                })
            })
            .collect();
        commands.into_iter().map(|command| command.join().unwrap()).collect()
    });
    assert_eq!(announced.iter().filter(|answer| answer.is_ok()).count(), 1);
    let kids = kids(&KeyRing::open(state.path()).unwrap());
    assert_eq!(kids.len(), 3);
    assert_eq!(kids[0], self::kids(&first)[0]);
    let left = fs::read_dir(state.path().join("keys")).unwrap().count();
    assert_eq!(left, 4, "no drafts");
}

fn sign_token(keys: &KeyRing, now: UnixSeconds) -> Result<Secret<String>, SigningFault> {
    let subject = "user-1".parse::<Subject>().unwrap();
    keys.access(&AccessClaims {
        iss: "https://a.example",
        aud: "app",
        sub: &subject,
        client_id: "portcullis",
        iat: now,
        exp: UnixSeconds::new(now.get() + 600),
        jti: TokenId::new(Uuid::new_v4()),
        sid: SessionId::new(Uuid::now_v7()),
        roles: &[],
        email_verified: false,
    })
}

fn token(keys: &KeyRing, now: UnixSeconds) -> String {
    sign_token(keys, now).unwrap().expose().clone()
}

fn is_ours(keys: &KeyRing, token: &str, now: UnixSeconds) -> bool {
    let rules = AccessRules {
        issuer: String::from("https://a.example"),
        audience: String::from("app"),
        max_life: MAX_LIFE,
        leeway: LEEWAY,
    };
    let verifying = keys.keys();
    Unsigned::parse(token, &verifying, &rules, now).is_ok_and(|read| {
        let good = keys.signature_is_good(&read.check);
        read.answered(good).is_ok()
    })
}

/// The key that a token says it was signed with.
fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

#[test]
fn jsonwebtoken_accepts_what_we_sign() {
    let state = tempfile::tempdir().unwrap();
    let keys = KeyRing::open(state.path()).unwrap();
    let now = UnixSeconds::new(2_000_000_000);
    let token = sign_token(&keys, now).unwrap();
    let mut validation = jsonwebtoken::Validation::new(EdDSA);
    validation.set_audience(&["app"]);
    validation.set_issuer(&["https://a.example"]);
    let key = DecodingKey::from_ed_components(&keys.anchor_key()).unwrap();
    assert!(jsonwebtoken::decode::<serde_json::Value>(token.expose(), &key, &validation).is_err());
    let x = keys.jwks(now)[0].x.clone().unwrap();
    let key = DecodingKey::from_ed_components(&x).unwrap();
    let read = jsonwebtoken::decode::<serde_json::Value>(token.expose(), &key, &validation);
    assert_eq!(read.unwrap().claims["sub"], "user-1");
}

#[test]
fn the_same_session_state_gives_the_same_refresh_token() {
    let state = tempfile::tempdir().unwrap();
    let keys = KeyRing::open(state.path()).unwrap();
    let subject = "user-1".parse::<Subject>().unwrap();
    let claims = RefreshClaims {
        iss: "https://a.example",
        aud: "https://a.example",
        sub: &subject,
        sid: SessionId::new(Uuid::now_v7()),
        generation: 3,
        jti: TokenId::new(Uuid::new_v4()),
        iat: UnixSeconds::new(1),
        exp: UnixSeconds::new(2),
    };
    let token = keys.refresh(&claims).unwrap();
    assert_eq!(token.expose(), keys.refresh(&claims).unwrap().expose());
    let read = refresh::Unauthenticated::parse(token.expose(), claims.iss).unwrap();
    assert!(keys.mac_is_good(&read.mac));
    let other = tempfile::tempdir().unwrap();
    assert!(!KeyRing::open(other.path()).unwrap().mac_is_good(&read.mac));

    let file = fs::read_to_string(state.path().join("keys/refresh.jwk")).unwrap();
    let k = serde_json::from_str::<serde_json::Value>(&file).unwrap()["k"].clone();
    let secret = URL_SAFE_NO_PAD.decode(k.as_str().unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(HS256);
    validation.set_audience(&["https://a.example"]);
    validation.validate_exp = false;
    let key = DecodingKey::from_secret(&secret);
    let judged = jsonwebtoken::decode::<serde_json::Value>(token.expose(), &key, &validation);
    assert_eq!(judged.unwrap().claims["gen"], 3);
}
