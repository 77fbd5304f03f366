//! What letters are worth to an account that an administrator has closed.

use super::*;
use crate::service::Authority;

on_both! {
    a_closed_account_gets_no_other_address_and_none_once_it_is_open_again,
}

async fn a_closed_account_gets_no_other_address_and_none_once_it_is_open_again(stores: Stores) {
    let post = Post::strict_on(stores).await;
    let (origin, admin) = (&post.origin, &post.origin.services.admin);
    // A thief who knows the password asks for an address of theirs, and for a letter to the owner's.
    let thief = post.login(PASSWORD).await;
    let id = thief.json()["user"]["id"].as_str().unwrap().parse().unwrap();
    let address = json!({ "current_password": PASSWORD, "email": "thief@b.co" });
    let headers = [("authorization", &*thief.bearer())];
    origin.post("/auth/email", address, &headers).await.expect_status(202);
    let (warning, token) = (post.letter(1).await, post.token(2).await);
    assert!(warning.contains("To: a@b.co\nSubject: Your e-mail address is being changed"));
    post.forgot("a@b.co").await.expect_status(202);
    let reset = post.token(3).await;

    // Whoever closes it by hand: what was asked for is put off.
    origin.sql("accounts.db", "UPDATE account SET disabled = TRUE").await;
    post.verify(&token).await.expect(400, "proof_invalid");
    origin.sql("accounts.db", "UPDATE account SET disabled = FALSE").await;

    admin.disable(&Authority::operator(), &id).await.unwrap();
    post.verify(&token).await.expect(400, "proof_invalid");
    post.reset(&reset, OTHER).await.expect(400, "proof_invalid");
    // One that was being written at that moment.
    post.impatient().await;
    let late =
        "INSERT INTO proof SELECT id, 'verify', 'x', 'thief@b.co', 1, 99999999999 FROM account";
    origin.sql("accounts.db", late).await;
    admin.enable(&Authority::operator(), &id).await.unwrap();
    let left = origin.services.change.proofs.find(crate::port::Purpose::Verify, "x", NOW).await;
    assert!(left.unwrap().is_none());
    post.verify(&token).await.expect(400, "proof_invalid");
    post.reset(&reset, OTHER).await.expect(400, "proof_invalid");
    post.forgot("thief@b.co").await.expect_status(202);
    assert_eq!(post.quiet().await, Vec::<String>::new());
    // The owner gets in as before.
    assert_eq!(post.login(PASSWORD).await.json()["user"]["email"], "a@b.co");
}

const NOW: common::UnixSeconds = common::UnixSeconds::new(1_800_000_000);
