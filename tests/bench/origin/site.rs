//! The servers, each on the same one core, and the sessions that they are asked about. Redis and wrk have
//! the other cores.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::fleet::free_port;
use e2e::{Client, Outcome, process};
use serde_json::json;
use xtask::Workspace;
use xtask::bench::OriginCourse;
use xtask::stack::{Part, origin_command};

use crate::load::{SETTLING, Served};
use crate::rows::Who;

/// How long a part may take to come up, and to make its sessions.
const PATIENCE: Duration = Duration::from_mins(2);
/// The oldest Node that is measured: the cryptography of those before is much slower.
const NODE: u32 = 24;

/// Who signs in.
pub(crate) const EMAIL: &str = "somebody@example.com";
/// By which.
pub(crate) const PASSWORD: &str = "oak and iron, chained";

/// A server and what it is asked with.
struct Server {
    running: Part,
    port: u16,
    tokens: Vec<String>,
    /// Of ours.
    door: Option<Door>,
}

/// Where one of ours is reached, and what it held before it was asked for anything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Door {
    port: u16,
    operator: u16,
    pub(crate) server: u32,
    /// Bytes.
    pub(crate) idle_memory: u64,
}

impl Door {
    /// For everybody.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// For the operator.
    pub(crate) fn operator_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.operator)
    }
}

/// All that runs.
pub(crate) struct Site {
    folder: PathBuf,
    core: String,
    redis: Part,
    redis_port: u16,
    servers: BTreeMap<&'static str, Server>,
}

impl Site {
    /// Starts Redis; servers are to run on the core of this number.
    pub(crate) async fn start(folder: &Path, core: usize) -> Outcome<Self> {
        let redis_port = free_port()?;
        let data = folder.to_path_buf();
        let mut redis = Part::new("redis", redis_port, folder.join("redis.log"), move || {
            let mut command = Command::new("redis-server");
            command.args(["--port", &redis_port.to_string(), "--bind", "127.0.0.1"]);
            command.args(["--save", "", "--appendonly", "yes"]).arg("--dir").arg(&data);
            command
        });
        redis.start()?;
        await_port(&mut redis, redis_port).await?;
        let (folder, core) = (folder.to_path_buf(), core.to_string());
        Ok(Self { folder, core, redis, redis_port, servers: BTreeMap::new() })
    }

    /// Starts a server that has so many sessions; does nothing when it runs already.
    pub(crate) async fn add(
        &mut self,
        who: Who,
        course: &OriginCourse,
        sessions: usize,
    ) -> Outcome {
        let server = match who {
            Who::Argon2 => return Ok(()),
            _ if self.servers.contains_key(name(who)) => return Ok(()),
            Who::Bare => self.peer(name(who), vec![course.bare.clone()], sessions).await?,
            Who::Peer(name) => self.peer(name, script(name)?, sessions).await?,
            Who::OnRedis | Who::Embedded => self.ours(who, &course.origin, sessions).await?,
        };
        self.servers.insert(name(who), server);
        Ok(())
    }

    async fn ours(&self, who: Who, origin: &Path, sessions: usize) -> Outcome<Server> {
        let (port, operator) = (free_port()?, free_port()?);
        let state = self.folder.join(name(who));
        fs::create_dir_all(&state)?;
        let mut settings = vec![
            ("server.listen".to_owned(), format!("127.0.0.1:{port}")),
            ("server.operator_listen".to_owned(), format!("127.0.0.1:{operator}")),
            ("tokens.issuer".to_owned(), format!("http://localhost:{port}")),
            // All these people are one, on one network, and try while nobody knows yet how it goes.
            ("limits.sign_in".to_owned(), String::from("100000/10m")),
            ("limits.account".to_owned(), String::from("1000000")),
            ("limits.sessions".to_owned(), String::from("1000000/1s")),
            ("sessions.most".to_owned(), String::from("10000")),
        ];
        if who == Who::OnRedis {
            settings.push(("redis.url".to_owned(), self.redis_url()));
        }
        let (core, program, log) = (self.core.clone(), origin.to_path_buf(), state.join("log"));
        let mut running = Part::new("origin", port, log, move || {
            let mut command = origin_command(Path::new("taskset"), &state, &settings);
            // The others write no line for each request either.
            command.args(["-c", &core]).arg(&program).arg("serve").env("RUST_LOG", "warn");
            command
        });
        running.start()?;
        await_port(&mut running, port).await?;
        let server = running.id().ok_or("the origin is not running")?;
        // What it reads at its start it may still be reading.
        tokio::time::sleep(SETTLING).await;
        let door = Door { port, operator, server, idle_memory: process::memory(server)? };
        let client = Client::new(door.url())?;
        client.register(EMAIL, PASSWORD).await?;
        let mut tokens = Vec::new();
        for _ in 0..sessions {
            let body = json!({"email": EMAIL, "password": PASSWORD, "delivery": "body"});
            let answer = client.post("/auth/login", &body).await?.expect(200)?;
            tokens.push(answer.text("refresh_token").ok_or("a sign-in without a refresh token")?);
        }
        Ok(Server { running, port, tokens, door: Some(door) })
    }

