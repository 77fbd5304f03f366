//! The same by forms.

use super::*;

async fn form(origin: &Origin, path: &str, fields: &[(&str, &str)]) -> Answer {
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        // What browsers send from a page without a referrer.
        ("origin", "null"),
    ];
    let body = serde_urlencoded::to_string(fields).unwrap();
    origin.send(request("POST", path, body.into(), &headers)).await
}

#[tokio::test]
async fn the_whole_way_by_pages() {
    let post = Post::start(&[REQUIRED]).await;
    let origin = &post.origin;
    let account = [("email", "a@b.co"), ("password", PASSWORD)];
    let answer = form(origin, "/auth/register", &account).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/auth/verify?sent"));
    assert!(answer.cookies().is_empty());
    let page = origin.get("/auth/verify?sent", &[]).await;
    assert!(page.text.contains("a letter is on its way"), "{}", page.text);

    let token = post.token(0).await;
    let refused = form(origin, "/auth/login", &account).await;
    refused.expect_status(403);
    assert!(
        refused.text.contains("not confirmed yet")
            && refused.text.contains("href=\"/auth/verify\"")
    );

    let page =
        origin.get(&format!("/auth/verify?token={token}"), &[("accept-language", "ko")]).await;
    assert!(page.text.contains(&token) && page.text.contains("확인하기"), "{}", page.text);
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    let done = form(origin, "/auth/verify", &[("token", &token)]).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/auth/verify?done"));
    let again = form(origin, "/auth/verify", &[("token", &token)]).await;
    again.expect_status(400);
    assert!(again.text.contains("This link was used"), "{}", again.text);
    assert_eq!(form(origin, "/auth/login", &account).await.status.as_u16(), 303);

    let sent = form(origin, "/auth/password/forgot", &[("email", "a@b.co")]).await;
    assert_eq!((sent.status.as_u16(), sent.header("location")), (303, "/auth/forgot?sent"));
    let wrong = form(origin, "/auth/password/forgot", &[("email", "\"><script>")]).await;
    wrong.expect_status(400);
    assert!(wrong.text.contains("&quot;&gt;&lt;script&gt;") && !wrong.text.contains("<script"));
    let token = post.token(1).await;
    let weak =
        form(origin, "/auth/password/reset", &[("token", &token), ("password", "short")]).await;
    weak.expect_status(400);
    assert!(weak.text.contains("at least 8 characters") && weak.text.contains(&token));
    assert_eq!(weak.header("referrer-policy"), "no-referrer");
    let fields = [("token", &*token), ("password", OTHER)];
    let done = form(origin, "/auth/password/reset", &fields).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/auth/reset?done"));
    post.login(OTHER).await.expect_status(200);
    let hostile = "/auth/reset?token=%22%3E%3Cscript%3E";
    assert!(!origin.get(hostile, &[]).await.text.contains("<script"));
}

#[tokio::test]
async fn the_account_page_changes_password_and_address() {
    let post = Post::strict().await;
    let login = || async {
        let body = json!({ "email": "a@b.co", "password": PASSWORD });
        post.origin.post("/auth/login", body, &[]).await
    };
    let (mine, other) = (login().await, login().await);
    let cookie = |answer: &Answer| format!("__Host-at={}", answer.cookie("__Host-at"));
    let send = |path: &str, fields: &[(&str, &str)]| {
        let (body, cookies) = (serde_urlencoded::to_string(fields).unwrap(), cookie(&mine));
        let path = String::from(path);
        let origin = &post.origin;
        async move {
            let headers = [
                ("content-type", "application/x-www-form-urlencoded"),
                ("sec-fetch-site", "same-origin"),
                ("cookie", &*cookies),
            ];
            origin.send(request("POST", &path, body.into(), &headers)).await
        }
    };
    let page = post.origin.get("/auth/account", &[("cookie", &cookie(&mine))]).await;
    for part in ["a@b.co", "confirmed", "/auth/account/password", "/auth/account/email"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    let fields = [("current_password", OTHER), ("new_password", OTHER)];
    let refused = send("/auth/account/password", &fields).await;
    refused.expect_status(401);
    assert!(refused.text.contains("The current password is wrong."), "{}", refused.text);
    assert!(refused.text.contains("<details open>"), "{}", refused.text);
    let fields = [("current_password", PASSWORD), ("new_password", "password1")];
    let refused = send("/auth/account/password", &fields).await;
    refused.expect_status(400);
    assert!(refused.text.contains("easily guessed"), "{}", refused.text);
    let fields = [("current_password", PASSWORD), ("email", "c@b.co")];
    let asked = send("/auth/account/email", &fields).await;
    assert_eq!((asked.status.as_u16(), asked.header("location")), (303, "/auth/verify?sent"));
    assert!(post.letter(2).await.contains("To: c@b.co\n"));
    let fields = [("current_password", PASSWORD), ("new_password", OTHER)];
    let done = send("/auth/account/password", &fields).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/auth/account"));
    let me = post.origin.get("/auth/me", &[("cookie", &cookie(&mine))]).await;
    me.expect_status(200);
    let me = post.origin.get("/auth/me", &[("cookie", &cookie(&other))]).await;
    me.expect(401, "token_revoked");
}

#[tokio::test]
async fn cks_04_forms_from_elsewhere_change_nothing() {
    let post = Post::strict().await;
    post.forgot("a@b.co").await;
    let token = post.token(1).await;
    for (path, fields) in [
        ("/auth/password/reset", vec![("token", &*token), ("password", OTHER)]),
        ("/auth/verify", vec![("token", &*token)]),
        ("/auth/password/forgot", vec![("email", "a@b.co")]),
    ] {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "cross-site"),
        ];
        let body = serde_urlencoded::to_string(fields).unwrap();
        let answer = post.origin.send(request("POST", path, body.into(), &headers)).await;
        answer.expect(403, "cross_site");
    }
    post.login(PASSWORD).await.expect_status(200);
}
