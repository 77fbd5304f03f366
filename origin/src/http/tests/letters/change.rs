//! Changing a password or an address by somebody who is signed in.

use super::super::limits::trail;
use super::*;
use crate::port::Kind;

#[tokio::test]
async fn pwd_11_a_change_wants_the_password_and_leaves_one_session() {
    let post = Post::strict().await;
    let other = post.login(PASSWORD).await;
    let mine = post.login(PASSWORD).await;
    let bearer = mine.bearer();
    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        let (origin, bearer) = (&post.origin, bearer.clone());
        async move { origin.post("/auth/password", body, &[("authorization", &bearer)]).await }
    };
    change(OTHER, "and a third one").await.expect(401, "credentials_invalid");
    change(&"x".repeat(300), OTHER).await.expect(401, "credentials_invalid");
    change(PASSWORD, "password1").await.expect(400, "password_common");
    let body = json!({ "current_password": PASSWORD, "new_password": OTHER });
    post.origin.post("/auth/password", body.clone(), &[]).await.expect(401, "token_missing");
    let cookie = format!("__Host-at={}", mine.member("access_token"));
    let foreign = [("cookie", &*cookie), ("sec-fetch-site", "cross-site")];
    post.origin.post("/auth/password", body, &foreign).await.expect(403, "cross_site");
    for body in [json!({ "new_password": OTHER }), json!({ "password": OTHER })] {
        let answer = post.origin.post("/auth/password", body, &[("authorization", &bearer)]).await;
        answer.expect(400, "request_invalid");
    }
    post.login(PASSWORD).await.expect_status(200);

    post.forgot("a@b.co").await;
    let reset = post.token(1).await;
    let changed = change(PASSWORD, OTHER).await;
    changed.expect_status(204);
    assert!(changed.epoch() > mine.epoch());
    let me = |answer: &Answer| {
        let bearer = answer.bearer();
        let origin = &post.origin;
        async move { origin.get("/auth/me", &[("authorization", &bearer)]).await }
    };
    me(&mine).await.expect_status(200);
    me(&other).await.expect(401, "token_revoked");
    post.login(PASSWORD).await.expect(401, "credentials_invalid");
    assert!(post.letter(2).await.contains("Subject: Your password was changed"));
    post.login(OTHER).await.expect_status(200);
    // However often it is changed, a letter to the owner's address stays good.
    post.reset(&reset, "and a third one").await.expect_status(204);
    post.login(OTHER).await.expect(401, "credentials_invalid");
    // What was tried with a wrong one is kept.
    let refused = trail(&post.origin, Kind::ChangeRefused).await;
    assert_eq!(refused.len(), 1, "{refused:?}");
    let session = mine.member("session_id");
    assert_eq!(refused[0].session.unwrap().to_string(), session);
    assert_eq!(refused[0].detail.why.as_deref(), Some("password"));
}

#[tokio::test]
async fn another_address_is_the_accounts_once_its_reader_says_so() {
    let post = Post::strict().await;
    let bearer = post.login(PASSWORD).await.bearer();
    let change = |password: &str, email: &str| {
        let body = json!({ "current_password": password, "email": email });
        let (origin, bearer) = (&post.origin, bearer.clone());
        async move { origin.post("/auth/email", body, &[("authorization", &bearer)]).await }
    };
    change(OTHER, "c@b.co").await.expect(401, "credentials_invalid");
    change(PASSWORD, "c").await.expect(400, "email_invalid");
    change(PASSWORD, "c@b.co").await.expect_status(202);
    assert!(
        post.letter(1).await.contains("To: a@b.co\nSubject: Your e-mail address is being changed")
    );
    let token = post.token(2).await;
    assert!(post.letter(2).await.contains("To: c@b.co\n"));
    post.login(PASSWORD).await.expect_status(200);
    post.verify(&token).await.expect_status(204);
    post.login(PASSWORD).await.expect(401, "credentials_invalid");
    let body = json!({ "email": "c@b.co", "password": PASSWORD });
    let answer = post.origin.post("/auth/login", body, &[]).await;
    assert_eq!(answer.json()["user"]["email"], "c@b.co");
    for (kind, count) in
        [(Kind::EmailChangeAsked, 1), (Kind::EmailChanged, 1), (Kind::EmailVerified, 1)]
    {
        assert_eq!(trail(&post.origin, kind).await.len(), count, "{kind:?}");
    }
    // One that is taken: the same answer, and no letter there.
    post.register("d@b.co", PASSWORD).await;
    post.verify(&post.token(3).await).await.expect_status(204);
    post.impatient().await;
    change(PASSWORD, "d@b.co").await.expect_status(202);
    let letters = post.quiet().await;
    assert!(!letters.iter().any(|letter| letter.contains("To: d@b.co\n")), "{letters:?}");
}

#[tokio::test]
async fn a_new_password_takes_back_a_change_of_address_that_is_under_way() {
    let post = Post::strict().await;
    let bearer = post.login(PASSWORD).await.bearer();
    let headers = [("authorization", bearer.as_str())];
    let address = json!({ "current_password": PASSWORD, "email": "evil@b.co" });
    post.origin.post("/auth/email", address, &headers).await.expect_status(202);
    let token = post.token(2).await;
    let password = json!({ "current_password": PASSWORD, "new_password": OTHER });
    post.origin.post("/auth/password", password, &headers).await.expect_status(204);
    post.verify(&token).await.expect(400, "proof_invalid");
}

/// One that is no address by the rules of today.
#[tokio::test]
async fn whoever_has_an_address_of_an_older_rule_changes_and_resets_the_password() {
    let post = Post::start(&[]).await;
    post.register("a@b.co", PASSWORD).await;
    post.letter(0).await;
    let older = "UPDATE account SET email = 'a\u{3164}@b.co'";
    let bearer = post.login(PASSWORD).await.bearer();
    post.origin.sql("accounts.db", older).await;
    let body = json!({ "current_password": PASSWORD, "new_password": OTHER });
    let headers = [("authorization", bearer.as_str())];
    post.origin.post("/auth/password", body, &headers).await.expect_status(204);

    post.origin.sql("accounts.db", "UPDATE account SET email = 'a@b.co'").await;
    post.letter(1).await;
    post.forgot("a@b.co").await.expect_status(202);
    let token = post.token(2).await;
    post.origin.sql("accounts.db", older).await;
    post.origin.sql("accounts.db", "UPDATE proof SET email = 'a\u{3164}@b.co'").await;
    post.reset(&token, PASSWORD).await.expect_status(204);
    let kept = post.origin.services.profiles.accounts.after("", 2).await.unwrap();
    assert!(kept[0].email == "a\u{3164}@b.co" && kept[0].email_verified, "{kept:?}");
}
