//! Commands change the signing keys of an origin that serves.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::Serving;

const EMAIL: &str = "a@b.co";
const PASSWORD: &str = "correct horse battery";

/// What `origin keys …` said.
fn keys(origin: &Serving, arguments: &[&str]) -> String {
    let (done, said) = origin.command(&[&["keys"], arguments].concat());
    assert!(done, "{arguments:?}: {said}");
    said
}

async fn login(origin: &Serving) -> Value {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "delivery": "body" });
    origin.post("/auth/login", body).await
}

fn kid(login: &Value) -> String {
    let token = login["access_token"].as_str().expect("a token");
    jsonwebtoken::decode_header(token).expect("a header").kid.expect("a kid")
}

async fn published(origin: &Serving) -> Vec<String> {
    let jwks = origin.send(Method::GET, "/.well-known/jwks.json", Value::Null, "").await;
    let jwks: Value = serde_json::from_str(&jwks.text().await.expect("a body")).expect("JSON");
    let keys = jwks.get("keys").and_then(Value::as_array).expect("keys").iter();
    keys.map(|key| key.get("kid").and_then(Value::as_str).expect("a kid").to_owned()).collect()
}

async fn within<F: Future<Output = bool>>(limit: Duration, what: &str, check: impl Fn() -> F) {
    let start = Instant::now();
    while !check().await {
        assert!(start.elapsed() < limit, "{what} took more than {limit:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn key_03_a_serving_origin_takes_up_rotation_and_revocation() {
    let origin = Serving::start().await;
    origin.post("/auth/register", json!({ "email": EMAIL, "password": PASSWORD })).await;
    let first = login(&origin).await;
    let (_, epoch) = origin.me(&first).await;

    let said = keys(&origin, &["rotate"]);
    let new = said.split(' ').next().unwrap().to_owned();
    within(SOON, "announcing", || async { published(&origin).await.contains(&new) }).await;
    let list = keys(&origin, &[]);
    for words in ["signing: until ", &format!("{new}  access tokens, announced: signs from ")] {
        assert!(list.contains(words), "{list}");
    }
    assert_eq!(kid(&login(&origin).await), kid(&first), "announced is not in use");
    let (_, later) = origin.me(&first).await;
    assert!(later > epoch, "edges must hear of it");

    keys(&origin, &["rotate", "--now"]);
    // Not so often that the first session is one too many (`sessions.most`).
    within(3 * SOON, "bringing it forward", || async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        kid(&login(&origin).await) == new
    })
    .await;
    assert_eq!(origin.me(&first).await.0, 200);
    assert!(keys(&origin, &[]).contains("retiring: its tokens are good until "));
    let second = login(&origin).await;

    keys(&origin, &["revoke", &new]);
    let dead = || async { origin.me(&second).await.0 == 401 };
    within(SOON, "revoking", dead).await;
    let renewed = json!({ "refresh_token": second["refresh_token"] });
    let renewed = origin.post("/auth/refresh", renewed).await;
    assert!(![kid(&first), new.clone()].contains(&kid(&renewed)));
    assert_eq!(origin.me(&renewed).await.0, 200);
    assert!(keys(&origin, &[]).contains("revoked: its tokens are refused since "));
    assert!(!published(&origin).await.contains(&new));
}

#[tokio::test]
async fn key_10_a_broken_file_is_told_of_once_and_mended_without_a_restart() {
    let origin = Serving::start().await;
    origin.post("/auth/register", json!({ "email": EMAIL, "password": PASSWORD })).await;
    let first = login(&origin).await;
    let path = origin.folder.path().join(".portcullis/keys/signing.json");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, "{\"keys\":[]}").unwrap();
    let stopped = || async { login(&origin).await["code"] == "signing_unavailable" };
    within(SOON, "stopping to sign", stopped).await;
    assert_eq!(origin.me(&first).await.0, 200);
    tokio::time::sleep(Duration::from_secs(3)).await;
    fs::write(&path, good).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    within(SOON, "mending", || async { login(&origin).await["access_token"].is_string() }).await;
    let log = origin.log();
    assert_eq!(log.matches("the signing keys cannot be read any more").count(), 1, "{log}");
    assert_eq!(log.matches("the signing keys were read again").count(), 1, "{log}");
}
