//! `/auth/admin/…`: who may, what it does, and what is kept of it.

mod trail;

use super::*;

impl Origin {
    /// Somebody signed in, and an administrator.
    async fn with_admin(&self) -> (Answer, Answer) {
        let user = self.sign_in("user@example.com").await;
        let admin = self.sign_in("admin@example.com").await;
        let roles = "UPDATE account SET roles = '[\"admin\"]' WHERE email = 'admin@example.com'";
        self.sql("accounts.db", roles).await;
        (user, admin)
    }

    async fn as_admin(
        &self,
        admin: &Answer,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let bearer = admin.bearer();
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(body.as_ref().map(|_| ("content-type", "application/json")));
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request(method, path, body, &headers)).await
    }

    async fn refresh(&self, of: &Answer) -> Answer {
        let body = json!({ "refresh_token": of.member("refresh_token") });
        self.post("/auth/refresh", body, &[]).await
    }

    /// The kinds of what was kept, newest first.
    async fn kept(&self, admin: &Answer, query: &str) -> Vec<String> {
        // Kept means soon after.
        self.services.admin.trail.settled().await;
        let path = format!("/auth/admin/audit{query}");
        let answer = self.as_admin(admin, "GET", &path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let events = answer.json()["events"].as_array().unwrap().clone();
        events.iter().map(|event| String::from(event["kind"].as_str().unwrap())).collect()
    }
}

fn id(answer: &Answer) -> String {
    String::from(answer.json()["user"]["id"].as_str().unwrap())
}

#[tokio::test]
async fn what_was_done_from_where_is_kept_by_an_edges_word_alone() {
    let origin = Origin::start().await;
    let (_, admin) = origin.with_admin().await;
    for (secret, network) in [(EDGE_SECRET, Some("192.0.2.0/24")), ("no secret", None)] {
        for (password, kind) in [(PASSWORD, "signed-in"), ("a wrong one", "sign-in-refused")] {
            let edge = [("x-portcullis-edge", secret), ("x-portcullis-client-ip", "192.0.2.77")];
            let body = json!({ "email": "user@example.com", "password": password });
            origin.post("/auth/login", body, &edge).await;
            origin.services.admin.trail.settled().await;
            let path = format!("/auth/admin/audit?kind={kind}");
            let last =
                origin.as_admin(&admin, "GET", &path, None).await.json()["events"][0].clone();
            assert_eq!(last["network"].as_str(), network, "{last}");
        }
    }
}

#[tokio::test]
async fn what_ends_nothing_leaves_no_trace_however_often_it_is_asked_for() {
    let origin = Origin::with(&[("PORTCULLIS__LIMITS__SIGN_IN", "10/1h")]).await;
    let (user, admin) = origin.with_admin().await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let revoke = async |token: String| {
        let body = format!("token={token}");
        origin.send(request("POST", "/auth/revoke", body.into(), &[form])).await
    };
    let junk = [String::from("junk"), user.member("refresh_token").replace('a', "b")];
    let (access, refresh) = (user.member("access_token"), user.member("refresh_token"));
    for _ in 0..3 {
        for token in junk.clone().into_iter().chain([access.clone(), refresh.clone()]) {
            assert_eq!(revoke(token).await.status, 200);
        }
        let body = json!({ "refresh_token": refresh });
        assert_eq!(origin.post("/auth/logout", body, &[]).await.status, 204);
    }
    for kind in ["signed-out", "token-revoked"] {
        assert_eq!(origin.kept(&admin, &format!("?kind={kind}")).await, [kind]);
    }
    // What is left is limited: a session has any number of access tokens. Logging out is not.
    let mut last = 200;
    for _ in 0..10 {
        last = revoke(access.clone()).await.status.as_u16();
    }
    assert_eq!(last, 429);
    assert_eq!(revoke(refresh).await.status, 200);
}

