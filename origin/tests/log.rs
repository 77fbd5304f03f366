//! What a story leaves in the log of a real process.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

const EDGE_SECRET: &str = "an-edge-secret-for-tests";
const EMAIL: &str = "somebody@particular.example";
const PASSWORD: &str = "correct horse battery";

/// A serving process that logs all it can, to a file.
struct Serving {
    process: Child,
    folder: TempDir,
    url: String,
    client: Client,
}

impl Serving {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let log = File::create(folder.path().join("log")).expect("a file in it");
        let process = Command::new(env!("CARGO_BIN_EXE_origin"))
            .arg("serve")
            .current_dir(folder.path())
            .env_clear()
            .env("RUST_LOG", "trace")
            .env("PORTCULLIS__SERVER__LISTEN", "127.0.0.1:0")
            .env("PORTCULLIS__SERVER__OPERATOR_LISTEN", "127.0.0.1:0")
            .env("PORTCULLIS__SESSIONS__GRACE", "0")
            .env("PORTCULLIS__EDGE__SECRET", EDGE_SECRET)
            .stderr(Stdio::from(log))
            .spawn()
            .expect("the binary was built with this test");
        let mut serving = Self { process, folder, url: String::new(), client: Client::new() };
        while serving.url.is_empty() {
            let ended = serving.process.try_wait().expect("a child of ours");
            assert!(ended.is_none(), "it does not serve: {}", serving.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
            let log = serving.log();
            let mut events =
                log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let address = events.find_map(|event| Some(event.get("address")?.as_str()?.to_owned()));
            serving.url = address.map_or_else(String::new, |address| format!("http://{address}"));
        }
        serving
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).expect("the log is there")
    }

    async fn send(&self, method: Method, path: &str, body: Value, cookie: &str) -> Response {
        let request = self
            .client
            .request(method, format!("{}{path}", self.url))
            .header("content-type", "application/json")
            .header("x-portcullis-edge", EDGE_SECRET)
            .header("sec-fetch-site", "same-origin")
            .header("cookie", cookie)
            .body(body.to_string());
        request.send().await.expect("an answer")
    }

    /// Posts, and gives what came back as JSON.
    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.send(Method::POST, path, body, "").await;
        let text = answer.text().await.expect("a body");
        serde_json::from_str(&text).expect("JSON")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[tokio::test]
async fn ops_01_02_no_secret_and_no_line_of_somebody_elses_is_in_the_log() {
    let origin = Serving::start().await;
    let credentials = json!({ "email": EMAIL, "password": PASSWORD, "delivery": "body" });
    origin.post("/auth/register", json!({ "email": EMAIL, "password": PASSWORD })).await;
    let first = origin.post("/auth/login", credentials).await;
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
    origin.send(Method::POST, "/auth/logout", json!({}), &cookie).await;

    let log = origin.log();
    assert!(log.lines().count() > 10, "{log}");
    for expected in ["refresh token reused", "credentials_invalid", "session ended by its user"] {
        assert!(log.contains(expected), "{expected} is missing:\n{log}");
    }
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert!(event["level"].is_string(), "{line}");
    }
    let tokens = [&first, &second, &third];
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
