//! Origins, a key-value store with several locations, and an edge in plain workerd at each: for
//! stories in which parts fail one by one.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use xtask::Workspace;
use xtask::stack::{self, BareWorker, DemoApp, Options, Part};

use crate::kv::{Distance, KvServer, TOKEN};
use crate::proxy::Proxy;
use crate::redis::Redis;
use crate::world::{free, logs, origin_program, roomy};
use crate::{Client, Edge, Outcome, Store, process, secrets};

/// How long an origin may take to come up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a fleet is to be made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Origins on one store.
    pub origins: usize,
    /// Locations of the key-value store, an edge at each.
    pub locations: usize,
    /// How far these are from the store.
    pub distance: Distance,
    /// Where sessions are kept.
    pub store: Store,
    /// Where that Redis is, when the fleet is not to start one of its own.
    pub redis_url: Option<String>,
    /// More of the origins' configuration.
    pub settings: Vec<(String, String)>,
    /// More of the edges' vars.
    pub vars: Vec<(String, Value)>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            origins: 1,
            locations: 2,
            distance: Distance::default(),
            store: Store::Embedded,
            redis_url: None,
            settings: Vec::new(),
            vars: Vec::new(),
        }
    }
}

/// A running fleet. Dropping it ends it all.
#[derive(Debug)]
pub struct Fleet {
    /// The edges, in the order of the locations.
    pub edges: Vec<Edge>,
    /// The origins.
    pub origins: Vec<Origin>,
    /// What the edges read and the origins write.
    pub kv: KvServer,
    /// The Redis, when the fleet has one of its own.
    pub redis: Option<RedisBehindProxy>,
    app: DemoApp,
    secret: String,
    vars: Map<String, Value>,
    settings: Vec<(String, String)>,
    folder: TempDir,
    accounts: u32,
}

impl Fleet {
    /// Starts everything and waits until every edge has a head.
    ///
    /// # Errors
    /// When a part does not come up.
    pub async fn start(plan: Plan) -> Outcome<Self> {
        let mut fleet = Self::without_edges(&plan).await?;
        for at in 0..plan.locations {
            let edge = fleet.edge_at(at, &format!("edge-{at}")).await?;
            edge.informed().await?;
            fleet.edges.push(edge);
        }
        Ok(fleet)
    }

    async fn without_edges(plan: &Plan) -> Outcome<Self> {
        let program = origin_program()?;
        let folder = tempfile::Builder::new().prefix("portcullis-").tempdir()?;
        let state = stack::private_folder(&folder.path().join("state"))?;
        let secret = stack::kept_secret(&state.join("edge-secret"))?;
        let anchor = stack::anchor_key(program, &state, &Options::new(state.clone()))?;
        let redis = match (plan.store, &plan.redis_url) {
            (Store::Redis, None) => {
                Some(RedisBehindProxy::start(&folder.path().join("redis")).await?)
            }
            _ => None,
        };
        let redis_url = plan.redis_url.clone().or(redis.as_ref().map(RedisBehindProxy::url));
        let kv = KvServer::start(plan.locations, plan.distance)?;
        let app = DemoApp::start(0)?;

        let mut settings = vec![
            ("kv.api".into(), kv.api_url()),
            ("kv.token".into(), TOKEN.into()),
            ("edge.secret".into(), secret.clone()),
        ];
        settings.extend(roomy());
        settings.extend(redis_url.map(|url| ("redis.url".into(), url)));
        settings.extend(plan.settings.iter().cloned());
        let mut origins = Vec::new();
        for at in 0..plan.origins {
            let mut origin = Origin::new(at, state.clone(), &settings).await?;
            origin.process.start()?;
            origin.ready().await?;
            origins.push(origin);
        }

        let mut vars = stack::worker_vars(&Workspace::locate())?;
        let first = origins.first().map(Origin::front_url).ok_or("a fleet needs an origin")?;
        vars.insert("ORIGIN_URL".into(), json!(first));
        vars.insert("APP_URL".into(), json!(format!("http://127.0.0.1:{}", app.port())));
        vars.insert("ANCHOR_KEY".into(), json!(anchor));
        vars.insert("EDGE_SECRET".into(), json!(secret));
        vars.extend(plan.vars.iter().cloned());
        Ok(Self {
            edges: Vec::new(),
            origins,
            kv,
            redis,
            app,
            secret,
            vars,
            settings,
            folder,
            accounts: 0,
        })
    }

