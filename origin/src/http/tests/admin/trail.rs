//! What is kept of sessions that ended, and what is not.

use super::*;

#[tokio::test]
async fn a_session_that_gives_way_to_a_newer_one_is_over_and_in_the_trail() {
    for (setting, most) in
        [(("PORTCULLIS__SESSIONS__MOST", "2"), 2), (("PORTCULLIS__SESSIONS__POLICY", "one"), 1)]
    {
        let origin = Origin::with(&[setting]).await;
        let (first, admin) = origin.with_admin().await;
        let mut newer = Vec::new();
        for _ in 0..most {
            newer.push(origin.sign_in("user@example.com").await);
        }
        origin.refresh(&first).await.expect(401, "refresh_revoked");
        let me = origin.get("/auth/me", &[("authorization", &first.bearer())]).await;
        me.expect(401, "token_revoked");
        for session in &newer {
            assert_eq!(origin.refresh(session).await.status, StatusCode::OK);
        }
        let query = format!("?kind=session-superseded&subject={}", id(&first));
        assert_eq!(origin.kept(&admin, &query).await, ["session-superseded"]);
        let path = format!("/auth/admin/audit{query}");
        let event = origin.as_admin(&admin, "GET", &path, None).await.json()["events"][0].clone();
        assert_eq!(event["session"], first.json()["session_id"], "{event}");
    }
}

/// What is said of a subject that there is not.
const NOBODY: &str = "nothing to revoke";

#[tokio::test]
async fn an_id_that_nobody_has_is_no_success_and_leaves_no_trace() {
    let origin = Origin::start().await;
    let (user, admin) = origin.with_admin().await;
    let (account, session) = (id(&user), user.member("session_id"));
    let before = origin.kept(&admin, "").await;
    let nobody = id_of("4");
    for (what, given, words) in [
        ("sub", "user@example.com", "That is an e-mail address."),
        ("sub", &*session, "send it as `sid`"),
        ("sub", &*nobody, NOBODY),
        ("sub", "nobody", NOBODY),
        ("jti", &*account, "send it as `sub`"),
        ("sid", &*account, "send it as `sub`"),
    ] {
        let body = Some(json!({ what: given }));
        let answer = origin.as_admin(&admin, "POST", "/auth/admin/revoke", body).await;
        let (status, code) =
            if words == NOBODY { (404, "not_found") } else { (400, "request_invalid") };
        answer.expect(status, code);
        assert!(answer.member("detail").contains(words), "{}", answer.text);
        let cookie = format!("__Host-at={}", admin.member("access_token"));
        let form = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
            ("cookie", cookie.as_str()),
        ];
        let body = format!("what={what}&id={}", given.replace('@', "%40"));
        let page = origin.send(request("POST", "/auth/admin/edges", body.into(), &form)).await;
        page.expect_status(status);
        assert!(page.text.contains("role=\"alert\""), "{}", page.text);
    }
    assert_eq!(origin.kept(&admin, "").await, before);
    assert_eq!(origin.refresh(&user).await.status, StatusCode::OK, "nothing was done");
    // Somebody who is signed in nowhere is somebody.
    let path = format!("/auth/admin/users/{account}/logout");
    for _ in 0..2 {
        assert_eq!(origin.as_admin(&admin, "POST", &path, None).await.status, 204);
    }
    let body = Some(json!({ "sub": account }));
    assert_eq!(origin.as_admin(&admin, "POST", "/auth/admin/revoke", body).await.status, 204);
}

#[tokio::test]
async fn signing_out_elsewhere_is_kept_when_there_was_somewhere_else() {
    let origin = Origin::start().await;
    let (user, admin) = origin.with_admin().await;
    let elsewhere = "?kind=signed-out-elsewhere";
    let end_others = async || {
        let headers = [("authorization", &*user.bearer())];
        let request = request("DELETE", "/auth/sessions", Body::empty(), &headers);
        assert_eq!(origin.send(request).await.status, 204);
    };
    for _ in 0..3 {
        end_others().await;
    }
    assert!(origin.kept(&admin, elsewhere).await.is_empty());
    origin.sign_in("user@example.com").await;
    for _ in 0..3 {
        end_others().await;
    }
    assert_eq!(origin.kept(&admin, elsewhere).await, ["signed-out-elsewhere"]);
}

#[tokio::test]
async fn a_session_that_is_ended_from_outside_is_in_its_users_trail() {
    let origin = Origin::start().await;
    let (first, admin) = origin.with_admin().await;
    let second = origin.sign_in("user@example.com").await;
    let trail = format!("?kind=session-revoked&subject={}", id(&first));
    let path = format!("/auth/admin/sessions/{}", first.member("session_id"));
    assert_eq!(origin.as_admin(&admin, "DELETE", &path, None).await.status, 204);
    assert_eq!(origin.kept(&admin, &trail).await.len(), 1);
    // Written behind our back: the session finds out at its next refresh, once.
    let closed = "UPDATE account SET disabled = TRUE WHERE email = 'user@example.com'";
    origin.sql("accounts.db", closed).await;
    for _ in 0..3 {
        origin.refresh(&second).await.expect(401, "refresh_revoked");
    }
    let path = format!("/auth/admin/audit{trail}");
    assert_eq!(origin.kept(&admin, &trail).await.len(), 2);
    let event = origin.as_admin(&admin, "GET", &path, None).await.json()["events"][0].clone();
    assert_eq!(event["session"], second.json()["session_id"], "{event}");
    assert_eq!(event["detail"]["why"], "disabled", "{event}");
}
