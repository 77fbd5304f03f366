//! What everybody may read, and what only edges may ask.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::revocation::UnverifiedHead;
use common::token::access::{LEEWAY, MAX_LIFE};
use common::{SessionId, UnixSeconds};
use uuid::Uuid;

use super::*;
use crate::crypto::{KeyRing, Rotate, SigningFile};
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
    let private = private_halves(&origin);
    assert_eq!(private.len(), 3);
    assert!(private.iter().all(|secret| !answer.text.contains(secret)));
}

/// What must never leave, of each key there is.
fn private_halves(origin: &Origin) -> Vec<String> {
    fn collect(value: &Value, found: &mut Vec<String>) {
        let Value::Object(members) = value else {
            return value.as_array().into_iter().flatten().for_each(|item| collect(item, found));
        };
        for (name, value) in members {
            match value.as_str() {
                Some(text) if ["d", "k"].contains(&name.as_str()) => found.push(text.into()),
                _ => collect(value, found),
            }
        }
    }
    let mut found = Vec::new();
    for name in ["signing.json", "anchor.jwk", "refresh.jwk"] {
        let file = origin.state.path().join("state/keys").join(name);
        let key = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        collect(&key, &mut found);
    }
    found
}

#[tokio::test]
async fn key_03_07_rotation_shows_in_keys_and_head_and_nothing_private_does() {
    let origin = Origin::start().await;
    let old = origin.sign_in("a@b.co").await;
    let file = SigningFile::open(&origin.state.path().join("state")).unwrap();
    let (new, _) = file.rotate(Rotate::Now, origin.services.clock.now()).unwrap();
    // The head looks for itself; whoever asks next for the keys finds them too.
    let head = origin.services.heads.make().await.unwrap();
    let payload = head.document.split('.').nth(1).unwrap();
    let payload = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let claims: Value = serde_json::from_str(&payload).unwrap();
    let jwks = origin.get("/.well-known/jwks.json", &[]).await;
    assert_eq!(claims["keys"], jwks.json()["keys"]);
    let kids: Vec<_> = claims["keys"].as_array().unwrap().iter().map(|key| &key["kid"]).collect();
    assert_eq!((kids.len(), kids[1].as_str()), (2, Some(new.as_str())));
    let private = private_halves(&origin);
    assert_eq!(private.len(), 4);
    for secret in private {
        assert!(!jwks.text.contains(&secret) && !payload.contains(&secret));
    }

    // Revoked here means refused here, and the refresh token brings a token of the next key.
    let bearer = [("authorization", &*old.bearer())];
    assert_eq!(origin.get("/auth/me", &bearer).await.status, StatusCode::OK);
    let leaked = kids[0].as_str().unwrap();
    file.revoke(leaked, origin.services.clock.now()).unwrap();
    origin.services.heads.make().await.unwrap();
    origin.get("/auth/me", &bearer).await.expect(401, "token_invalid");
    let body = json!({ "refresh_token": old.member("refresh_token") });
    let renewed = origin.post("/auth/refresh", body, &[]).await;
    assert_eq!(renewed.status, StatusCode::OK, "{}", renewed.text);
    let bearer = [("authorization", &*renewed.bearer())];
    assert_eq!(origin.get("/auth/me", &bearer).await.status, StatusCode::OK);
    let jwks = origin.get("/.well-known/jwks.json", &[]).await.json();
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn key_10_without_a_key_nothing_is_spent_and_all_else_goes_on() {
    let origin = Origin::with(&[("PORTCULLIS__SESSIONS__GRACE", "0")]).await;
    let session = origin.sign_in("a@b.co").await;
    let path = origin.state.path().join("state/keys/signing.json");
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, "{}").unwrap();
    origin.services.heads.make().await.unwrap();
    let login = json!({ "email": "a@b.co", "password": PASSWORD });
    origin.post("/auth/login", login, &[]).await.expect(503, "signing_unavailable");
    let refresh = json!({ "refresh_token": session.member("refresh_token") });
    for _ in 0..3 {
        let answer = origin.post("/auth/refresh", refresh.clone(), &[]).await;
        answer.expect(503, "signing_unavailable");
    }
    let bearer = [("authorization", &*session.bearer())];
    assert_eq!(origin.get("/auth/me", &bearer).await.status, StatusCode::OK);

    std::fs::write(&path, good).unwrap();
    origin.services.signer.look_again().await;
    let answer = origin.post("/auth/refresh", refresh, &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
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
            "revocation_endpoint": "https://app.example/auth/revoke",
            "revocation_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
            "introspection_endpoint": "https://app.example/auth/introspect",
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
        })
    );
}

#[tokio::test]
async fn the_head_is_the_anchors_and_holds_each_revocation_at_once() {
    let origin = Origin::start().await;
    let ring = KeyRing::open(&origin.state.path().join("state")).unwrap();
    let anchor = ring.anchor().clone();
    let session = origin.sign_in("a@b.co").await;
    let sid: SessionId = session.member("session_id").parse().unwrap();
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
        assert_eq!(head.tail().holds(sid.uuid()), revoked);
        assert!(revoked == (head.epoch().get() > epoch));
        assert_eq!(answer.epoch(), head.epoch().get());
        epoch = head.epoch().get();
        let headers = [("authorization", &*session.bearer())];
        origin.send(request("POST", "/auth/logout", Body::empty(), &headers)).await;
    }
}

#[tokio::test]
async fn rev_05_an_entry_outlives_the_last_token_that_bears_it() {
    let origin = Origin::start().await;
    let session = origin.sign_in("a@b.co").await;
    let sid: SessionId = session.member("session_id").parse().unwrap();
    // The last access token that there can be for it, with the longest life that can be configured.
    let dead = origin.services.clock.now().plus(MAX_LIFE).plus(LEEWAY);
    let headers = [("authorization", &*session.bearer())];
    origin.send(request("POST", "/auth/logout", Body::empty(), &headers)).await;
    let log = &origin.services.revocation.log;
    let page = log.after(common::Epoch::ZERO, 1000).await.unwrap();
    let entry = page.entries.iter().find(|entry| entry.id == sid.uuid()).unwrap();
    // And a minute for clocks that are apart.
    assert!(entry.expires_at.since(dead).as_secs() >= 60, "{}", entry.expires_at);
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
    origin.services.revocation.session(&"u1".parse().unwrap(), sid).await.unwrap();
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
    let sid = SessionId::new(Uuid::now_v7());
    replica.revocation.session(&"u1".parse().unwrap(), sid).await.unwrap();
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