#[tokio::test]
async fn only_an_administrator_gets_in_by_what_holds_now() {
    let origin = Origin::start().await;
    let (user, admin) = origin.with_admin().await;
    let some = id(&user);
    let routes = [
        ("GET", String::from("/auth/admin/users"), None),
        ("GET", format!("/auth/admin/users/{some}"), None),
        ("GET", format!("/auth/admin/users/{some}/sessions"), None),
        ("POST", format!("/auth/admin/users/{some}/disable"), None),
        ("POST", format!("/auth/admin/users/{some}/enable"), None),
        ("POST", format!("/auth/admin/users/{some}/logout"), None),
        ("PUT", format!("/auth/admin/users/{some}/roles"), Some(json!({ "roles": ["admin"] }))),
        ("DELETE", format!("/auth/admin/sessions/{}", user.member("session_id")), None),
        ("POST", String::from("/auth/admin/revoke"), Some(json!({ "sub": some }))),
        ("GET", String::from("/auth/admin/audit"), None),
    ];
    for (method, path, body) in &routes {
        origin.as_admin(&user, method, path, body.clone()).await.expect(403, "role_required");
        let cookie = format!("__Host-at={}", admin.member("access_token"));
        let headers = [("cookie", cookie.as_str()), ("content-type", "application/json")];
        let body = body.as_ref().map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let other_site = [&headers[..], &[("sec-fetch-site", "cross-site")]].concat();
        let answer = origin.send(request(method, path, body, &other_site)).await;
        if *method == "GET" {
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        } else {
            answer.expect(403, "cross_site");
        }
        origin.send(request(method, path, Body::empty(), &[])).await.expect(401, "token_missing");
    }
    assert_eq!(origin.refresh(&user).await.status, StatusCode::OK, "nothing was done to them");
    // The token says nothing of the role, and it is not asked for one; the account is.
    origin.sql("accounts.db", "UPDATE account SET roles = '[\"Admin\"]'").await;
    origin.as_admin(&admin, "GET", "/auth/admin/users", None).await.expect(403, "role_required");
}

#[tokio::test]
async fn a_user_is_disabled_and_every_session_is_over() {
    let origin = Origin::start().await;
    let (first, admin) = origin.with_admin().await;
    let second = origin.sign_in("user@example.com").await;
    let path = format!("/auth/admin/users/{}", id(&first));
    let listed = origin.as_admin(&admin, "GET", &format!("{path}/sessions"), None).await;
    assert_eq!(listed.json()["sessions"].as_array().unwrap().len(), 2, "{}", listed.text);

    let epoch = admin.epoch();
    let answer = origin.as_admin(&admin, "POST", &format!("{path}/disable"), None).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    assert!(answer.epoch() > epoch, "edges hear of it");
    for session in [&first, &second] {
        let me = origin.get("/auth/me", &[("authorization", &session.bearer())]).await;
        me.expect(401, "token_revoked");
        origin.refresh(session).await.expect(401, "refresh_revoked");
    }
    let body = json!({ "email": "user@example.com", "password": PASSWORD });
    origin.post("/auth/login", body.clone(), &[]).await.expect(401, "credentials_invalid");
    let shown = origin.as_admin(&admin, "GET", &path, None).await;
    assert_eq!(shown.json()["user"]["disabled"], true, "{}", shown.text);

    let answer = origin.as_admin(&admin, "POST", &format!("{path}/enable"), None).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    assert_eq!(origin.post("/auth/login", body, &[]).await.status, StatusCode::OK);
    origin.refresh(&first).await.expect(401, "refresh_revoked");
    let subject = format!("?subject={}", id(&first));
    assert_eq!(
        origin.kept(&admin, &subject).await,
        [
            "signed-in",
            "user-enabled",
            "sign-in-refused",
            "user-disabled",
            "signed-in",
            "signed-in",
            "account-made"
        ]
    );
}

