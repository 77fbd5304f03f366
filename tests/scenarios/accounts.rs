//! An account's life through the edge, with a real mail server: its address is proven by a letter, a
//! forgotten password is replaced by another, and each change ends the sessions that it should, at the
//! edge too.

use e2e::mail::MailServer;
use e2e::{Answer, Client, Outcome, Store, World, secrets};
use reqwest::Method;
use serde_json::json;

const EMAIL: &str = "ada@example.com";
const FIRST: &str = "a first password of ada";
const SECOND: &str = "the second one is longer";
const THIRD: &str = "third time lucky, they say";

pub(crate) async fn tell(store: Store) -> Outcome {
    let folder = tempfile::Builder::new().prefix("portcullis-").tempdir()?;
    let mail = MailServer::start(folder.path()).await?;
    let smtp = mail.setting();
    let settings = [
        ("mail.smtp", smtp.as_str()),
        ("mail.from", "Portcullis <no-reply@example.com>"),
        ("mail.require_verification", "true"),
    ];
    let world = World::start(store, &settings).await?;
    let edge = world.edge()?;
    for password in [FIRST, SECOND, THIRD] {
        secrets::used(password);
    }
    the_address_is_proven_first(&edge, &mail).await?;
    a_forgotten_password_is_replaced(&edge, &mail).await?;
    a_change_leaves_one_session(&edge, &mail).await?;
    in_korean_too(&edge, &mail).await?;
    what_the_server_does_not_take(&edge, &mail).await?;
    world.end().await.map(drop)
}

async fn send(edge: &Client, path: &str, body: serde_json::Value) -> Outcome<Answer> {
    edge.send(edge.request(Method::POST, path).json(&body)).await
}

async fn the_address_is_proven_first(edge: &Client, mail: &MailServer) -> Outcome {
    let register = json!({"email": EMAIL, "password": FIRST});
    let made = send(edge, "/auth/register", register.clone()).await?.expect(202)?;
    assert_eq!(made.body, "", "202 and nothing else");
    let letter = mail.letter(EMAIL, 0).await?;
    assert!(letter.header.contains("Subject: Confirm your e-mail address"), "{}", letter.header);
    assert!(letter.header.contains("From: Portcullis <no-reply@example.com>"), "{}", letter.header);
    let link = format!("{}/auth/verify?token=", edge_url(&letter.text));
    assert!(letter.text.contains(&link), "{}", letter.text);

    let login = json!({"email": EMAIL, "password": FIRST});
    send(edge, "/auth/login", login.clone()).await?.refused(403, "email_unverified")?;
    let wrong = json!({"email": EMAIL, "password": SECOND});
    send(edge, "/auth/login", wrong).await?.refused(401, "credentials_invalid")?;

    let token = letter.token()?;
    // A program that looks through mail loads the page; that uses nothing up.
    for _ in 0..2 {
        let page = edge.get_plain(&format!("/auth/verify?token={token}")).await?.expect(200)?;
        assert!(page.body.contains(&token) && page.header("referrer-policy") == "no-referrer");
    }
    // By the page's own form, as a browser sends it.
    let form = edge
        .request(Method::POST, "/auth/verify")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("token={token}"));
    let done = edge.send(form).await?.expect(303)?;
    assert_eq!(done.header("location"), "/auth/verify?done");
    let again = json!({"token": token});
    send(edge, "/auth/verify", again).await?.refused(400, "proof_invalid")?;
    let signed_in = edge.login(EMAIL, FIRST).await?;
    let call = edge.get("/orders", &signed_in.access()?).await?.expect(200)?;
    assert_eq!(call.seen("x-auth-email-verified"), ["true"]);

    // PWD-14: to register again is answered like the first time, and its owner hears of it.
    let again = send(edge, "/auth/register", register).await?.expect(202)?;
    assert_eq!(again.body, made.body);
    let letter = mail.letter(EMAIL, 1).await?;
    assert!(letter.header.contains("Subject: You have an account already"), "{}", letter.header);
    assert!(!letter.text.contains("token="), "{}", letter.text);
    Ok(())
}

