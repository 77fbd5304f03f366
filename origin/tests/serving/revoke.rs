//! `origin revoke` beside an origin that serves on the same store.

use serde_json::{Value, json};

use crate::process::Serving;

const PASSWORD: &str = "correct horse battery";

async fn login(origin: &Serving, email: &str) -> Value {
    origin.post("/auth/register", json!({ "email": email, "password": PASSWORD })).await;
    let body = json!({ "email": email, "password": PASSWORD, "delivery": "body" });
    origin.post("/auth/login", body).await
}

fn text<'a>(login: &'a Value, pointer: &str) -> &'a str {
    login.pointer(pointer).and_then(Value::as_str).expect("a text")
}

/// What became of its refresh token.
async fn refresh(origin: &Serving, login: &Value) -> String {
    let body = json!({ "refresh_token": text(login, "/refresh_token") });
    let answer = origin.post("/auth/refresh", body).await;
    answer.get("code").and_then(Value::as_str).unwrap_or("refreshed").to_owned()
}

fn jti(login: &Value) -> String {
    let token = text(login, "/access_token");
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(token).expect("a token").claims;
    text(&claims, "/jti").to_owned()
}

#[tokio::test]
async fn each_scope_ends_what_it_says_and_nothing_else() {
    let origin = Serving::start().await;
    let [a1, a2, a3] = [
        login(&origin, "a@b.co").await,
        login(&origin, "a@b.co").await,
        login(&origin, "a@b.co").await,
    ];
    let b = login(&origin, "b@b.co").await;
    let (_, before) = origin.me(&b).await;

    let (done, said) = origin.command(&["revoke", "--jti", &jti(&a1)]);
    assert!(done && said.contains("access token") && said.contains("(epoch "), "{said}");
    let (done, said) = origin.command(&["revoke", "--jti", &jti(&a1)]);
    assert!(done && said.contains("is revoked, as it was before (epoch "), "{said}");
    assert_eq!(origin.me(&a1).await.0, 401);
    assert_eq!(refresh(&origin, &a1).await, "refreshed", "the session goes on");

    let (done, said) = origin.command(&["revoke", "--sid", text(&a2, "/session_id")]);
    assert!(done && said.contains("is revoked"), "{said}");
    assert_eq!(origin.me(&a2).await.0, 401);
    assert_eq!(refresh(&origin, &a2).await, "refresh_revoked");
    assert_eq!(origin.me(&a3).await.0, 200);

    for option in ["--jti", "--sid"] {
        let (done, said) = origin.command(&["revoke", option, text(&a3, "/user/id")]);
        assert!(!done && said.contains("that is the id of an account: use --sub"), "{said}");
    }
    let (done, said) = origin.command(&["revoke", "--sub", text(&a3, "/user/id")]);
    assert!(done && said.starts_with("all 2 sessions of "), "{said}");
    assert_eq!(origin.me(&a3).await.0, 401);
    assert_eq!(refresh(&origin, &a3).await, "refresh_revoked");
    assert_eq!(origin.me(&b).await.0, 200);
    let (done, said) = origin.command(&["revoke", "--sub", text(&a3, "/user/id")]);
    assert!(done && said.contains("has an account and no live session"), "{said}");

    let again = login(&origin, "a@b.co").await;
    assert_eq!(origin.me(&again).await.0, 200, "who was thrown out may sign in anew");
    let (done, said) = origin.command(&["revoke", "--everyone"]);
    assert!(done && said.starts_with("all sessions begun before now"), "{said}");
    for session in [&b, &again] {
        assert_eq!(origin.me(session).await.0, 401);
        assert_eq!(refresh(&origin, session).await, "refresh_revoked");
    }
    let new = login(&origin, "b@b.co").await;
    assert_eq!(origin.me(&new).await.0, 200);
    assert_eq!(refresh(&origin, &new).await, "refreshed");

    // The origin that serves has heard of it all by itself.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let epoch: u64 = said.split("(epoch ").nth(1).unwrap().trim_end_matches(")\n").parse().unwrap();
    assert!(epoch > before);
    assert!(origin.me(&new).await.1 >= epoch);
}

