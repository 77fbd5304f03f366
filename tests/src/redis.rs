//! A Redis server of our own: free port, own folder, append-only file.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, net, thread};

use crate::Outcome;

/// A running `redis-server`; ended when dropped.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    folder: PathBuf,
    child: Option<Child>,
}

impl Redis {
    /// Starts one in this folder.
    ///
    /// # Errors
    /// When there is no `redis-server`, or it does not come up.
    pub fn start(folder: &Path) -> Outcome<Self> {
        fs::create_dir_all(folder)?;
        let port = net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut redis = Self { port, folder: folder.into(), child: None };
        redis.again()?;
        Ok(redis)
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Ends it as a crash would (SIGKILL).
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Outcome {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Starts it again on what its append-only file holds.
    ///
    /// # Errors
    /// When it does not come up within ten seconds.
    pub fn again(&mut self) -> Outcome {
        self.kill()?;
        let log =
            fs::File::options().create(true).append(true).open(self.folder.join("redis.log"))?;
        let port = self.port.to_string();
        let child = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "always"])
            .arg("--dir")
            .arg(&self.folder)
            .stdin(Stdio::null())
            .stderr(log.try_clone()?)
            .stdout(log)
            .spawn()?;
        self.child = Some(child);
        let deadline = Instant::now() + Duration::from_secs(10);
        while net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if Instant::now() > deadline {
                return Err("redis-server did not come up within ten seconds".into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It was ours and running a moment ago; there is nothing else to do for it.
        let _ = self.kill();
    }
}
