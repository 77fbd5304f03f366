//! What a story leaves in the log of a real process.

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{EDGE_SECRET, Serving};

const EMAIL: &str = "somebody@particular.example";
const PASSWORD: &str = "correct horse battery";

#[tokio::test]
async fn ops_01_02_no_secret_and_no_line_of_somebody_elses_is_in_the_log() {
    let origin = Serving::start().await;
    let credentials = json!({ "email": EMAIL, "password": PASSWORD, "delivery": "body" });
    origin.post("/auth/register", json!({ "email": EMAIL, "password": PASSWORD })).await;
    let first = origin.post("/auth/login", credentials.clone()).await;
    let wrong = json!({ "email": EMAIL, "password": "wrong but secret" });
    assert_eq!(origin.post("/auth/login", wrong).await["code"], "credentials_invalid");
    let second =
        origin.post("/auth/refresh", json!({ "refresh_token": first["refresh_token"] })).await;
    let third =
        origin.post("/auth/refresh", json!({ "refresh_token": second["refresh_token"] })).await;
    let reused =
        origin.post("/auth/refresh", json!({ "refresh_token": first["refresh_token"] })).await;
    assert_eq!(reused["code"], "refresh_reused");

    let [at, rt] = ["access_token", "refresh_token"].map(|name| third[name].as_str().unwrap());
    let cookie = format!("__Host-at={at}; __Host-rt={rt}");
    let nothing = Value::Null;
    origin.send(Method::GET, &format!("/auth/sessions/{at}"), nothing.clone(), &cookie).await;
    origin.send(Method::GET, &format!("/x?access_token={at}"), nothing.clone(), &cookie).await;
    origin.send(Method::GET, "/%0a%7B%22level%22:%22forged%22%7D", nothing.clone(), "").await;
    // That session is over; this one is not.
    origin.send(Method::POST, "/auth/logout", json!({}), &cookie).await;
    let fourth = origin.post("/auth/login", credentials).await;
    let other = json!({ "refresh_token": fourth["refresh_token"] });
    origin.send(Method::POST, "/auth/logout", other, "").await;

    let log = origin.log();
    assert!(log.lines().count() > 10, "{log}");
    for expected in ["refresh token reused", "credentials_invalid", "session ended by its user"] {
        assert!(log.contains(expected), "{expected} is missing:\n{log}");
    }
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert!(event["level"].is_string(), "{line}");
    }
    let tokens = [&first, &second, &third, &fourth];
    let tokens =
        tokens.iter().flat_map(|answer| [&answer["access_token"], &answer["refresh_token"]]);
    let signatures = tokens.map(|token| token.as_str().unwrap().rsplit_once('.').unwrap().1);
    let secrets = [
        EMAIL,
        "particular",
        PASSWORD,
        "wrong but secret",
        EDGE_SECRET,
        "eyJ",
        "$argon2id",
        "forged",
    ];
    for secret in signatures.chain(secrets) {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}