#[tokio::test]
async fn one_scope_is_asked_for_and_ids_are_ids() {
    let origin = Serving::start().await;
    let id = "01931c7e-0000-7000-8000-000000000000";
    let nobody = "286bbc10-6ecc-46c0-be85-011ef3c7a9d4";
    // As an app is told of another issuer's tokens and users.
    let (shown, other) = ("286bbc10-6ecc-86c0-be85-011ef3c7a9d4", "https://id.example/");
    let told = format!("{other}|auth0|42");
    for (arguments, expected) in [
        (&["revoke"][..], "required"),
        (&["revoke", "--jti", id, "--sid", id], "cannot be used with"),
        (&["revoke", "--everyone", "--sub", "x"], "cannot be used with"),
        (&["revoke", "--sid", "x"], "expected a UUID like"),
        // Whoever was meant would go on.
        (&["revoke", "--jti", id], "that is the id of a session: revoke it as `sid`"),
        (&["revoke", "--sid", nobody], "Then revoke it as `jti`"),
        (&["revoke", "--sid", shown], "another issuer's token or session"),
        (&["revoke", "--jti", shown], "with --issuer and --life"),
        (&["revoke", "--sub", id], "that is the id of a session: use --sid"),
        (&["revoke", "--sub", nobody], "no account has this id, and no session is its"),
        (
            &["revoke", "--sub", "a@b.co"],
            "use `origin user logout EMAIL`; a user of another issuer",
        ),
        (&["revoke", "--issuer", other, "--sub", &told], "Give the part behind the `|`"),
        (&["revoke", "--everyone", "--wait"], "--probe"),
        (&["revoke", "--everyone", "--probe", "http://localhost/"], "--wait"),
        (&["revoke", "--everyone", "--wait", "--probe", "localhost"], "expected a URL like"),
    ] {
        let (done, said) = origin.command(arguments);
        assert!(!done && said.contains(expected), "{arguments:?}: {said}");
    }
    let unheard =
        ["revoke", "--sid", id, "--wait", "--probe", "http://127.0.0.1:9/", "--timeout", "1s"];
    let (done, said) = origin.command(&unheard);
    assert!(!done && said.contains("is revoked (epoch "), "{said}");
    assert!(said.contains("within 1 s the edge at http://127.0.0.1:9/ was not seen"), "{said}");
}

#[tokio::test]
async fn accounts_that_cannot_be_read_keep_nobody_from_revoking() {
    let elsewhere = [("PORTCULLIS__DATABASE__URL", "sqlite:elsewhere.db")];
    let origin = Serving::with(&elsewhere).await;
    let user = login(&origin, "a@b.co").await;
    let file = origin.folder.path().join("elsewhere.db");
    std::fs::rename(&file, file.with_extension("away")).expect("it is there");
    std::fs::write(&file, "no database").expect("a file");
    let revoke = |sub| origin.command_with(&["revoke", "--sub", sub], &elsewhere);
    let (done, said) = revoke("286bbc10-6ecc-46c0-be85-011ef3c7a9d4");
    let words = "its sessions are revoked, but no live one was found";
    assert!(!done && said.contains(words), "{said}");
    let (done, said) = revoke(text(&user, "/user/id"));
    assert!(done && said.starts_with("the one session of "), "{said}");
    assert!(said.contains("it is not in the audit log: "), "{said}");
    assert_eq!(refresh(&origin, &user).await, "refresh_revoked");
}

#[tokio::test]
async fn a_command_that_would_work_on_other_stores_than_the_origin_is_refused() {
    let origin = Serving::with(&[("PORTCULLIS__DATABASE__URL", "sqlite:elsewhere.db")]).await;
    // Left from a time before `database.url`.
    std::fs::write(origin.folder.path().join(".portcullis/accounts.db"), "").expect("a file");
    let create = ["user", "create", "--email", "root@b.co", "--role", "admin"];
    for arguments in [&create[..], &["user", "list"], &["revoke", "--everyone"]] {
        let (done, said) = origin.command(arguments);
        let words = "is configured with it; give this command the same (PORTCULLIS__DATABASE__URL)";
        assert!(!done && said.contains(words), "{arguments:?}: {said}");
    }
    let (done, said) = origin.command(&["keys"]);
    assert!(done, "keys lie in the state folder alone: {said}");
    let plain = Serving::start().await;
    let elsewhere = [("PORTCULLIS__DATABASE__URL", "sqlite:elsewhere.db")];
    let (done, said) = plain.command_with(&["user", "list"], &elsewhere);
    assert!(
        !done && said.contains("has none; leave it out here (PORTCULLIS__DATABASE__URL)"),
        "{said}"
    );
    // One that cannot serve here leaves no word of its own; what would be made by mistake is not.
    let taken = [("PORTCULLIS__SERVER__LISTEN", origin.address())];
    let (done, said) = origin.command_with(&["serve"], &taken);
    assert!(!done && said.contains("cannot listen on"), "{said}");
    for arguments in [&["user", "list"][..], &["migrate"]] {
        let (done, said) = origin.command(arguments);
        assert!(!done && said.contains("is configured with it"), "{arguments:?}: {said}");
    }
}