    /// One that is told where to listen, where its Redis is, into which file to write tokens of how many
    /// sessions.
    async fn peer(
        &self,
        name: &'static str,
        program: Vec<PathBuf>,
        sessions: usize,
    ) -> Outcome<Server> {
        let (port, redis, core) = (free_port()?, self.redis_url(), self.core.clone());
        let file = self.folder.join(format!("{name}.tokens"));
        let made = file.clone();
        let log = self.folder.join(format!("{name}.log"));
        let mut running = Part::new(name, port, log, move || {
            let mut command = Command::new("taskset");
            command.args(["-c", &core]).args(&program);
            command.args([&port.to_string(), &redis]).arg(&file).arg(sessions.to_string());
            command.env("NODE_ENV", "production");
            command
        });
        running.start()?;
        await_port(&mut running, port).await?;
        let tokens = fs::read_to_string(made)?.lines().map(str::to_owned).collect();
        Ok(Server { running, port, tokens, door: None })
    }

    fn redis_url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.redis_port)
    }

    /// Where a server listens, and which processes' time is measured.
    pub(crate) fn served(&self, who: Who) -> Outcome<Served> {
        let server = self.servers.get(name(who)).ok_or("a row without a server")?;
        let gone = "a server is not running";
        Ok(Served {
            port: server.port,
            server: server.running.id().ok_or(gone)?,
            redis: self.redis.id().ok_or(gone)?,
        })
    }

    /// So many sessions' tokens that were not shown before.
    pub(crate) fn sessions(&mut self, who: Who, count: usize) -> Outcome<Vec<String>> {
        let server = self.servers.get_mut(name(who)).ok_or("a row without a server")?;
        let left = server.tokens.len().checked_sub(count).ok_or("no sessions are left")?;
        Ok(server.tokens.split_off(left))
    }

    /// One of ours, when one runs.
    pub(crate) fn door(&self) -> Option<Door> {
        self.servers.values().find_map(|server| server.door)
    }

    /// The core that servers run on.
    pub(crate) fn core(&self) -> &str {
        &self.core
    }
}

/// What signs in.
pub(crate) fn login() -> String {
    json!({"email": EMAIL, "password": PASSWORD}).to_string()
}

fn name(who: Who) -> &'static str {
    match who {
        Who::OnRedis => "on-redis",
        Who::Embedded => "embedded",
        Who::Bare => "bare",
        Who::Peer(name) => name,
        Who::Argon2 => "argon2id",
    }
}

/// A peer of npm's packages, as it is run.
fn script(name: &str) -> Outcome<Vec<PathBuf>> {
    let workspace = Workspace::locate();
    let source = workspace.path("tests/bench/peers/issuers/src").join(name);
    Ok(vec![node(&workspace)?, source.with_extension("js")])
}

/// The Node that npm installed for the project; no older one.
fn node(workspace: &Workspace) -> Outcome<PathBuf> {
    let node = workspace.path("node_modules/.bin/node");
    let output = Command::new(&node).arg("--version").output()?;
    let version = String::from_utf8_lossy(&output.stdout);
    let major = version.trim().trim_start_matches('v').split('.').next().map(str::parse::<u32>);
    match major {
        Some(Ok(major)) if major >= NODE => Ok(node),
        _ => Err(format!("the peers want Node {NODE} or newer, this is {}", version.trim()).into()),
    }
}

/// Waits until a part takes connections.
async fn await_port(running: &mut Part, port: u16) -> Outcome {
    let deadline = Instant::now() + PATIENCE;
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        running.check()?;
        if Instant::now() > deadline {
            return Err(running.failure("did not come up".into()).into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