async fn a_forgotten_password_is_replaced(edge: &Client, mail: &MailServer) -> Outcome {
    let before = edge.login(EMAIL, FIRST).await?;
    let mut answers = Vec::new();
    for email in [EMAIL, "nobody@example.com"] {
        let body = json!({"email": email});
        let answer = send(edge, "/auth/password/forgot", body).await?.expect(202)?;
        answers.push(answer.body);
    }
    assert_eq!(answers, ["", ""]);
    let letter = mail.letter(EMAIL, 2).await?;
    let token = letter.token()?;
    edge.get_plain(&format!("/auth/reset?token={token}")).await?.expect(200)?;
    // What cannot be a password leaves the secret as good as it was.
    let weak = json!({"token": token, "password": "password"});
    send(edge, "/auth/password/reset", weak).await?.refused(400, "password_common")?;
    let reset = json!({"token": token, "password": SECOND});
    send(edge, "/auth/password/reset", reset.clone()).await?.expect(204)?;
    send(edge, "/auth/password/reset", reset).await?.refused(400, "proof_invalid")?;

    edge.get("/orders", &before.access()?).await?.refused(401, "token_revoked")?;
    edge.refresh(&before.refresh()?).await?.refused(401, "refresh_revoked")?;
    let old = json!({"email": EMAIL, "password": FIRST});
    send(edge, "/auth/login", old).await?.refused(401, "credentials_invalid")?;
    let told = mail.letter(EMAIL, 3).await?;
    assert!(told.header.contains("Subject: Your password was changed"), "{}", told.header);
    assert!(mail.letters("nobody@example.com")?.is_empty());
    edge.login(EMAIL, SECOND).await.map(drop)
}

async fn a_change_leaves_one_session(edge: &Client, mail: &MailServer) -> Outcome {
    let other = edge.login(EMAIL, SECOND).await?;
    let mine = edge.login(EMAIL, SECOND).await?;
    let body = |current: &str| json!({"current_password": current, "new_password": THIRD});
    let change = |current: &str| {
        let (body, token) = (body(current), mine.access());
        async move {
            let token = token?;
            let request = edge.request(Method::POST, "/auth/password").bearer_auth(&token);
            edge.send(request.json(&body)).await
        }
    };
    change(FIRST).await?.refused(401, "credentials_invalid")?;
    edge.get("/orders", &other.access()?).await?.expect(200)?;
    change(SECOND).await?.expect(204)?;
    // PWD-11: the others are out, at the edge and at the origin; this one lives.
    edge.get("/orders", &other.access()?).await?.refused(401, "token_revoked")?;
    edge.refresh(&other.refresh()?).await?.refused(401, "refresh_revoked")?;
    edge.get("/orders", &mine.access()?).await?.expect(200)?;
    edge.refresh(&mine.refresh()?).await?.expect(200)?;
    let old = json!({"email": EMAIL, "password": SECOND});
    send(edge, "/auth/login", old).await?.refused(401, "credentials_invalid")?;
    let told = mail.letter(EMAIL, 4).await?;
    assert!(told.header.contains("Subject: Your password was changed"), "{}", told.header);
    edge.login(EMAIL, THIRD).await.map(drop)
}

async fn in_korean_too(edge: &Client, mail: &MailServer) -> Outcome {
    let body = json!({"email": "kim@example.com", "password": FIRST});
    let register =
        edge.request(Method::POST, "/auth/register").header("accept-language", "ko").json(&body);
    edge.send(register).await?.expect(202)?;
    let letter = mail.letter("kim@example.com", 0).await?;
    assert!(letter.text.contains("이 링크는 24시간 동안"), "{}", letter.text);
    let token = letter.token()?;
    send(edge, "/auth/verify", json!({"token": token})).await?.expect(204)?;
    edge.login("kim@example.com", FIRST).await.map(drop)
}

/// Refused for good: dropped. Put off: sent again. Neither is told whoever asks.
async fn what_the_server_does_not_take(edge: &Client, mail: &MailServer) -> Outcome {
    for email in ["refuse@example.com", "later@example.com"] {
        let body = json!({"email": email, "password": FIRST});
        send(edge, "/auth/register", body).await?.expect(202)?;
    }
    let letter = mail.letter("later@example.com", 0).await?;
    send(edge, "/auth/verify", json!({"token": letter.token()?})).await?.expect(204)?;
    assert!(mail.letters("refuse@example.com")?.is_empty());
    Ok(())
}

/// Where a letter's link leads.
fn edge_url(text: &str) -> String {
    let at = text.find("http://").unwrap_or_default();
    let link = text[at..].split_whitespace().next().unwrap_or_default();
    link.split("/auth/").next().unwrap_or_default().to_owned()
}
