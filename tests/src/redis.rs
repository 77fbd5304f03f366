//! A Redis server of our own: free port, own folder, append-only file.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, net, thread};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;
use xtask::stack::Part;

use crate::Outcome;
use crate::fleet::free_port;

/// A running `redis-server`; ended when dropped, and by its warden if this process is killed.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    process: Part,
}

impl Redis {
    /// Starts one in this folder.
    ///
    /// # Errors
    /// When there is no `redis-server`, or it does not come up.
    pub fn start(folder: &Path) -> Outcome<Self> {
        fs::create_dir_all(folder)?;
        let port = free_port()?;
        let data = folder.to_path_buf();
        let process = Part::new("redis", port, folder.join("redis.log"), move || {
            let mut command = Command::new("redis-server");
            command
                .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
                .args(["--appendonly", "yes", "--appendfsync", "always"])
                .arg("--dir")
                .arg(&data);
            command
        });
        let mut redis = Self { port, process };
        redis.again()?;
        Ok(redis)
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Ends it as a crash would (SIGKILL).
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Does these commands, one after the other, past whoever else uses it.
    ///
    /// # Errors
    /// When it does not take one of them.
    pub async fn run(&self, commands: &[Vec<String>]) -> Outcome {
        let mut stream = BufStream::new(TcpStream::connect(("127.0.0.1", self.port)).await?);
        for command in commands {
            stream.write_all(format!("*{}\r\n", command.len()).as_bytes()).await?;
            for word in command {
                stream.write_all(format!("${}\r\n{word}\r\n", word.len()).as_bytes()).await?;
            }
            stream.flush().await?;
            let mut reply = String::new();
            stream.read_line(&mut reply).await?;
            if !reply.starts_with([':', '+']) {
                return Err(format!("Redis answers {}", reply.trim()).into());
            }
        }
        Ok(())
    }

    /// Starts it again on what its append-only file holds.
    ///
    /// # Errors
    /// When it does not come up within ten seconds.
    pub fn again(&mut self) -> Outcome {
        self.process.start()?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            self.process.check()?;
            if Instant::now() > deadline {
                return Err("redis-server did not come up within ten seconds".into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}
