//! What everybody may read, and what only edges may ask.

use common::revocation::UnverifiedHead;
use common::{SessionId, TokenId, UnixSeconds};
use uuid::Uuid;

use super::*;
use crate::crypto::KeyRing;
use crate::port::Signer as _;

#[tokio::test]
async fn key_07_cch_08_keys_are_public_cacheable_and_only_public() {
    let origin = Origin::start().await;
    let answer = origin.get("/.well-known/jwks.json", &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let jwks = answer.json();
    for key in jwks["keys"].as_array().unwrap() {
        let mut names: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
    }
    for secret in ["signing", "anchor", "refresh"] {
        let file = origin.state.path().join(format!("state/keys/{secret}.jwk"));
        let key: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let secret = key["d"].as_str().or(key["k"].as_str()).unwrap();
        assert!(!answer.text.contains(secret));
    }
}

#[tokio::test]
async fn iss_06_metadata_names_the_issuer_to_the_letter_and_nothing_that_is_not_there() {
    let origin = Origin::with(&[("PORTCULLIS__TOKENS__ISSUER", "https://app.example")]).await;
    let answer = origin.get("/.well-known/oauth-authorization-server", &[]).await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(
        answer.json(),
        json!({
            "issuer": "https://app.example",
            "jwks_uri": "https://app.example/.well-known/jwks.json",
            "response_types_supported": [],
            "grant_types_supported": [],
        })
    );
}

#[tokio::test]
async fn the_head_is_the_anchors_and_holds_each_revocation_at_once() {
    let origin = Origin::start().await;
    let ring = KeyRing::open(&origin.state.path().join("state")).unwrap();
    let public = ring.public();
    let anchor = common::keys::Key::from_jwk(&public[1].jwk).unwrap();
    let session = origin.sign_in("a@b.co").await;
    let sid: SessionId = session.member("session_id").parse().unwrap();
    let nobody = TokenId::new(Uuid::nil());
    let mut epoch = 0;
    for revoked in [false, true] {
        let answer = origin.get("/.well-known/portcullis/head", &[]).await;
        assert_eq!(answer.header("content-type"), "application/portcullis-head+jwt");
        assert_eq!(answer.header("cache-control"), "public, max-age=2");
        let now: UnixSeconds = origin.services.clock.now();
        let read = UnverifiedHead::parse(&answer.text, &anchor).unwrap();
        let good = ring.signature_is_good(&read.check);
        let head = read.answered(good, "http://localhost:8787", now).unwrap();
        assert_eq!(head.blocklist().holds(sid, nobody), revoked);
        assert!(revoked == (head.epoch().get() > epoch));
        assert_eq!(answer.epoch(), head.epoch().get());
        epoch = head.epoch().get();
        let headers = [("authorization", &*session.bearer())];
        origin.send(request("POST", "/auth/logout", Body::empty(), &headers)).await;
    }
}

#[tokio::test]
async fn only_the_edge_may_ask_what_is_revoked() {
    let origin = Origin::start().await;
    let session = origin.sign_in("a@b.co").await;
    let headers = [("authorization", &*session.bearer())];
    origin.send(request("POST", "/auth/logout", Body::empty(), &headers)).await;
    let sid = session.member("session_id");
    let body = json!({ "ids": [sid, "01931c7e-9a00-7000-8000-00000000000a"] });
    for headers in [
        &[][..],
        &[("x-portcullis-edge", "")],
        &[("x-portcullis-edge", "wrong")],
        &[("x-portcullis-edge", EDGE_SECRET), ("x-portcullis-edge", EDGE_SECRET)],
    ] {
        let answer = origin.post("/auth/edge/revoked", body.clone(), headers).await;
        answer.expect(403, "edge_only");
    }
    let edge = [("x-portcullis-edge", EDGE_SECRET)];
    let answer = origin.post("/auth/edge/revoked", body, &edge).await;
    assert_eq!(answer.json(), json!({ "revoked": [sid] }));
    let many = json!({ "ids": vec![Uuid::nil(); 65] });
    origin.post("/auth/edge/revoked", many, &edge).await.expect(400, "request_invalid");
    let none = json!({ "ids": ["x"] });
    origin.post("/auth/edge/revoked", none, &edge).await.expect(400, "request_invalid");
}
