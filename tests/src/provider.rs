//! A real provider (the npm package `oidc-provider`) as another issuer.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use xtask::stack::Part;
use xtask::{Workspace, setup};

use crate::fleet::free_port;
use crate::{Client, Outcome, secrets};

/// How long it may take to come up.
const PATIENCE: Duration = Duration::from_secs(30);
const SECRET: &str = "the-machine-has-a-secret";

/// A running provider; ended when dropped.
#[derive(Debug)]
pub struct Provider {
    process: Part,
    port: u16,
    keys: PathBuf,
}

impl Provider {
    /// Starts one that keeps its keys in this folder.
    ///
    /// # Errors
    /// When it cannot be installed or does not come up.
    pub async fn start(folder: &Path) -> Outcome<Self> {
        let workspace = Workspace::locate();
        let sources = workspace.path("tests/provider");
        setup::packages(&workspace, &sources)?;
        let (port, keys) = (free_port()?, folder.join("provider-keys.json"));
        let file = keys.clone();
        let process = Part::new("provider", port, folder.join("provider.log"), move || {
            let mut command = Command::new(workspace.path("node_modules/.bin/node"));
            command.arg(sources.join("index.js")).arg(port.to_string()).arg(&file);
            command
        });
        let mut provider = Self { process, port, keys };
        provider.again().await?;
        Ok(provider)
    }

    /// Starts it again, with the keys that it had.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn again(&mut self) -> Outcome {
        self.process.start()?;
        let client = Client::new(self.issuer())?;
        let deadline = Instant::now() + PATIENCE;
        while client.get_plain("/jwks").await.is_err() {
            self.process.check()?;
            if Instant::now() > deadline {
                return Err(self.process.failure("did not answer".into()).into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Starts it again with new keys.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn rotate(&mut self) -> Outcome {
        self.process.kill();
        std::fs::remove_file(&self.keys)?;
        self.again().await
    }

    /// Starts it again with a clock that is ahead by so many seconds.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn with_clock_ahead(&mut self, seconds: i64) -> Outcome {
        self.process.kill();
        let mut file = self.keys.clone().into_os_string();
        file.push(".skew");
        std::fs::write(file, seconds.to_string())?;
        self.again().await
    }

    /// Signs in a browser that was sent here for Portcullis, and agrees to all; where it is sent back to.
    ///
    /// # Errors
    /// When the provider does not send it back.
    pub async fn visit(&self, address: &str) -> Outcome<String> {
        const BACK: &str = "http://localhost:8787";
        let issuer = self.issuer();
        let mut browser = Client::new(&issuer)?;
        let mut here = address.to_owned();
        for _ in 0..10 {
            if let Some(path) = here.strip_prefix(BACK) {
                return Ok(path.into());
            }
            let path = here.strip_prefix(&issuer).unwrap_or(&here).to_owned();
            let answer = browser.browse(reqwest::Method::GET, &path, None).await?;
            answer.expect_any(&[302, 303])?;
            here = answer.header("location").into();
        }
        Err(format!("the provider goes on and on: {here}").into())
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Its `iss`.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// An access token for an API that wants it signed by this algorithm (client credentials, RFC 6749
    /// §4.4, with a resource indicator, RFC 8707).
    ///
    /// # Errors
    /// When the provider gives none.
    pub async fn token(&self, alg: &str) -> Outcome<String> {
        let form = format!(
            "grant_type=client_credentials&client_id=machine&client_secret={SECRET}\
             &scope=orders%3Aread&resource=https%3A%2F%2Fapi.example%2F{alg}"
        );
        let client = Client::new(self.issuer())?;
        let request = client
            .request(reqwest::Method::POST, "/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let token = client.send(request).await?.expect(200)?.access()?;
        secrets::used(&token);
        Ok(token)
    }
}
