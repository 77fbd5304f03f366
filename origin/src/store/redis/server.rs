//! A real redis-server for tests: a free port, a folder of its own, its append-only file on. It
//! ends with the last test that uses it, and leaves nothing behind.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const DATABASES: usize = 1_024;

pub(super) struct Server {
    folder: TempDir,
    port: u16,
    running: Mutex<Option<Child>>,
    databases: AtomicUsize,
}

impl Server {
    /// The one that is running, or a new one.
    pub(super) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Self::start();
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// One of its own, for a test that ill-treats it.
    pub(super) fn start() -> Arc<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self {
            folder: tempfile::tempdir().unwrap(),
            port,
            running: Mutex::default(),
            databases: AtomicUsize::default(),
        };
        server.launch();
        Arc::new(server)
    }

    /// The URL of a database that no other test has.
    pub(super) fn fresh_database(&self) -> String {
        let database = self.databases.fetch_add(1, Ordering::Relaxed);
        assert!(database < DATABASES);
        format!("redis://127.0.0.1:{}/{database}", self.port)
    }

    /// Starts the process on the port and the folder, and waits until it answers.
    pub(super) fn launch(&self) {
        let child = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--databases", &DATABASES.to_string(), "--dir"])
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
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.answers() {
            assert!(Instant::now() < deadline, "redis-server does not answer");
            sleep(Duration::from_millis(10));
        }
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
