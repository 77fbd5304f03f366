//! A Redis primary with two replicas under three Sentinels, every node behind a proxy, so that
//! replication can be late and a failover loses what was not replicated.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use xtask::stack::Part;

use crate::Outcome;
use crate::fleet::free_port;
use crate::proxy::Proxy;

const NODES: usize = 3;
const SENTINELS: usize = 3;
/// What the primary is called.
const NAME: &str = "portcullis";
/// After so long without an answer a node counts as down; in production it is 30 s by default.
const DOWN_AFTER: Duration = Duration::from_secs(1);
/// How long anything may take to come about.
const PATIENCE: Duration = Duration::from_secs(30);

/// The nodes and their Sentinels; all are ended when dropped.
#[derive(Debug)]
pub struct Sentinel {
    nodes: Vec<Node>,
    sentinels: Vec<(u16, Part)>,
}

#[derive(Debug)]
struct Node {
    process: Part,
    line: Proxy,
    port: u16,
    /// Whom it follows from its next start on.
    follows: Arc<Mutex<Option<u16>>>,
}

impl Sentinel {
    /// Starts all of it, with this lag of replication, and waits until the replicas follow.
    ///
    /// # Errors
    /// When a part does not come up.
    pub async fn start(folder: &Path, lag: Duration) -> Outcome<Self> {
        let mut nodes: Vec<Node> = Vec::new();
        for at in 0..NODES {
            let primary = nodes.first().map(|node| node.line.port());
            let mut node = Node::new(folder.join(format!("node-{at}")), primary).await?;
            node.line.delay_replication(lag);
            node.process.start()?;
            nodes.push(node);
        }
        let primary = nodes.first().map(|node| node.line.port()).unwrap_or_default();
        let mut sentinels = Vec::new();
        for at in 0..SENTINELS {
            sentinels.push(sentinel(&folder.join(format!("sentinel-{at}")), primary)?);
        }
        let mut all = Self { nodes, sentinels };
        all.settled().await?;
        Ok(all)
    }

    /// What the origin is configured with.
    #[must_use]
    pub fn url(&self) -> String {
        let hosts: Vec<String> =
            self.sentinels.iter().map(|(port, _)| format!("127.0.0.1:{port}")).collect();
        format!("redis-sentinel://{}/{NAME}", hosts.join(","))
    }

    /// Which node most Sentinels take for the primary.
    pub async fn primary(&self) -> Option<usize> {
        let mut named = Vec::new();
        for (port, _) in &self.sentinels {
            let question = format!("SENTINEL get-master-addr-by-name {NAME}");
            let told = ask(*port, &question).await.unwrap_or_default();
            let port = told.lines().nth(4).and_then(|line| line.parse::<u16>().ok());
            named.push(self.nodes.iter().position(|node| Some(node.line.port()) == port)?);
        }
        let at = named.first().copied()?;
        named.iter().all(|other| *other == at).then_some(at)
    }

