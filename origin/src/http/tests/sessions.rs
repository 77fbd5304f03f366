//! Sign-in, refresh, sign-out.

use std::time::Duration;

use common::token::access::Unsigned;
use common::token::{AccessRules, Jws};
use common::{SessionId, Subject, UnixSeconds};

use super::*;
use crate::port::{Announced, Device, Email};
use crate::service::{Lasting, Means, SignIn};

const MINUTE: Duration = Duration::from_mins(1);

async fn refresh(origin: &Origin, token: &str) -> Answer {
    origin.post("/auth/refresh", json!({ "refresh_token": token }), &[]).await
}

#[tokio::test]
async fn iss_07_the_access_token_says_all_that_rfc_9068_asks_for() {
    let origin = Origin::start().await;
    let signed_in = origin.sign_in("a@b.co").await;
    let token = signed_in.member("access_token");
    let jws = Jws::parse(&token, 8192).unwrap();
    assert_eq!((jws.header.typ.as_deref(), &*jws.header.alg), (Some("at+jwt"), "EdDSA"));
    assert!(jws.header.kid.is_some());
    let claims: Value = serde_json::from_slice(jws.unverified_payload()).unwrap();
    assert_eq!(claims["iss"], "http://localhost:8787");
    assert_eq!(claims["aud"], "portcullis-app");
    assert_eq!(claims["client_id"], "portcullis");
    assert_eq!(claims["sub"], signed_in.json()["user"]["id"]);
    assert_eq!(claims["sid"], signed_in.json()["session_id"]);
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 600);
    assert_eq!(signed_in.json()["expires_in"], 600);
    assert_eq!(signed_in.json()["token_type"], "Bearer");
    let sid: SessionId = claims["sid"].as_str().unwrap().parse().unwrap();
    let iat = UnixSeconds::new(claims["iat"].as_u64().unwrap());
    assert!(iat.since(sid.began_at().unwrap().seconds()) < MINUTE);
    let rules = AccessRules {
        issuer: String::from("http://localhost:8787"),
        audience: String::from("portcullis-app"),
        max_life: MINUTE * 10,
        leeway: MINUTE,
    };
    let keys = origin.services.signer.keys();
    let read = Unsigned::parse(&token, &keys, &rules, iat).unwrap();
    assert!(origin.services.signer.signature_is_good(&read.check));
}

#[tokio::test]
async fn rtr_13_no_access_token_outlives_its_session() {
    let short =
        [("PORTCULLIS__TOKENS__ACCESS_TTL", "60s"), ("PORTCULLIS__SESSIONS__BROWSER", "60s")];
    let origin = Origin::with(&short).await;
    let first = origin.sign_in("a@b.co").await;
    let exp = |answer: &Answer, member: &str| {
        let token = answer.member(member);
        let jws = Jws::parse(&token, 8192).unwrap();
        let claims: Value = serde_json::from_slice(jws.unverified_payload()).unwrap();
        (claims["exp"].as_u64().unwrap(), claims["iat"].as_u64().unwrap())
    };
    tokio::time::sleep(Duration::from_secs(2)).await;
    let second = refresh(&origin, &first.member("refresh_token")).await;
    let began: SessionId = second.member("session_id").parse().unwrap();
    let end = began.began_at().unwrap().seconds().get() + 60;
    for answer in [&first, &second] {
        let (until, since) = exp(answer, "access_token");
        // A second may have begun between the session's id and its row.
        assert!(until <= end + 1, "{until} {end}");
        assert_eq!(answer.json()["expires_in"], until - since);
    }
    assert!(second.json()["expires_in"].as_u64().unwrap() <= 59);
}

