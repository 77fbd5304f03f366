//! The administrators' pages: who sees them, and that their forms do what they say.

use super::*;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const OURS: (&str, &str) = ("sec-fetch-site", "same-origin");

/// An origin with a user and an administrator, each as the cookie of their browser.
struct Stage {
    origin: Origin,
    user: String,
    id: String,
    admin: String,
}

impl Stage {
    async fn set() -> Self {
        let origin = Origin::start().await;
        let user = origin.sign_in("user@example.com").await;
        let admin = origin.sign_in("admin@example.com").await;
        let roles = "UPDATE account SET roles = '[\"admin\"]' WHERE email = 'admin@example.com'";
        origin.sql("accounts.db", roles).await;
        let id = String::from(user.json()["user"]["id"].as_str().unwrap());
        let cookie = |of: &Answer| format!("__Host-at={}", of.member("access_token"));
        Self { user: cookie(&user), admin: cookie(&admin), id, origin }
    }

    async fn get(&self, cookie: &str, path: &str) -> Answer {
        self.origin.get(path, &[("cookie", cookie)]).await
    }

    async fn post(&self, cookie: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let headers = [&[FORM, ("cookie", cookie)], headers].concat();
        self.origin.send(request("POST", path, Body::from(String::from(body)), &headers)).await
    }

    /// A form of the user's page, sent by the administrator.
    async fn change(&self, body: &str) -> Answer {
        let path = format!("/auth/admin/user/{}/change", self.id);
        self.post(&self.admin, &path, body, &[OURS]).await
    }
}

#[tokio::test]
async fn the_pages_are_for_administrators() {
    let stage = Stage::set().await;
    let user = format!("/auth/admin/user/{}", stage.id);
    for path in ["/auth/admin", &user, "/auth/admin/events", "/auth/admin/edges"] {
        let shown = stage.get(&stage.admin, path).await;
        assert_eq!(shown.status, StatusCode::OK, "{path}: {}", shown.text);
        assert!(shown.header("content-security-policy").starts_with("default-src 'none'"));
        let refused = stage.get(&stage.user, path).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert!(refused.text.contains("for administrators") && !refused.text.contains("@example"));
        let nobody = stage.origin.get(path, &[]).await;
        assert_eq!(nobody.status, StatusCode::SEE_OTHER);
        assert!(nobody.header("location").starts_with("/auth/login?return_to="));
    }
    for (who, leads) in [(&stage.admin, true), (&stage.user, false)] {
        let account = stage.get(who, "/auth/account").await;
        assert_eq!(account.text.contains("href=\"/auth/admin\""), leads, "{}", account.text);
    }
    let change = format!("{user}/change");
    let refused = stage.post(&stage.user, &change, "action=enable", &[OURS]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    for headers in [&[][..], &[("sec-fetch-site", "cross-site")], &[("origin", "null")]] {
        stage
            .post(&stage.admin, &change, "action=disable", headers)
            .await
            .expect(403, "cross_site");
    }
    assert_eq!(stage.get(&stage.user, "/auth/me").await.status, StatusCode::OK, "nothing was done");
}

#[tokio::test]
async fn the_forms_do_what_they_say() {
    let stage = Stage::set().await;
    let page = format!("/auth/admin/user/{}", stage.id);
    let found = stage.get(&stage.admin, "/auth/admin?email=user").await;
    assert!(found.text.contains(&page) && !found.text.contains("admin@"), "{}", found.text);

    let done = stage.change("action=roles&roles=editor+%20auditor").await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, &*page), "{}", done.text);
    let shown = stage.get(&stage.admin, &page).await;
    assert!(shown.text.contains("value=\"editor auditor\""), "{}", shown.text);
    let wrong = stage.change("action=roles&roles=a,b").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.text.contains("role=\"alert\""), "{}", wrong.text);

    assert_eq!(stage.change("action=disable").await.status, StatusCode::SEE_OTHER);
    stage.get(&stage.user, "/auth/me").await.expect(401, "token_revoked");
    assert!(stage.get(&stage.admin, &page).await.text.contains("Not signed in anywhere"));
    assert_eq!(stage.change("action=enable").await.status, StatusCode::SEE_OTHER);
    for wrong in ["", "action=x", "action=end&sid=x", "action=enable&action=disable"] {
        stage.change(wrong).await.expect(400, "request_invalid");
    }

    let again = stage.origin.sign_in("user@example.com").await;
    let body = format!("what=sid&id={}", again.member("session_id"));
    let done = stage.post(&stage.admin, "/auth/admin/edges", &body, &[OURS]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    let me = stage.origin.get("/auth/me", &[("authorization", &again.bearer())]).await;
    me.expect(401, "token_revoked");
    let wrong = stage.post(&stage.admin, "/auth/admin/edges", "what=sid&id=x", &[OURS]).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    stage.origin.get("/.well-known/portcullis/head", &[]).await;
    let edges = stage.get(&stage.admin, "/auth/admin/edges?follow=true").await;
    assert_eq!(edges.header("refresh"), "5");
    assert!(edges.text.contains("class=\"fetched\" r=\"3.5\" cx=\"4"), "{}", edges.text);

    stage.origin.services.admin.trail.settled().await;
    let events = stage.get(&stage.admin, "/auth/admin/events?kind=user-disabled").await;
    assert!(events.text.contains(&stage.id), "{}", events.text);
    let korean = [("cookie", stage.admin.as_str()), ("accept-language", "ko")];
    let korean = stage.origin.get("/auth/admin", &korean).await;
    assert!(korean.text.contains("사용자") && korean.text.contains("lang=\"ko\""));
}

#[tokio::test]
async fn the_last_administrator_is_told_so_in_words() {
    let stage = Stage::set().await;
    let me = stage.get(&stage.admin, "/auth/me").await.json();
    let path = format!("/auth/admin/user/{}/change", me["user"]["id"].as_str().unwrap());
    let refused = stage.post(&stage.admin, &path, "action=disable", &[OURS]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("This is the last administrator."), "{}", refused.text);
}