    /// Ends a node as when its machine dies: what it has sent and has not arrived is lost with it.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn kill(&mut self, at: usize) -> Outcome {
        let node = self.node(at)?;
        node.line.refuse();
        node.process.kill();
        Ok(())
    }

    /// The primary, once the Sentinels agree on one.
    ///
    /// # Errors
    /// When they do not within half a minute.
    pub async fn agreed(&self) -> Outcome<usize> {
        let since = Instant::now();
        loop {
            if let Some(at) = self.primary().await {
                return Ok(at);
            }
            if since.elapsed() > PATIENCE {
                return Err("the Sentinels do not agree on a primary".into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops a node in its tracks: its connections stay open, and nothing comes of them.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn freeze(&mut self, at: usize) -> Outcome {
        self.node(at)?.signal(Signal::STOP)
    }

    /// The nodes that follow the primary.
    ///
    /// # Errors
    /// When the Sentinels do not agree on a primary.
    pub async fn replicas(&self) -> Outcome<Vec<usize>> {
        let primary = self.agreed().await?;
        Ok((0..NODES).filter(|at| *at != primary).collect())
    }

    /// Lets a node go on where it was stopped, not knowing that time has passed.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn thaw(&mut self, at: usize) -> Outcome {
        self.node(at)?.signal(Signal::CONT)
    }

    /// Waits until another node than this is primary, and that one knows it; which it is.
    ///
    /// # Errors
    /// When none is within half a minute.
    pub async fn promoted_in_place_of(&self, former: usize) -> Outcome<usize> {
        let since = Instant::now();
        loop {
            if let Some(at) = self.primary().await.filter(|at| *at != former)
                && let Some(node) = self.nodes.get(at)
                && ask(node.port, "ROLE").await.is_ok_and(|role| role.contains("master"))
            {
                return Ok(at);
            }
            if since.elapsed() > PATIENCE {
                return Err("the Sentinels have promoted nobody".into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Starts a node that was killed as a replica of the present primary.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn rejoin(&mut self, at: usize) -> Outcome {
        let primary = self.agreed().await?;
        let line = self.nodes.get(primary).map(|node| node.line.port());
        let node = self.node(at)?;
        *node.follows.lock().unwrap_or_else(PoisonError::into_inner) = line;
        node.line.accept();
        node.process.start()?;
        Ok(())
    }

    /// Waits until both replicas follow the primary, and every Sentinel knows of it all.
    ///
    /// # Errors
    /// When they do not within half a minute.
    pub async fn settled(&mut self) -> Outcome {
        let since = Instant::now();
        while !self.is_settled().await {
            for node in &mut self.nodes {
                node.process.check()?;
            }
            for (_, process) in &mut self.sentinels {
                process.check()?;
            }
            if since.elapsed() > PATIENCE {
                return Err("the replicas do not follow the primary".into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    async fn is_settled(&self) -> bool {
        let Some(primary) = self.primary().await.and_then(|at| self.nodes.get(at)) else {
            return false;
        };
        let told = ask(primary.port, "INFO replication").await.unwrap_or_default();
        if told.matches("state=online").count() != NODES - 1 {
            return false;
        }
        for (port, _) in &self.sentinels {
            let told = ask(*port, "INFO sentinel").await.unwrap_or_default();
            // master0:name=…,status=ok,address=…,slaves=2,sentinels=3
            if !told.contains("status=ok") || !told.contains("slaves=2,sentinels=3") {
                return false;
            }
        }
        true
    }

    fn node(&mut self, at: usize) -> Outcome<&mut Node> {
        self.nodes.get_mut(at).ok_or_else(|| "there are not so many nodes".into())
    }
}

impl Node {
    async fn new(folder: PathBuf, primary: Option<u16>) -> Outcome<Self> {
        fs::create_dir_all(&folder)?;
        let port = free_port()?;
        let line = Proxy::start(port).await?;
        let follows = Arc::new(Mutex::new(primary));
        let (announced, log) = (line.port(), folder.join("redis.log"));
        let leader = Arc::clone(&follows);
        let process = Part::new("redis", port, log, move || {
            let mut command = Command::new("redis-server");
            command
                .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
                .args(["--appendonly", "yes", "--repl-diskless-sync-delay", "0"])
                .args(["--replica-announce-ip", "127.0.0.1"])
                .args(["--replica-announce-port", &announced.to_string()])
                .arg("--dir")
                .arg(&folder);
            let leader = *leader.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(leader) = leader {
                command.args(["--replicaof", "127.0.0.1", &leader.to_string()]);
            }
            command
        });
        Ok(Self { process, line, port, follows })
    }

    fn signal(&self, signal: Signal) -> Outcome {
        let id = self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(kill_process(id.ok_or("the node does not run")?, signal)?)
    }
}

/// A Sentinel keeps what it learns in its configuration.
fn sentinel(folder: &Path, primary: u16) -> Outcome<(u16, Part)> {
    fs::create_dir_all(folder)?;
    let port = free_port()?;
    let (config, data) = (folder.join("sentinel.conf"), folder.display());
    let down_after = DOWN_AFTER.as_millis();
    let text = format!(
        "port {port}\nbind 127.0.0.1\ndir {data}\n\
         sentinel monitor {NAME} 127.0.0.1 {primary} 2\n\
         sentinel down-after-milliseconds {NAME} {down_after}\n\
         sentinel failover-timeout {NAME} 3000\n\
         sentinel parallel-syncs {NAME} 2\n"
    );
    fs::write(&config, text)?;
    let log = folder.join("sentinel.log");
    let mut process = Part::new("sentinel", port, log, move || {
        let mut command = Command::new("redis-server");
        command.arg(&config).arg("--sentinel");
        command
    });
    process.start()?;
    Ok((port, process))
}

/// Sends a command and takes what comes in one piece.
async fn ask(port: u16, question: &str) -> Outcome<String> {
    let asking = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(format!("{question}\r\n").as_bytes()).await?;
        let mut answer = vec![0; 16 * 1024];
        let count = stream.read(&mut answer).await?;
        answer.truncate(count);
        Outcome::Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    tokio::time::timeout(Duration::from_secs(1), asking).await?
}