    /// One more edge at a location, which knows nothing yet.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn edge_at(&mut self, location: usize, name: &str) -> Outcome<Edge> {
        let port = self.kv.location(location)?.port();
        Edge::start(&self.folder.path().join(name), free_port()?, &self.vars, port).await
    }

    /// The same with these vars in place of, or beside, the others.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn edge_with(
        &mut self,
        location: usize,
        name: &str,
        vars: &[(&str, Value)],
    ) -> Outcome<Edge> {
        self.edge_beside(location, name, vars, Vec::new()).await
    }

    /// The same with apps that it reaches by service bindings of these names.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn edge_beside(
        &mut self,
        location: usize,
        name: &str,
        vars: &[(&str, Value)],
        apps: Vec<(&str, BareWorker)>,
    ) -> Outcome<Edge> {
        let kv = Some(self.kv.location(location)?.port());
        let mut all = self.vars.clone();
        all.extend(vars.iter().map(|(name, value)| ((*name).into(), value.clone())));
        let (folder, worker) = (self.folder.path().join(name), BareWorker::Ours { vars: all, kv });
        let edge = Edge::start_beside(&folder, free_port()?, worker, apps).await?;
        edge.informed().await?;
        Ok(edge)
    }

    /// Runs a command of the origin's program beside its origins; what it printed.
    ///
    /// # Errors
    /// When it fails; with what it said.
    pub fn command(&self, arguments: &[&str]) -> Outcome<String> {
        self.command_with(arguments, "")
    }

    /// The same, with this as its standard input.
    ///
    /// # Errors
    /// When it fails; with what it said.
    pub fn command_with(&self, arguments: &[&str], input: &str) -> Outcome<String> {
        let mut command = stack::origin_command(origin_program()?, &self.state(), &self.settings);
        let command = command.args(arguments).stdin(Stdio::piped());
        let mut running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = running.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        let output = running.wait_with_output()?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }

    /// The folder of the origins' keys and stores.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The processor time that an origin has used.
    ///
    /// # Errors
    /// When there is no such origin, or the system does not tell.
    pub fn cpu(&self, at: usize) -> Outcome<Duration> {
        let origin = self.origins.get(at).ok_or("the fleet has not so many origins")?;
        let process = origin.process.id().ok_or("the origin is not running")?;
        process::cpu(process)
    }

    /// A client of an origin, past the edges.
    ///
    /// # Errors
    /// When there is no such origin.
    pub fn origin(&self, at: usize) -> Outcome<Client> {
        let origin = self.origins.get(at).ok_or("the fleet has not so many origins")?;
        Client::new(origin.url())
    }

    /// A client of an edge.
    ///
    /// # Errors
    /// When there is no such edge.
    pub fn edge(&self, at: usize) -> Outcome<Client> {
        self.edges.get(at).ok_or("the fleet has not so many edges")?.client()
    }

    /// Registers somebody new; the e-mail address and the password.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn somebody(&mut self) -> Outcome<(String, String)> {
        self.accounts += 1;
        let email = format!("somebody-{}@example.com", self.accounts);
        let password = format!("correct horse {} battery", self.accounts);
        self.origin(0)?.register(&email, &password).await?;
        Ok((email, password))
    }

    /// Ends everything, and searches all that was written to logs for what must not be there.
    ///
    /// # Errors
    /// When a log holds a secret, or a port is left.
    pub async fn end(mut self) -> Outcome {
        secrets::used(&self.secret);
        secrets::used(TOKEN);
        self.edges.clear();
        for origin in &mut self.origins {
            origin.process.stop().await?;
            free(origin.port).await?;
        }
        drop(self.app);
        for log in logs(self.folder.path())? {
            let found = secrets::found_in(&String::from_utf8_lossy(&std::fs::read(&log)?));
            if !found.is_empty() {
                return Err(format!("{} holds secrets: {found:?}", log.display()).into());
            }
        }
        Ok(self.folder.close()?)
    }
}

/// An origin, to be ended and started again.
#[derive(Debug)]
pub struct Origin {
    /// Its process.
    pub process: Part,
    /// What edges reach it through.
    pub front: Proxy,
    port: u16,
    operator: u16,
}

impl Origin {
    async fn new(at: usize, state: PathBuf, settings: &[(String, String)]) -> Outcome<Self> {
        let (port, operator) = (free_port()?, free_port()?);
        let mut settings = settings.to_vec();
        settings.push(("server.listen".into(), format!("127.0.0.1:{port}")));
        settings.push(("server.operator_listen".into(), format!("127.0.0.1:{operator}")));
        let log = state.join(format!("logs/origin-{at}.log"));
        let program = origin_program()?;
        let process = Part::new("origin", port, log, move || {
            let mut command = stack::origin_command(program, &state, &settings);
            command.arg("serve");
            command
        });
        Ok(Self { process, front: Proxy::start(port).await?, port, operator })
    }

    /// Where it listens for edges.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where edges find it: behind its proxy.
    #[must_use]
    pub fn front_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.front.port())
    }

    /// Where it listens for edges.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits until it says that it is ready.
    ///
    /// # Errors
    /// When it ends or does not become ready.
    pub async fn ready(&mut self) -> Outcome {
        let operator = Client::new(format!("http://127.0.0.1:{}", self.operator))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if operator.get_plain("/readyz").await.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            self.process.check()?;
            if Instant::now() > deadline {
                return Err(self.process.failure("did not become ready".into()).into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A Redis that the origins reach through a proxy.
#[derive(Debug)]
pub struct RedisBehindProxy {
    /// The server.
    pub server: Redis,
    /// What the origins reach it through.
    pub line: Proxy,
}

impl RedisBehindProxy {
    async fn start(folder: &Path) -> Outcome<Self> {
        let server = Redis::start(folder)?;
        let line = Proxy::start(server.port()).await?;
        Ok(Self { server, line })
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.line.port())
    }
}

/// A port that nobody listens on.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Outcome<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
