//! A real Postgres for tests: a free port, a folder of its own, a database for each test. It ends
//! with the last test that uses it, and leaves nothing behind.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

/// The user that runs it where the tests run as root, which Postgres refuses to be: `nobody`, by the
/// number that it has on Debian, Fedora and Alpine.
const NOBODY: u32 = 65_534;

const PASSWORD: &str = "hunter2-for-tests";

/// A running server.
pub(crate) struct Server {
    folder: TempDir,
    port: u16,
    running: Mutex<Option<Child>>,
    databases: AtomicUsize,
    /// Whether it has a certificate, see [`Self::certificate`].
    encrypted: bool,
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
    pub(in crate::store) fn start() -> Arc<Self> {
        Self::make(false)
    }

    /// One of its own that speaks TLS, as 127.0.0.1 and nobody else.
    pub(in crate::store) fn encrypted() -> Arc<Self> {
        Self::make(true)
    }

    fn make(encrypted: bool) -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        for path in [folder.path(), &password] {
            if is_root() {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let initdb = command("initdb", folder.path())
            .args(["--username", "portcullis", "--auth", "scram-sha-256", "--no-sync"])
            .args(["--encoding", "UTF8", "--locale", "C", "--pgdata", "data", "--pwfile"])
            .arg(&password)
            .output()
            .unwrap();
        assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
        if encrypted {
            certify(folder.path());
        }
        let (port, running, databases) = (free_port(), Mutex::default(), AtomicUsize::default());
        let server = Self { folder, port, running, databases, encrypted };
        server.launch();
        Arc::new(server)
    }

    /// Starts the process on the port and the folder, and waits until it takes connections.
    pub(in crate::store) fn launch(&self) {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let tls =
            ["-c", "ssl=on", "-c", "ssl_cert_file=server.pem", "-c", "ssl_key_file=server.key"];
        let child = command("postgres", self.folder.path())
            .args(["-D", "data", "-p", &self.port.to_string(), "-h", "127.0.0.1", "-k", ""])
            .args(["-F", "-c", "shared_buffers=16MB", "-c", "max_connections=200"])
            .args(tls.into_iter().filter(|_| self.encrypted))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        *self.running.lock().unwrap() = Some(child);
        let since = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(since.elapsed() < Duration::from_mins(1), "{}", self.log());
            sleep(Duration::from_millis(20));
        }
    }

    /// Ends the process as a crash would.
    pub(in crate::store) fn kill(&self) {
        let child = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut child) = child {
            // SIGQUIT ends its own children too, which a SIGKILL of the first would orphan.
            let process = child.id().to_string();
            Command::new("kill").args(["-QUIT", &process]).status().ok();
            child.wait().ok();
        }
    }

    /// The URL of a database that no other test has.
    pub(crate) async fn fresh_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let since = Instant::now();
        // It listens before it lets anybody in.
        let mut admin = loop {
            match PgConnection::connect(&self.url("postgres")).await {
                Ok(connection) => break connection,
                Err(error) => {
                    assert!(since.elapsed() < Duration::from_mins(1), "{error}: {}", self.log());
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(create).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        self.url(&name)
    }

    /// The URL of a database of this server.
    pub(in crate::store) fn url(&self, database: &str) -> String {
        let port = self.port;
        format!("postgres://portcullis:{PASSWORD}@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    /// The file of its certificate, which is its own authority.
    pub(in crate::store) fn certificate(&self) -> PathBuf {
        self.folder.path().join("data/server.pem")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Makes the certificate of an encrypted server, beside its data.
fn certify(folder: &Path) {
    let line = "req -x509 -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test \
                -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:127.0.0.1 \
                -keyout data/server.key -out data/server.pem";
    let mut openssl = command("openssl", folder);
    let made = openssl.args(line.split_whitespace()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let key = folder.join("data/server.key");
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A program of Postgres, in this folder, as somebody whom it accepts.
fn command(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(program(name));
    command.current_dir(folder).env("TZ", "UTC");
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Debian keeps these programs by version, off the PATH.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(name));
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin").join(name)).collect())
        .unwrap_or_default();
    versions.sort();
    on_path.chain(versions.into_iter().rev()).find(|file| file.is_file()).unwrap_or_else(|| {
        panic!("these tests need {name}: `sudo apt-get install postgresql openssl`")
    })
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
