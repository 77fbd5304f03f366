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
        let head = head.complete(&[], now).unwrap();
        assert_eq!(head.tail().holds(sid, nobody), revoked);
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

#[tokio::test]
async fn a_head_goes_ahead_again_after_the_store_was_rolled_back() {
    let origin = Origin::start().await;
    let sid = SessionId::new(Uuid::now_v7());
    origin.services.revocation.session(sid).await.unwrap();
    let before = origin.services.heads.make().await.unwrap();
    origin.sql("sessions.db", "UPDATE log SET epoch = 1").await;
    let after = origin.services.heads.make().await.unwrap();
    assert!(after.epoch > before.epoch);
    assert_eq!(origin.services.epochs.latest(), after.epoch);
    assert_eq!(origin.services.heads.make().await.unwrap().epoch, after.epoch, "once");
}

#[tokio::test]
async fn a_head_that_cannot_hold_all_is_not_made() {
    let origin = Origin::start().await;
    let many = "INSERT INTO blocked (id, expires_at, epoch) \
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000) \
         SELECT randomblob(16), 4000000000, i FROM n";
    origin.sql("sessions.db", many).await;
    let error = origin.services.heads.make().await.unwrap_err().to_string();
    assert!(error.contains("wait for a place in a segment"), "{error}");
    origin.get("/.well-known/portcullis/head", &[]).await.expect(500, "internal");
    origin.sql("sessions.db", "DELETE FROM blocked WHERE epoch > 115000").await;
    let head = origin.services.heads.make().await.unwrap();
    assert!(head.document.len() < common::revocation::MAX_HEAD);
}

#[tokio::test]
async fn who_knows_of_another_replicas_change_gets_a_head_with_it() {
    let origin = Origin::start().await;
    let replica = origin.replica().await;
    let stale = origin.services.heads.make().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    replica.revocation.session(SessionId::new(Uuid::now_v7())).await.unwrap();
    let known = replica.epochs.latest();
    let path = "/.well-known/portcullis/head";
    assert_eq!(origin.get(path, &[]).await.text, *stale.document, "nobody told");
    let told = origin.get(&format!("{path}?epoch={known}"), &[]).await;
    assert_eq!(told.epoch(), known.get());
    assert_ne!(told.text, *stale.document);

    // An epoch that nobody has reached makes the origin work no more than every 50 ms.
    let start = std::time::Instant::now();
    let asked = format!("{path}?epoch={}", known.get() + 1_000_000);
    let mut heads = std::collections::BTreeSet::new();
    while start.elapsed() < std::time::Duration::from_millis(500) {
        assert_eq!(origin.get(&asked, &[]).await.status, StatusCode::OK);
        heads.insert(origin.services.heads.reaching(known).await.unwrap().made());
    }
    assert!((2..=11).contains(&heads.len()), "{} heads", heads.len());
    for query in ["epoch=", "epoch=x", "epoch=-1", "x=1", "epoch=1&x=1", ""] {
        let answer = origin.get(&format!("{path}?{query}"), &[]).await;
        answer.expect(400, "request_invalid");
    }
}