#[tokio::test]
async fn a_role_comes_with_the_next_refresh_and_goes_with_the_sessions() {
    let origin = Origin::start().await;
    let (user, admin) = origin.with_admin().await;
    let path = format!("/auth/admin/users/{}/roles", id(&user));
    let roles = |roles: &[&str]| Some(json!({ "roles": roles }));
    let answer = origin.as_admin(&admin, "PUT", &path, roles(&["editor", "admin"])).await;
    assert_eq!(answer.json()["user"]["roles"], json!(["editor", "admin"]));
    let user = origin.refresh(&user).await;
    assert_eq!(user.json()["user"]["roles"], json!(["editor", "admin"]));
    assert_eq!(origin.as_admin(&user, "GET", "/auth/admin/users", None).await.status, 200);

    let answer = origin.as_admin(&admin, "PUT", &path, roles(&["editor"])).await;
    assert_eq!(answer.status, StatusCode::OK);
    origin.as_admin(&user, "GET", "/auth/admin/users", None).await.expect(401, "token_revoked");
    origin.refresh(&user).await.expect(401, "refresh_revoked");
    for wrong in [&["a,b"][..], &[""], &["x y"], &[&"x".repeat(65)]] {
        let answer = origin.as_admin(&admin, "PUT", &path, roles(wrong)).await;
        answer.expect(400, "request_invalid");
    }
    let kept = origin.as_admin(&admin, "GET", "/auth/admin/audit?kind=roles-changed", None).await;
    let events = &kept.json()["events"];
    assert_eq!(events[0]["detail"]["after"], json!(["editor"]), "{}", kept.text);
    assert_eq!(events[0]["detail"]["before"], json!(["editor", "admin"]));
    assert_eq!(events[0]["actor"], id(&admin));
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let origin = Origin::start().await;
    let (user, admin) = origin.with_admin().await;
    let path = format!("/auth/admin/users/{}", id(&admin));
    let roles = format!("{path}/roles");
    let none = Some(json!({ "roles": [] }));
    origin.as_admin(&admin, "PUT", &roles, none.clone()).await.expect(409, "last_admin");
    let disable = format!("{path}/disable");
    origin.as_admin(&admin, "POST", &disable, None).await.expect(409, "last_admin");
    // One that is closed, or has a role that only looks like it, is no other administrator.
    let closed = "UPDATE account SET roles = '[\"admin\"]', disabled = TRUE \
         WHERE email = 'user@example.com'";
    origin.sql("accounts.db", closed).await;
    origin.as_admin(&admin, "PUT", &roles, none.clone()).await.expect(409, "last_admin");
    let similar = "UPDATE account SET roles = '[\"ADMIN\",\"x\\\"admin\\\"\"]', disabled = FALSE \
         WHERE email = 'user@example.com'";
    origin.sql("accounts.db", similar).await;
    origin.as_admin(&admin, "PUT", &roles, none.clone()).await.expect(409, "last_admin");

    let make = format!("/auth/admin/users/{}/roles", id(&user));
    let body = Some(json!({ "roles": ["admin"] }));
    assert_eq!(origin.as_admin(&admin, "PUT", &make, body).await.status, 200);
    assert_eq!(origin.as_admin(&admin, "PUT", &roles, none).await.status, 200);
    origin.as_admin(&admin, "GET", "/auth/admin/users", None).await.expect(401, "token_revoked");
}