#[tokio::test]
async fn rtr_01_03_a_refresh_token_has_one_successor_and_its_reuse_ends_the_session() {
    let origin = Origin::with(&[("PORTCULLIS__SESSIONS__GRACE", "0")]).await;
    let first = origin.sign_in("a@b.co").await;
    let second = refresh(&origin, &first.member("refresh_token")).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.text);
    assert_eq!(second.header("cache-control"), "no-store");
    assert_eq!(second.header("pragma"), "no-cache");
    assert_ne!(first.member("refresh_token"), second.member("refresh_token"));
    assert_eq!(first.json()["session_id"], second.json()["session_id"]);
    assert_eq!(first.json()["user"], second.json()["user"]);
    let third = refresh(&origin, &second.member("refresh_token")).await;
    assert_eq!(third.status, StatusCode::OK);

    let reuse = refresh(&origin, &first.member("refresh_token")).await;
    reuse.expect(401, "refresh_reused");
    assert_eq!(reuse.header("portcullis-session"), "ended");
    assert!(reuse.epoch() > third.epoch());
    let after = refresh(&origin, &third.member("refresh_token")).await;
    after.expect(401, "refresh_revoked");
    let me = origin.get("/auth/me", &[("authorization", &third.bearer())]).await;
    me.expect(401, "token_revoked");
}

#[tokio::test]
async fn rtr_05_a_retry_within_the_grace_gets_the_same_successor_byte_for_byte() {
    let origin = Origin::start().await;
    let first = origin.sign_in("a@b.co").await.member("refresh_token");
    let once = refresh(&origin, &first).await.member("refresh_token");
    let again = refresh(&origin, &first).await.member("refresh_token");
    assert_eq!(once, again);
}

#[tokio::test]
async fn rtr_02_sixteen_at_once_get_one_successor() {
    let origin = Arc::new(Origin::start().await);
    let token = origin.sign_in("a@b.co").await.member("refresh_token");
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (origin, token) = (Arc::clone(&origin), token.clone());
        calls.spawn(async move { refresh(&origin, &token).await.member("refresh_token") });
    }
    let mut successors = calls.join_all().await;
    successors.sort();
    successors.dedup();
    assert_eq!(successors.len(), 1);
}

