//! A real redis-server for tests: a free port, a folder of its own, its append-only file on. It
//! ends with the last test that uses it, and leaves nothing behind.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::sleep;
use std::time::{Duration, Instant};

use redis::{Client, Cmd, FromRedisValue, InfoDict, RedisResult, Value, cmd};
use tempfile::TempDir;

use super::keys::Key;

const DATABASES: usize = 1_024;

pub(crate) struct Server {
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
    running: Mutex<Option<Child>>,
    databases: AtomicUsize,
}

impl Server {
    /// The one that is running, or a new one.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Self::start();
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// One of its own, for a test that ill-treats it.
    pub(crate) fn start() -> Arc<Self> {
        Self::start_with(&[])
    }

    /// The same, with further settings.
    pub(super) fn start_with(settings: &[&str]) -> Arc<Self> {
        let databases = DATABASES.to_string();
        let usual = ["--save", "", "--appendonly", "yes", "--databases", &databases];
        // Replicas come at once instead of after five seconds.
        let usual = usual.into_iter().chain(["--repl-diskless-sync-delay", "0"]);
        Self::launched(usual.chain(settings.iter().copied()).map(str::to_owned).collect())
    }

    /// A replica, in sync.
    pub(super) fn replica_of(primary: &Self) -> Arc<Self> {
        let replica = Self::start_with(&["--replicaof", "127.0.0.1", &primary.port.to_string()]);
        replica.await_info("master_link_status:up");
        primary.await_followers(1);
        replica
    }

    /// A Sentinel that watches `primary` under the name `main` and decides alone.
    pub(super) fn sentinel_of(primary: &Self) -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sentinel.conf");
        let settings = format!(
            "sentinel monitor main 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds main 500\n\
             sentinel failover-timeout main 3000\n",
            primary.port
        );
        fs::write(&file, settings).unwrap();
        Self::launched_in(folder, vec![file.display().to_string(), "--sentinel".to_owned()])
    }

    fn launched(arguments: Vec<String>) -> Arc<Self> {
        Self::launched_in(tempfile::tempdir().unwrap(), arguments)
    }

    fn launched_in(folder: TempDir, arguments: Vec<String>) -> Arc<Self> {
        let server = Self {
            folder,
            port: free_port(),
            arguments,
            running: Mutex::default(),
            databases: AtomicUsize::default(),
        };
        server.launch();
        Arc::new(server)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of a database that no other test has.
    pub(crate) fn fresh_database(&self) -> String {
        let database = self.databases.fetch_add(1, Ordering::Relaxed);
        assert!(database < DATABASES);
        format!("redis://127.0.0.1:{}/{database}", self.port)
    }

    /// Starts the process on the port and the folder, and waits until it answers.
    pub(super) fn launch(&self) {
        let child = Command::new("redis-server")
            .args(&self.arguments)
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--dir"])
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .spawn();
        let child = match child {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                panic!("these tests need redis-server: `sudo apt-get install redis-server`");
            }
            Err(error) => panic!("redis-server does not start: {error}"),
        };
        *self.running.lock().unwrap() = Some(child);
        eventually("an answer of redis-server", || self.answers());
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return false;
        };
        let mut reply = [0; 5];
        stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        stream.write_all(b"PING\r\n").is_ok()
            && stream.read_exact(&mut reply).is_ok()
            && reply == *b"+PONG"
    }

    /// Does a command and waits for it.
    pub(super) fn run<T: FromRedisValue>(&self, command: &Cmd) -> T {
        self.try_run(command).unwrap()
    }

    pub(super) fn try_run<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        command.query(&mut self.client().get_connection()?)
    }

    fn client(&self) -> Client {
        Client::open(format!("redis://127.0.0.1:{}", self.port)).unwrap()
    }

    /// Whether INFO, of the server or of its cluster, has this line. A server that fails over may
    /// cut the connection: then it does not.
    pub(super) fn says(&self, line: &str) -> bool {
        let question = if line.starts_with("cluster_") {
            cmd("CLUSTER").arg("INFO").take()
        } else {
            cmd("INFO").arg("ALL").take()
        };
        self.try_run::<String>(&question).is_ok_and(|info| info.lines().any(|said| said == line))
    }

    pub(super) fn has(&self, key: Key<'_>) -> bool {
        self.run(cmd("EXISTS").arg(key))
    }

    /// Waits until it says so.
    pub(super) fn await_info(&self, line: &str) {
        eventually(line, || self.says(line));
    }

    /// Waits until so many replicas follow: a new one confirms nothing in its first second.
    pub(super) fn await_followers(&self, replicas: usize) {
        let mut connection = self.client().get_connection().unwrap();
        // Any write: WAIT is about those of its connection.
        cmd("PUBLISH").arg("follow").arg("me").exec(&mut connection).unwrap();
        let wait = cmd("WAIT").arg(replicas).arg(1_000).take();
        eventually("a replica", || wait.query::<usize>(&mut connection).unwrap() >= replicas);
    }

    /// Waits until this replica has all that was written so far.
    pub(super) fn await_writes_of(&self, primary: &Self) {
        let offset = |server: &Self| {
            let info: InfoDict = server.run(cmd("INFO").arg("REPLICATION"));
            info.get::<u64>("master_repl_offset").unwrap()
        };
        let written = offset(primary);
        eventually("the replica's offset", || offset(self) >= written);
    }

    /// Waits until this Sentinel knows of so many replicas.
    pub(super) fn await_replicas(&self, wanted: usize) {
        let question = cmd("SENTINEL").arg("REPLICAS").arg("main").take();
        eventually("a replica", || self.run::<Vec<Value>>(&question).len() == wanted);
    }

    /// Ends the process as a power cut would, as far as it can tell.
    pub(super) fn kill(&self) {
        if let Some(mut child) = self.running.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Sends a signal by its name.
    pub(super) fn signal(&self, name: &str) {
        let id = self.running.lock().unwrap().as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(super) fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "{what} does not come");
        sleep(Duration::from_millis(10));
    }
}

pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