#[tokio::test]
async fn sessions_and_tokens_are_ended_by_their_ids() {
    let origin = Origin::start().await;
    let (first, admin) = origin.with_admin().await;
    let second = origin.sign_in("user@example.com").await;
    let third = origin.sign_in("user@example.com").await;
    let path = format!("/auth/admin/sessions/{}", first.member("session_id"));
    assert_eq!(origin.as_admin(&admin, "DELETE", &path, None).await.status, 204);
    origin.refresh(&first).await.expect(401, "refresh_revoked");
    let sid = json!({ "sid": second.member("session_id") });
    assert_eq!(origin.as_admin(&admin, "POST", "/auth/admin/revoke", Some(sid)).await.status, 204);
    origin.refresh(&second).await.expect(401, "refresh_revoked");

    let jti = claims(&third.member("access_token"))["jti"].clone();
    let jti = json!({ "jti": jti });
    assert_eq!(origin.as_admin(&admin, "POST", "/auth/admin/revoke", Some(jti)).await.status, 204);
    let me = origin.get("/auth/me", &[("authorization", &third.bearer())]).await;
    me.expect(401, "token_revoked");
    let third = origin.refresh(&third).await;
    assert_eq!(third.status, StatusCode::OK, "its session goes on");
    let sub = json!({ "sub": id(&third) });
    assert_eq!(origin.as_admin(&admin, "POST", "/auth/admin/revoke", Some(sub)).await.status, 204);
    let me = origin.get("/auth/me", &[("authorization", &third.bearer())]).await;
    me.expect(401, "token_revoked");
    let kept = origin.kept(&admin, "").await;
    let expected = ["forced-logout", "token-revoked", "session-revoked", "session-revoked"];
    assert_eq!(kept[..4], expected);

    for wrong in [
        json!({}),
        json!({ "sub": "u", "sid": second.member("session_id") }),
        json!({ "sid": "x" }),
        json!({ "jti": 1 }),
        json!({ "sub": "a:b" }),
        json!({ "all": true }),
    ] {
        let answer = origin.as_admin(&admin, "POST", "/auth/admin/revoke", Some(wrong)).await;
        answer.expect(400, "request_invalid");
    }
    // Whoever was meant would go on.
    let [session, token] = [id_of("7"), id_of("4")];
    let other = id_of("8");
    for (wrong, words) in [
        (json!({ "jti": session }), "send it as `sid`"),
        (json!({ "sid": token }), "send it as `jti`"),
        (json!({ "sid": other }), "`origin revoke --issuer` revokes it"),
        (json!({ "jti": other }), "`origin revoke --issuer` revokes it"),
    ] {
        let answer = origin.as_admin(&admin, "POST", "/auth/admin/revoke", Some(wrong)).await;
        assert!(answer.member("detail").contains(words), "{words}");
        answer.expect(400, "request_invalid");
    }
    let path = format!("/auth/admin/sessions/{token}");
    origin.as_admin(&admin, "DELETE", &path, None).await.expect(404, "not_found");
    assert_eq!(origin.kept(&admin, "").await, kept, "nothing was done");
    for path in ["/auth/admin/sessions/x", "/auth/admin/users/a:b", "/auth/admin/users/nobody"] {
        let method = if path.contains("sessions") { "DELETE" } else { "GET" };
        origin.as_admin(&admin, method, path, None).await.expect(404, "not_found");
    }
}

/// A UUID of this version.
fn id_of(version: &str) -> String {
    format!("0197f0a0-0000-{version}000-8000-000000000000")
}

/// What a token says; it was checked by others.
fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn users_are_found_by_the_beginning_of_their_addresses() {
    let origin = Origin::start().await;
    let (_, admin) = origin.with_admin().await;
    let insert = "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 219) \
         INSERT INTO account (id, email, email_verified, roles, disabled, created_at) \
         SELECT 'm' || i, 'many' || i || '@example.com', FALSE, '[]', FALSE, 0 FROM n";
    origin.sql("accounts.db", insert).await;
    let find = async |query: &str| {
        let path = format!("/auth/admin/users{query}");
        origin.as_admin(&admin, "GET", &path, None).await
    };
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = find(&format!("?email=MANY&after={next}")).await.json();
        for user in page["users"].as_array().unwrap() {
            seen.push(String::from(user["email"].as_str().unwrap()));
        }
        let Some(more) = page["next"].as_str() else { break };
        next = String::from(more);
    }
    assert_eq!(seen.len(), 120);
    assert!(seen.is_sorted() && seen.iter().all(|email| email.starts_with("many")));
    for (query, expected) in
        [("?email=user@", 1), ("?email=admin@example.com", 1), ("?email=%25", 0), ("?email=_", 0)]
    {
        assert_eq!(find(query).await.json()["users"].as_array().unwrap().len(), expected);
    }
    for wrong in ["?x=1", "?email=a&email=b"] {
        find(wrong).await.expect(400, "request_invalid");
    }
    let audit = origin.as_admin(&admin, "GET", "/auth/admin/audit?kind=x", None).await;
    audit.expect(400, "request_invalid");
}