#[tokio::test]
async fn rtr_10_what_is_no_refresh_token_of_ours_is_refused() {
    let origin = Origin::start().await;
    let signed_in = origin.sign_in("a@b.co").await;
    let token = signed_in.member("refresh_token");
    let other = Origin::start().await.sign_in("a@b.co").await.member("refresh_token");
    let (input, _) = token.rsplit_once('.').unwrap();
    let (_, foreign_tag) = other.rsplit_once('.').unwrap();
    for bad in [
        "",
        "x",
        "..",
        &token[..token.len() - 1],
        &token[1..],
        &format!("{token}="),
        &format!("{token}\n"),
        &format!("{input}.{foreign_tag}"),
        &format!("{input}."),
        &other,
        &signed_in.member("access_token"),
        &"x".repeat(9000),
    ] {
        refresh(&origin, bad).await.expect(401, "refresh_invalid");
    }
    refresh(&origin, &"x".repeat(1 << 20)).await.expect(413, "body_too_large");
    assert_eq!(refresh(&origin, &token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn rtr_11_tokens_of_two_sessions_do_not_mix_and_none_is_spent() {
    let origin = Origin::start().await;
    let (mine, theirs) = (origin.sign_in("a@b.co").await, origin.sign_in("b@b.co").await);
    let body = json!({ "refresh_token": mine.member("refresh_token") });
    let headers = [("authorization", &*theirs.bearer())];
    let mixed = origin.post("/auth/refresh", body.clone(), &headers).await;
    mixed.expect(401, "refresh_invalid");
    assert!(mixed.header("portcullis-session").is_empty());
    let headers = [("authorization", &*mine.bearer())];
    let answer = origin.post("/auth/refresh", body, &headers).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(refresh(&origin, &theirs.member("refresh_token")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn rev_13_signing_out_everywhere_ends_each_session_and_a_new_one_works() {
    let origin = Origin::start().await;
    let sessions = [origin.sign_in("a@b.co").await, origin.sign_in("a@b.co").await];
    let other = origin.sign_in("b@b.co").await;
    let headers = [("authorization", &*sessions[0].bearer())];
    let answer = origin.send(request("POST", "/auth/logout-all", Body::empty(), &headers)).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    for session in &sessions {
        let me = origin.get("/auth/me", &[("authorization", &session.bearer())]).await;
        me.expect(401, "token_revoked");
        refresh(&origin, &session.member("refresh_token")).await.expect(401, "refresh_revoked");
    }
    for alive in [other, origin.sign_in("a@b.co").await] {
        let me = origin.get("/auth/me", &[("authorization", &alive.bearer())]).await;
        assert_eq!(me.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_sign_out_by_either_token_ends_the_session_for_every_replica() {
    let origin = Origin::start().await;
    let replica = origin.replica().await;
    for by_refresh_token in [false, true] {
        let session = origin.sign_in("a@b.co").await;
        let answer = if by_refresh_token {
            let body = json!({ "refresh_token": session.member("refresh_token") });
            origin.post("/auth/logout", body, &[]).await
        } else {
            let headers = [("authorization", &*session.bearer())];
            origin.send(request("POST", "/auth/logout", Body::empty(), &headers)).await
        };
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
        let sid: SessionId = session.member("session_id").parse().unwrap();
        let revoked = replica.revocation.revoked(&[sid.uuid()]).await.unwrap();
        assert_eq!(revoked, [sid.uuid()]);
        // The answer bears the epoch of its own revocation, so that the edge asks for it at once.
        assert_eq!(answer.epoch(), replica.heads.make().await.unwrap().epoch.get());
    }
    let headers = [("authorization", "Bearer x")];
    let answer = origin.send(request("POST", "/auth/logout", Body::empty(), &headers)).await;
    answer.expect(401, "token_invalid");
}

#[tokio::test]
async fn people_see_their_own_sessions_and_can_end_each() {
    let origin = Origin::start().await;
    let (here, there) = (origin.sign_in("a@b.co").await, origin.sign_in("a@b.co").await);
    let stranger = origin.sign_in("b@b.co").await;
    let bearer = here.bearer();
    let headers = [("authorization", &*bearer)];
    let list = origin.get("/auth/sessions", &headers).await.json();
    let list = list["sessions"].as_array().unwrap();
    assert_eq!(list.len(), 2);
    for session in list {
        assert_eq!(session["current"], session["id"] == here.json()["session_id"]);
        assert!(session["first_seen"].as_u64() <= session["last_seen"].as_u64());
    }
    let delete = |sid: &str| {
        let path = format!("/auth/sessions/{sid}");
        origin.send(request("DELETE", &path, Body::empty(), &headers))
    };
    for foreign in
        [&*stranger.member("session_id"), "x", "%00", "01931c7e-9a00-7000-8000-00000000000a"]
    {
        delete(foreign).await.expect(404, "not_found");
    }
    let ended = delete(&there.member("session_id")).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    refresh(&origin, &there.member("refresh_token")).await.expect(401, "refresh_revoked");
    let subject = stranger.json()["user"]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(origin.services.profiles.sessions.of(&subject).await.unwrap().len(), 1);
}

fn roles(answer: &Answer) -> Value {
    let token = answer.member("access_token");
    let jws = Jws::parse(&token, 8192).unwrap();
    let claims: Value = serde_json::from_slice(jws.unverified_payload()).unwrap();
    claims.get("roles").cloned().unwrap_or(json!([]))
}

#[tokio::test]
async fn a_change_of_roles_is_felt_at_the_next_refresh() {
    let origin = Origin::start().await;
    let account = origin.sign_in("a@b.co").await.json()["user"]["id"].as_str().unwrap().parse();
    let account: Subject = account.unwrap();
    let first = origin.sign_in("a@b.co").await;
    // From here on this process remembers the account, and another one changes it.
    let mut last = refresh(&origin, &first.member("refresh_token")).await;
    assert_eq!(roles(&last), json!([]));
    let other = origin.replica().await;
    for wanted in [&["admin"][..], &[], &["editor"]] {
        let wanted: Vec<_> = wanted.iter().map(|role| String::from(*role)).collect();
        let announced = Announced::to(&*other.profiles.sessions, &account).await.unwrap();
        assert!(other.profiles.accounts.set_roles(&announced, &wanted).await.unwrap());
        let before = last.member("refresh_token");
        last = refresh(&origin, &before).await;
        assert_eq!(roles(&last), json!(wanted));
        // Also where the successor itself is repeated.
        assert_eq!(roles(&refresh(&origin, &before).await), json!(wanted));
    }
}

#[tokio::test]
async fn an_account_that_did_not_change_is_not_read_again() {
    let origin = Origin::start().await;
    let first = origin.sign_in("a@b.co").await;
    let second = refresh(&origin, &first.member("refresh_token")).await;
    origin.sql("accounts.db", "ALTER TABLE account RENAME TO away").await;
    let third = refresh(&origin, &second.member("refresh_token")).await;
    assert_eq!(third.status, StatusCode::OK);
    // One that did cannot be: the token is spent by then, and its successor is kept for a retry.
    let account: Subject = first.json()["user"]["id"].as_str().unwrap().parse().unwrap();
    Announced::to(&*origin.services.profiles.sessions, &account).await.unwrap();
    let token = third.member("refresh_token");
    refresh(&origin, &token).await.expect(503, "store_unavailable");
    origin.sql("accounts.db", "ALTER TABLE away RENAME TO account").await;
    assert_eq!(refresh(&origin, &token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_refresh_without_accounts_spends_nothing() {
    let origin = Origin::with(&[("PORTCULLIS__SESSIONS__GRACE", "0")]).await;
    let token = origin.sign_in("a@b.co").await.member("refresh_token");
    origin.sql("accounts.db", "ALTER TABLE account RENAME TO away").await;
    for _ in 0..2 {
        refresh(&origin, &token).await.expect(503, "store_unavailable");
    }
    origin.sql("accounts.db", "ALTER TABLE away RENAME TO account").await;
    let second = refresh(&origin, &token).await;
    assert_eq!(second.status, StatusCode::OK);

    // Nor of an account that was remembered, once a rotation has told that it changed.
    let account: Subject = second.json()["user"]["id"].as_str().unwrap().parse().unwrap();
    Announced::to(&*origin.services.profiles.sessions, &account).await.unwrap();
    let third = refresh(&origin, &second.member("refresh_token")).await;
    let token = third.member("refresh_token");
    origin.sql("accounts.db", "ALTER TABLE account RENAME TO away").await;
    for _ in 0..2 {
        refresh(&origin, &token).await.expect(503, "store_unavailable");
    }
    origin.sql("accounts.db", "ALTER TABLE away RENAME TO account").await;
    assert_eq!(refresh(&origin, &token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_sessions_of_an_account_that_is_gone_or_disabled_end_at_the_next_refresh() {
    for statement in ["UPDATE account SET disabled = 1", "DELETE FROM account"] {
        let origin = Origin::start().await;
        let session = origin.sign_in("a@b.co").await;
        // From here on the account is remembered.
        let session = refresh(&origin, &session.member("refresh_token")).await;
        let account: Subject = session.json()["user"]["id"].as_str().unwrap().parse().unwrap();
        Announced::to(&*origin.services.profiles.sessions, &account).await.unwrap();
        origin.sql("accounts.db", statement).await;
        let refused = refresh(&origin, &session.member("refresh_token")).await;
        refused.expect(401, "refresh_revoked");
        assert_eq!(refused.header("portcullis-session"), "ended");
        let me = origin.get("/auth/me", &[("authorization", &session.bearer())]).await;
        me.expect(401, "token_revoked");
        let again = refresh(&origin, &session.member("refresh_token")).await;
        again.expect(401, "refresh_revoked");
        assert_eq!(again.epoch(), refused.epoch(), "a dead token makes no news");
    }
}

#[tokio::test]
async fn a_sign_in_that_a_new_password_or_a_closed_account_overtakes_is_none() {
    let origin = Origin::start().await;
    origin.sign_in("a@b.co").await;
    let login = &origin.services.login;
    let email = Email::parse("a@b.co").unwrap();
    let account = login.accounts.by_email(&email).await.unwrap().unwrap();
    let begin = || async {
        let device = Device::default();
        let how = SignIn { by: Means::Password, lasting: Lasting::Browser, device };
        login.issuer.begin(&account, how).await.unwrap().is_some()
    };
    assert!(begin().await);
    origin.sql("accounts.db", "UPDATE account SET disabled = TRUE").await;
    assert!(!begin().await);
    origin.sql("accounts.db", "UPDATE account SET disabled = FALSE").await;
    let hash = account.password_hash.clone().unwrap();
    assert!(login.accounts.replace_password(&account, &hash).await.unwrap());
    assert!(!begin().await);
    origin.sql("accounts.db", "DELETE FROM account").await;
    assert!(!begin().await);
    // What was begun all the same is over.
    let sessions = &origin.services.profiles.sessions;
    assert_eq!(sessions.of(&account.id).await.unwrap().len(), 2);
}
