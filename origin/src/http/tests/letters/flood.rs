//! How many letters somebody can have sent to others, and what a mail server that is away holds up.

use super::super::limits::trail;
use super::*;
use crate::port::Kind;

on_both! {
    a_password_is_changed_so_often_and_a_reset_begins_anew,
    letters_to_an_address_that_nobody_has_proven_are_few,
    a_slip_in_an_address_is_mended_at_once,
    a_slip_in_registering_is_mended_at_once,
}

const FEW: (&str, &str) = ("PORTCULLIS__LIMITS__MAIL_TO", "2/1h");

/// Changes the password of whoever is signed in.
async fn change(post: &Post, signed_in: &Answer, from: &str, to: &str) -> Answer {
    let body = json!({ "current_password": from, "new_password": to });
    let bearer = signed_in.bearer();
    post.origin.post("/auth/password", body, &[("authorization", &bearer)]).await
}

/// Asks for another address.
async fn move_to(post: &Post, signed_in: &Answer, email: &str) -> Answer {
    let body = json!({ "current_password": PASSWORD, "email": email });
    let bearer = signed_in.bearer();
    post.origin.post("/auth/email", body, &[("authorization", &bearer)]).await
}

async fn a_password_is_changed_so_often_and_a_reset_begins_anew(stores: Stores) {
    let post = Post::strict_on(stores).await;
    let thief = post.login(PASSWORD).await;
    for n in 0..10 {
        let [from, to] = if n % 2 == 0 { [PASSWORD, OTHER] } else { [OTHER, PASSWORD] };
        change(&post, &thief, from, to).await.expect_status(204);
    }
    change(&post, &thief, PASSWORD, OTHER).await.expect(429, "rate_limited");
    // What is no change is not counted as one, and a wrong password is told first.
    change(&post, &thief, OTHER, OTHER).await.expect(401, "credentials_invalid");
    post.letter(10).await;
    assert_eq!(post.quiet().await.len(), 0, "one letter a change");
    post.forgot("a@b.co").await;
    let number = post.letters().len();
    let token = post.token(number).await;
    post.reset(&token, OTHER).await.expect_status(204);
    let owner = post.login(OTHER).await;
    change(&post, &owner, OTHER, PASSWORD).await.expect_status(204);
}

async fn letters_to_an_address_that_nobody_has_proven_are_few(stores: Stores) {
    let post = Post::on(stores, &[FEW]).await;
    // Somebody else's address.
    post.register("a@b.co", PASSWORD).await.expect_status(201);
    let mine = post.login(PASSWORD).await;
    change(&post, &mine, PASSWORD, OTHER).await.expect_status(204);
    change(&post, &mine, OTHER, PASSWORD).await.expect_status(204);
    change(&post, &mine, PASSWORD, OTHER).await.expect(429, "rate_limited");
    move_to(&post, &mine, "c@b.co").await.expect(429, "rate_limited");
    post.letter(2).await;
    let to = post.letters().iter().filter(|letter| letter.contains("To: a@b.co\n")).count();
    assert_eq!(to, 3, "one to confirm it, two of changes");

    // And registering again and again, where that leads to a letter.
    let post = post.again(&[REQUIRED]).await;
    for password in [PASSWORD, OTHER] {
        post.impatient().await;
        post.register("b@b.co", password).await.expect_status(202);
    }
    // Known or not, the answer is one.
    post.register("b@b.co", PASSWORD).await.expect(429, "rate_limited");
    post.register("b@b.co", "short").await.expect(400, "password_too_short");
    // Whose it is has other ways.
    post.impatient().await;
    post.forgot("b@b.co").await.expect_status(202);
}

async fn a_slip_in_an_address_is_mended_at_once(stores: Stores) {
    let post = Post::strict_on(stores).await;
    let mine = post.login(PASSWORD).await;
    move_to(&post, &mine, "slip@b.co").await.expect_status(202);
    let slip = post.token(2).await;
    move_to(&post, &mine, "c@b.co").await.expect_status(202);
    let right = post.token(4).await;
    assert!(post.letter(4).await.contains("To: c@b.co\n"));
    post.verify(&slip).await.expect(400, "proof_invalid");
    // The same again within the minute is no second letter, and voids nothing.
    move_to(&post, &mine, "c@b.co").await.expect_status(202);
    post.letter(5).await;
    assert_eq!(
        post.quiet().await.iter().filter(|letter| letter.contains("To: c@b.co\n")).count(),
        0
    );
    post.verify(&right).await.expect_status(204);
}

async fn a_slip_in_registering_is_mended_at_once(stores: Stores) {
    let post = Post::on(stores, &[]).await;
    post.register("a@b.co", PASSWORD).await.expect_status(201);
    let slip = post.token(0).await;
    let mine = post.login(PASSWORD).await;
    move_to(&post, &mine, "c@b.co").await.expect_status(202);
    let right = post.token(2).await;
    post.verify(&slip).await.expect(400, "proof_invalid");
    post.verify(&right).await.expect_status(204);
    let me = post.origin.get("/auth/me", &[("authorization", &mine.bearer())]).await;
    assert_eq!(me.json()["user"]["email"], "c@b.co");
}

#[tokio::test]
async fn the_old_address_is_told_first_however_long_that_takes() {
    let post = Post::strict().await;
    let mine = post.login(PASSWORD).await;
    post.letter(0).await;
    let (folder, away) = (post.folder.path(), post.folder.path().with_extension("away"));
    std::fs::rename(folder, &away).unwrap();
    move_to(&post, &mine, "c@b.co").await.expect_status(202);
    // The first try has failed; there are more to come.
    let since = Instant::now();
    while post.origin.counted(r#"portcullis_letters_total{outcome="later"}"#).await < 1 {
        assert!(since.elapsed() < Duration::from_mins(1), "the old address was not tried");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let proofs = async || {
        let path = post.origin.state.path().join("state/accounts.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM proof");
        let count = count.fetch_one(&pool).await.unwrap();
        pool.close().await;
        count
    };
    assert_eq!(proofs().await, 0, "no link before the old address is told");
    std::fs::rename(&away, folder).unwrap();
    let warning = post.letter(1).await;
    assert!(warning.contains("To: a@b.co\nSubject: Your e-mail address is being changed"));
    let token = post.token(2).await;
    assert!(post.letter(2).await.contains("To: c@b.co\n"));
    post.verify(&token).await.expect_status(204);
    assert_eq!(trail(&post.origin, Kind::EmailChangeAsked).await.len(), 1);
}
