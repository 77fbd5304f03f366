//! An edge in plain workerd: one process is one isolate, at one location of the key-value store.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use xtask::Workspace;
use xtask::stack::{BareWorker, Part, Service, workerd, workers};

use crate::{Client, Outcome, process};

/// How long one may take to come up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running edge; ended when dropped, and by its warden if this process is killed.
#[derive(Debug)]
pub struct Edge {
    process: Part,
    port: u16,
}

impl Edge {
    /// Starts the built Worker with these vars on a KV at this port, and waits until it answers: on
    /// a public path, so that nothing is said about what it knows.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(
        folder: &Path,
        port: u16,
        vars: &Map<String, Value>,
        kv: u16,
    ) -> Outcome<Self> {
        let worker = BareWorker::Ours { vars: vars.clone(), kv: Some(kv) };
        Self::start_as(folder, port, &worker).await
    }

    /// The same with another Worker, which answers as ours does.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_as(folder: &Path, port: u16, worker: &BareWorker) -> Outcome<Self> {
        let process = workerd(&Workspace::locate(), folder, port, worker)?;
        Self::of(process, port).await
    }

    /// The same with apps beside it in the same process, which it alone reaches, by service bindings of
    /// these names.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_beside(
        folder: &Path,
        port: u16,
        worker: BareWorker,
        apps: Vec<(&str, BareWorker)>,
    ) -> Outcome<Self> {
        let (names, apps): (Vec<_>, Vec<_>) = apps.into_iter().unzip();
        let neighbours = (1..).zip(names).map(|(at, name)| (name.into(), at)).collect();
        let alone = |worker| Service { port: None, worker, neighbours: Vec::new() };
        let services: Vec<_> = [Service { port: Some(port), worker, neighbours }]
            .into_iter()
            .chain(apps.into_iter().map(alone))
            .collect();
        Self::of(workers(&Workspace::locate(), folder, &services)?, port).await
    }

    async fn of(process: Part, port: u16) -> Outcome<Self> {
        let mut edge = Self { process, port };
        edge.again().await?;
        Ok(edge)
    }

    /// Ends it at once and starts it anew: an isolate that knows nothing.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn again(&mut self) -> Outcome {
        self.process.start()?;
        let client = self.client()?;
        let deadline = Instant::now() + PATIENCE;
        // Refused for its form before anything is asked of anyone.
        while client.get_plain("/a//b").await.is_err() {
            self.process.check()?;
            if Instant::now() > deadline {
                return Err(self.process.failure("did not answer".into()).into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Waits until it has a head: a token that is none gets 401, not 503.
    ///
    /// # Errors
    /// When it gets none.
    pub async fn informed(&self) -> Outcome {
        let client = self.client()?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = client.get("/ready", "none").await?.status;
            if status == 401 {
                return Ok(());
            }
            if Instant::now() > deadline {
                let what = format!("has no head: it answers {status}");
                return Err(self.process.failure(what).into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A client of it.
    ///
    /// # Errors
    /// See [`Client::new`].
    pub fn client(&self) -> Outcome<Client> {
        Client::new(self.url())
    }

    /// The processor time that it has used.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn cpu(&self) -> Outcome<Duration> {
        process::cpu(self.id()?)
    }

    /// The resident memory of its process, in bytes.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn memory(&self) -> Outcome<u64> {
        process::memory(self.id()?)
    }

    fn id(&self) -> Outcome<u32> {
        self.process.id().ok_or_else(|| "the edge is not running".into())
    }

    /// What it has printed.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub fn printed(&self) -> Outcome<String> {
        Ok(self.process.printed()?)
    }
}
