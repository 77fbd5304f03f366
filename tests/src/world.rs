//! The whole of Portcullis, running for the stories of one store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use xtask::build::{self, Profile};
use xtask::stack::{Options, Ports, Stack};
use xtask::{Workspace, setup};

use crate::redis::Redis;
use crate::{Client, Outcome, secrets};

/// Where sessions are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// In a file.
    Embedded,
    /// In a Redis server.
    Redis,
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Redis => "redis",
        })
    }
}

/// A running stack and what belongs to it.
#[derive(Debug)]
pub struct World {
    /// The running parts.
    pub stack: Stack,
    /// The Redis, if that is the store.
    pub redis: Option<Redis>,
    folder: TempDir,
    accounts: u32,
}

/// The origin's program, built once: for tests as `cargo test` builds, for measurements as it ships.
///
/// # Errors
/// When it or the Worker does not build.
pub fn origin_program() -> Outcome<&'static Path> {
    const PROFILE: Profile = if cfg!(debug_assertions) { Profile::Dev } else { Profile::Release };
    static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = PROGRAM.get_or_init(|| {
        let workspace = Workspace::locate();
        let build = || {
            let tools = setup::run(&workspace)?;
            setup::run_for_tests(&workspace)?;
            build::edge(&workspace, &tools)?;
            build::origin(&workspace, PROFILE)
        };
        build().map_err(|error: xtask::Error| error.to_string())
    });
    built.as_deref().map_err(|error| error.clone().into())
}

impl World {
    /// Starts everything, with these settings of the origin.
    ///
    /// # Errors
    /// When a part does not come up.
    pub async fn start(store: Store, settings: &[(&str, &str)]) -> Outcome<Self> {
        let program = origin_program()?;
        let folder = tempfile::Builder::new().prefix("portcullis-").tempdir()?;
        let redis = match store {
            Store::Embedded => None,
            Store::Redis => Some(Redis::start(&folder.path().join("redis"))?),
        };
        let mut options = Options::new(folder.path().join("state"));
        options.ports = Ports::free();
        options.redis = redis.as_ref().map(Redis::url);
        options.settings = roomy();
        options
            .settings
            .extend(settings.iter().map(|(key, value)| ((*key).into(), (*value).into())));
        let stack = Stack::start(&Workspace::locate(), program, options).await?;
        Ok(Self { stack, redis, folder, accounts: 0 })
    }

    /// A client of the edge, a patient one.
    ///
    /// # Errors
    /// See [`Client::new`].
    pub fn edge(&self) -> Outcome<Client> {
        Ok(Client::new(self.stack.edge_url())?.patient())
    }

    /// A client of the origin, past the edge, a patient one.
    ///
    /// # Errors
    /// See [`Client::new`].
    pub fn origin(&self) -> Outcome<Client> {
        Ok(Client::new(format!("http://127.0.0.1:{}", self.stack.ports().origin))?.patient())
    }

    /// Registers somebody new; the e-mail address and the password.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn somebody(&mut self) -> Outcome<(String, String)> {
        self.accounts += 1;
        let email = format!("somebody-{}@example.com", self.accounts);
        let password = format!("correct horse {} battery", self.accounts);
        self.edge()?.register(&email, &password).await?;
        Ok((email, password))
    }

    /// Ends everything, and searches all that was written to logs for what must not be there.
    ///
    /// # Errors
    /// When a log holds a secret, or a part or port is left.
    pub async fn end(self) -> Outcome<usize> {
        let ports = self.stack.ports();
        let state = self.stack.state().to_path_buf();
        self.stack.stop().await?;
        drop(self.redis);
        for port in [ports.edge, ports.origin, ports.app, ports.operator] {
            free(port).await?;
        }
        let mut bytes = 0;
        for log in logs(&state)? {
            let text = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
            bytes += text.len();
            let found = secrets::found_in(&text);
            if !found.is_empty() {
                return Err(format!("{} holds secrets: {found:?}", log.display()).into());
            }
        }
        self.folder.close()?;
        Ok(bytes)
    }
}

/// Waits until nobody listens on a port.
pub(crate) async fn free(port: u16) -> Outcome {
    let deadline = Instant::now() + Duration::from_secs(10);
    while std::net::TcpListener::bind(("127.0.0.1", port)).is_err() {
        if Instant::now() > deadline {
            return Err(format!("port {port} is still taken after everything was ended").into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Every log in a state folder.
pub(crate) fn logs(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(logs(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "log") {
            found.push(path);
        }
    }
    Ok(found)
}

/// Limits that no story meets by chance: all clients here are one network.
pub(crate) fn roomy() -> Vec<(String, String)> {
    let rates = ["sign_in", "sessions", "register", "mail", "mail_to"];
    let rates = rates.map(|rate| (format!("limits.{rate}"), String::from("100000/1h")));
    let counts = [("limits.account", "1000"), ("sessions.most", "10000")];
    let counts = counts.map(|(key, count)| (String::from(key), String::from(count)));
    rates.into_iter().chain(counts).collect()
}
