//! Proving an address.

use super::*;

#[tokio::test]
async fn nobody_signs_in_before_the_address_is_proven() {
    let post = Post::start(&[REQUIRED]).await;
    post.register("a@b.co", PASSWORD).await.expect_status(202);
    let token = post.token(0).await;
    post.login(PASSWORD).await.expect(403, "email_unverified");
    // Who does not know the password learns nothing of that.
    post.login(OTHER).await.expect(401, "credentials_invalid");
    for wrong in ["", "x", &token[1..], &format!("{token}x"), &token.to_lowercase()] {
        post.verify(wrong).await.expect(400, "proof_invalid");
    }
    post.reset(&token, OTHER).await.expect(400, "proof_invalid");
    post.verify(&token).await.expect_status(204);
    post.verify(&token).await.expect(400, "proof_invalid");
    let signed_in = post.login(PASSWORD).await;
    assert_eq!(signed_in.json()["user"]["email_verified"], true);
}

#[tokio::test]
async fn without_a_need_to_prove_it_an_address_can_be_proven_all_the_same() {
    let post = Post::start(&[]).await;
    post.register("a@b.co", PASSWORD).await.expect_status(201);
    let before = post.login(PASSWORD).await;
    assert_eq!(before.json()["user"]["email_verified"], false);
    post.verify(&post.token(0).await).await.expect_status(204);
    assert_eq!(post.login(PASSWORD).await.json()["user"]["email_verified"], true);
    let me = post.origin.get("/auth/me", &[("authorization", &before.bearer())]).await;
    assert_eq!(me.json()["user"]["email_verified"], true);
}

#[tokio::test]
async fn oid_12_of_an_address_registered_twice_no_password_counts_but_one_chosen_by_letter() {
    let post = Post::start(&[REQUIRED]).await;
    post.register("a@b.co", "the password of a squatter").await;
    let squatters = post.token(0).await;
    post.impatient().await;
    post.register("a@b.co", PASSWORD).await;
    let owners = post.token(1).await;
    // The newer letter replaced the older one.
    post.verify(&squatters).await.expect(400, "proof_invalid");
    post.verify(&owners).await.expect_status(204);
    for password in ["the password of a squatter", PASSWORD] {
        post.login(password).await.expect(401, "credentials_invalid");
    }
    post.forgot("a@b.co").await.expect_status(202);
    post.reset(&post.token(2).await, PASSWORD).await.expect_status(204);
    post.login(PASSWORD).await.expect_status(200);
    // And from now on nobody can change it that way.
    post.impatient().await;
    post.register("a@b.co", "the password of a squatter").await.expect_status(202);
    assert!(post.letter(4).await.contains("You have an account already"));
    post.login(PASSWORD).await.expect_status(200);
}
