//! An issuer whose signatures are whatever the target says they are.

use core::time::Duration;

use common::keys::Jwk;
use common::keys::Key;
use common::revocation::{Blocked, Blocklist, Epoch, Head, HeadClaims, UnverifiedHead};
use common::token::{AccessRules, Header, Typ, join, signing_input};
use common::{KeyId, UnixSeconds};
use serde_json::{Value, json};
use uuid::Uuid;

pub(super) const NOW: u64 = 1_800_000_000;
pub(super) const ISSUER: &str = "https://app.example";
pub(super) const AUDIENCE: &str = "app";
/// The session whose revocation is in the head.
pub(super) const REVOKED: Uuid = Uuid::from_u128(0x01a3_185c_5000_7000_8000_0000_0000_0009);

pub(super) fn now() -> UnixSeconds {
    UnixSeconds::new(NOW)
}

pub(super) fn kid() -> KeyId {
    KeyId::try_from(String::from("k1")).expect("a short word is a key's name")
}

pub(super) fn anchor() -> Key {
    Key::ed25519(kid(), [1; 32])
}

pub(super) fn rules() -> AccessRules {
    AccessRules {
        issuer: ISSUER.into(),
        audience: AUDIENCE.into(),
        max_life: Duration::from_hours(1),
        leeway: Duration::from_secs(30),
    }
}

pub(super) fn claims(sid: Uuid, roles: &[&str]) -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "client_id": "web",
        "iat": NOW - 100, "exp": NOW + 500, "jti": Uuid::from_u128(5), "sid": sid,
        "roles": roles, "email_verified": true, "scope": "orders:read",
    })
}

pub(super) fn token(claims: &Value) -> String {
    let header =
        Header { alg: "EdDSA".into(), typ: Some(Typ::Access.as_str().into()), kid: Some(kid()) };
    join(signing_input(&header, claims).expect("JSON serialises"), &[7; 64])
}

pub(super) fn head_claims() -> HeadClaims {
    let expires_at = UnixSeconds::new(NOW + 600);
    HeadClaims {
        iss: ISSUER.into(),
        epoch: Epoch::new(7),
        issued_at: UnixSeconds::new(NOW - 10),
        keys: vec![Jwk::ed25519(&[2; 32], kid())],
        sessions_before: None,
        tail: Blocklist::encode(&[Blocked { id: REVOKED, expires_at, epoch: Epoch::new(7) }]),
        segments: Vec::new(),
    }
}

pub(super) fn head_text() -> String {
    let input = signing_input(&HeadClaims::header(kid()), &head_claims());
    join(input.expect("JSON serialises"), &[7; 64])
}

pub(super) fn head() -> Head {
    let (anchor, text) = (anchor(), head_text());
    let unverified = UnverifiedHead::parse(&text, &anchor).expect("it is a head");
    let announced = unverified.answered(true, ISSUER, now()).expect("its content is good");
    announced.complete(&[], now()).expect("it has no segments")
}
