//! An origin that serves, as a process of its own.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, Response};
use serde_json::Value;
use tempfile::TempDir;

/// The secret it shares with edges.
pub(crate) const EDGE_SECRET: &str = "an-edge-secret-for-tests";

/// A serving process that logs all it can, to a file.
pub(crate) struct Serving {
    process: Child,
    /// Where it was started; its state is in `.portcullis`.
    pub(crate) folder: TempDir,
    url: String,
    client: Client,
}

impl Serving {
    /// In a folder of its own, on ports of its own.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// The same, with variables of its own.
    pub(crate) async fn with(variables: &[(&str, &str)]) -> Self {
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
            .envs(variables.iter().copied())
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

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).expect("the log is there")
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Sends a request as a page of the site does.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Value,
        cookie: &str,
    ) -> Response {
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

    /// Asks it to stop, as an operator does.
    pub(crate) fn stop(&self) {
        let process = self.process.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &process]).status();
        assert!(asked.is_ok_and(|status| status.success()), "it is there to be asked");
    }

    /// Whether it has ended, and well.
    pub(crate) fn ended(&mut self) -> Option<bool> {
        self.process.try_wait().expect("a child of ours").map(|status| status.success())
    }

    /// Waits until it has logged these words.
    pub(crate) async fn logs(&self, words: &str) {
        let since = Instant::now();
        while !self.log().contains(words) {
            assert!(since.elapsed() < Duration::from_mins(1), "{words}: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Runs a command beside it, as its operator does; whether it went well, and what it said.
    pub(crate) fn command(&self, arguments: &[&str]) -> (bool, String) {
        self.command_with(arguments, &[])
    }

    /// The same, with variables of its own.
    pub(crate) fn command_with(
        &self,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_origin"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(variables.iter().copied())
            .output()
            .expect("the binary was built with this test");
        let said = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
        (output.status.success(), said)
    }

    /// The status of a request for the user with this sign-in's access token, and the epoch that
    /// the answer bears.
    pub(crate) async fn me(&self, login: &Value) -> (u16, u64) {
        let token = login.get("access_token").and_then(Value::as_str).expect("a token");
        let cookie = format!("__Host-at={token}");
        let answer = self.send(Method::GET, "/auth/me", Value::Null, &cookie).await;
        let epoch = answer.headers().get("portcullis-epoch").and_then(|epoch| epoch.to_str().ok());
        (answer.status().as_u16(), epoch.and_then(|epoch| epoch.parse().ok()).expect("a number"))
    }

    /// Posts, and gives what came back as JSON.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
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
