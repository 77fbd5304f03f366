//! What a password opens.

use super::*;
use crate::service::{Lasting, Means, SignIn};

#[tokio::test]
async fn pwd_08_a_hash_with_old_parameters_is_replaced_when_its_password_comes() {
    let origin = Origin::start().await;
    origin.sign_in("a@b.co").await;
    let before =
        "UPDATE account SET password_hash = '$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHRzYWx0$AAAA'";
    origin.sql("accounts.db", before).await;
    let body = json!({ "email": "a@b.co", "password": PASSWORD });
    // A hash that is cut short fits nothing.
    assert_ne!(origin.post("/auth/login", body.clone(), &[]).await.status.as_u16(), 200);
    let accounts = &origin.services.login.accounts;
    let email = crate::port::Email::parse("a@b.co").unwrap();
    let account = accounts.by_email(&email).await.unwrap().unwrap();
    let id = account.id.clone();
    let params = argon2::Params::new(8 * 1024, 1, 1, None).unwrap();
    let cheap = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let cheap = argon2::password_hash::PasswordHasher::hash_password(&cheap, PASSWORD.as_bytes());
    let cheap = common::Secret::new(cheap.unwrap().to_string());
    assert!(accounts.replace_password(&account, &cheap).await.unwrap());
    let outdated = accounts.by_id(&id).await.unwrap().unwrap();
    origin.post("/auth/login", body.clone(), &[]).await.expect_status(200);
    let kept = accounts.by_id(&id).await.unwrap().unwrap().password_hash.unwrap();
    assert!(kept.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "not hashed anew");
    origin.post("/auth/login", body, &[]).await.expect_status(200);
    // Who was signing in by the same password meanwhile is let in, whichever hash they met.
    let device = crate::port::Device::default();
    let how = SignIn { by: Means::Password, lasting: Lasting::Browser, device };
    let begun = origin.services.login.issuer.begin(&outdated, how).await.unwrap();
    assert!(begun.is_some());
}

#[tokio::test]
async fn pwd_01_disabled_and_without_a_password_is_told_like_wrong() {
    let origin = Origin::start().await;
    for email in ["wrong@b.co", "disabled@b.co", "social@b.co"] {
        origin.sign_in(email).await;
    }
    let disable = "UPDATE account SET disabled = true WHERE email = 'disabled@b.co'";
    let social = "UPDATE account SET password_hash = NULL WHERE email = 'social@b.co'";
    origin.sql("accounts.db", disable).await;
    origin.sql("accounts.db", social).await;
    let mut answers = Vec::new();
    for (email, password) in [
        ("nobody@b.co", PASSWORD),
        ("wrong@b.co", "another good one, longer"),
        ("disabled@b.co", PASSWORD),
        ("social@b.co", PASSWORD),
    ] {
        let body = json!({ "email": email, "password": password });
        let answer = origin.post("/auth/login", body, &[]).await;
        answer.expect(401, "credentials_invalid");
        answers.push((answer.text, answer.headers));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}
