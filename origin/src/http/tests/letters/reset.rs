//! Choosing another password by a letter.

use tokio::task::JoinSet;

use super::super::limits::trail;
use super::*;
use crate::port::Kind;

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_works_once_and_ends_every_session() {
    let post = Post::strict().await;
    let before = post.login(PASSWORD).await;
    post.forgot("A@B.co").await.expect_status(202);
    let token = post.token(1).await;
    // At rest there is a digest of it.
    let file = std::fs::read(post.origin.state.path().join("state/accounts.db")).unwrap();
    let wal = std::fs::read(post.origin.state.path().join("state/accounts.db-wal"));
    let kept = [file, wal.unwrap_or_default()].concat();
    assert!(!kept.windows(token.len()).any(|window| window == token.as_bytes()));
    for (password, code) in [
        ("short", "password_too_short"),
        ("password1", "password_common"),
        ("a@b.co2024", "password_common"),
        (&"x".repeat(257), "password_too_long"),
    ] {
        post.reset(&token, password).await.expect(400, code);
    }
    // Of all who bring it at once, one gets to choose.
    let mut tries = JoinSet::new();
    for n in 0..4 {
        let body = json!({ "token": token, "password": format!("{OTHER} {n}") });
        let router = post.origin.router.clone();
        let request = super::post("/auth/password/reset", body.to_string(), &[]);
        tries.spawn(async move { (n, router.oneshot(request).await.unwrap().status()) });
    }
    let outcomes = tries.join_all().await;
    let chosen: Vec<_> = outcomes.iter().filter(|(_, status)| status.as_u16() == 204).collect();
    assert_eq!(chosen.len(), 1, "{outcomes:?}");
    let chosen = format!("{OTHER} {}", chosen[0].0);

    let bearer = before.bearer();
    let me = post.origin.get("/auth/me", &[("authorization", &bearer)]).await;
    me.expect(401, "token_revoked");
    let refresh = json!({ "refresh_token": before.member("refresh_token") });
    post.origin.post("/auth/refresh", refresh, &[]).await.expect(401, "refresh_revoked");
    post.login(PASSWORD).await.expect(401, "credentials_invalid");
    post.login(&chosen).await.expect_status(200);
    assert!(post.letter(2).await.contains("Subject: Your password was changed"));
}

#[tokio::test]
async fn a_proof_is_short_lived_and_the_newest_alone_is_good() {
    let post = Post::strict().await;
    post.forgot("a@b.co").await;
    let first = post.token(1).await;
    // Not again within a minute, whoever asks.
    post.forgot("a@b.co").await.expect_status(202);
    post.quiet().await;
    assert!(post.reset("x", OTHER).await.status.as_u16() == 400);
    post.impatient().await;
    let before = post.letters().len();
    post.forgot("a@b.co").await;
    let second = post.token(before).await;
    assert_ne!(first, second);
    post.reset(&first, OTHER).await.expect(400, "proof_invalid");
    post.verify(&second).await.expect(400, "proof_invalid");
    post.origin.sql("accounts.db", "UPDATE proof SET expires_at = expires_at - 1800").await;
    post.reset(&second, OTHER).await.expect(400, "proof_invalid");
    post.login(PASSWORD).await.expect_status(200);
}

#[tokio::test]
async fn a_disabled_account_gets_no_letter_and_no_password() {
    let post = Post::strict().await;
    post.forgot("a@b.co").await;
    let token = post.token(1).await;
    post.origin.sql("accounts.db", "UPDATE account SET disabled = true").await;
    post.reset(&token, OTHER).await.expect(400, "proof_invalid");
    post.impatient().await;
    post.forgot("a@b.co").await.expect_status(202);
    post.register("a@b.co", OTHER).await.expect_status(202);
    assert_eq!(post.quiet().await.len(), 0);
}

#[tokio::test]
async fn oid_12_whoever_was_here_before_the_address_was_proven_keeps_no_login_elsewhere() {
    let post = Post::start(&[]).await;
    let account = post.register("a@b.co", "the password of a squatter").await.json();
    let account = account["user"]["id"].as_str().unwrap().parse().unwrap();
    let link = "INSERT INTO identity (account_id, issuer, subject, provider, linked_at) \
                SELECT id, 'https://a.example', '1', 'a', 1 FROM account";
    post.origin.sql("accounts.db", link).await;
    let social = &post.origin.services.social;
    assert_eq!(social.linked(&account).await.unwrap().len(), 1);
    post.letter(0).await;
    post.forgot("a@b.co").await.expect_status(202);
    post.reset(&post.token(1).await, PASSWORD).await.expect_status(204);
    assert_eq!(social.linked(&account).await.unwrap(), []);
    let gone = trail(&post.origin, Kind::LoginUnlinked).await;
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert_eq!(gone[0].detail.method.as_deref(), Some("a"));
    assert_eq!(gone[0].detail.why.as_deref(), Some("reset"));
}
