use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use common::{SessionId, Subject, TokenId, UnixSeconds};
use uuid::Uuid;

use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
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
    assert_ne!(first.signing.id, first.anchor.id);
    let folder = state.path().join("keys");
    assert_eq!(mode(&folder), 0o700);
    let mut names = Vec::new();
    for file in fs::read_dir(&folder).unwrap() {
        let file = file.unwrap();
        assert_eq!(mode(&file.path()), 0o600);
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["anchor.jwk", "refresh.jwk", "signing.jwk"]);
}

#[test]
fn processes_that_start_at_once_get_the_same_keys() {
    let state = tempfile::tempdir().unwrap();
    let mut anchors: Vec<_> = thread::scope(|scope| {
        let starts: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| KeyRing::open(state.path()).unwrap().anchor_key()))
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    anchors.dedup();
    assert_eq!(anchors.len(), 1);
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
    let state = tempfile::tempdir().unwrap();
    KeyRing::open(state.path()).unwrap();
    let file = state.path().join("keys/signing.jwk");
    let good = fs::read_to_string(&file).unwrap();
    let other_half = fs::read_to_string(state.path().join("keys/anchor.jwk")).unwrap();
    let other_half = format!(
        "{}{}",
        good.split_once(r#""d""#).unwrap().0,
        &other_half[other_half.find(r#""d""#).unwrap()..]
    );
    for bad in ["", "secret-text", "{}", r#"{"kty":"oct","k":""}"#, &other_half, &good[..50]] {
        fs::write(&file, bad).unwrap();
        let message = refusal(state.path());
        assert!(message.contains("signing.jwk is broken"), "{message}");
        assert!(!message.contains("secret-text"), "{message}");
    }
}

#[test]
fn jsonwebtoken_accepts_what_we_sign() {
    let state = tempfile::tempdir().unwrap();
    let keys = KeyRing::open(state.path()).unwrap();
    let (subject, now) = ("user-1".parse::<Subject>().unwrap(), UnixSeconds::new(2_000_000_000));
    let (sid, jti) = (SessionId::new(Uuid::now_v7()), TokenId::new(Uuid::new_v4()));
    let claims = AccessClaims {
        iss: "https://a.example",
        aud: "app",
        sub: &subject,
        client_id: "portcullis",
        iat: now,
        exp: UnixSeconds::new(now.get() + 600),
        jti,
        sid,
        roles: &[],
        email_verified: false,
    };
    let token = keys.access(&claims).unwrap();
    let mut validation = jsonwebtoken::Validation::new(EdDSA);
    validation.set_audience(&["app"]);
    validation.set_issuer(&["https://a.example"]);
    let key = DecodingKey::from_ed_components(&keys.anchor_key()).unwrap();
    assert!(jsonwebtoken::decode::<serde_json::Value>(token.expose(), &key, &validation).is_err());
    let x = keys.signing.jwk().x.unwrap();
    let key = DecodingKey::from_ed_components(&x).unwrap();
    let read = jsonwebtoken::decode::<serde_json::Value>(token.expose(), &key, &validation);
    assert_eq!(read.unwrap().claims["sid"], sid.to_string());
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
}
