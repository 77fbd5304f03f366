//! One part of the stack that runs as a process of its own.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::{Duration, Instant},
};

use crate::{
    Error,
    error::Doing,
    process::{self, Group},
};

/// How long a part may take to end after SIGTERM before it is killed.
const DRAIN: Duration = Duration::from_secs(15);

/// A process that can be ended and started again.
pub struct Part {
    name: &'static str,
    port: u16,
    log: PathBuf,
    command: Box<dyn Fn() -> Command + Send + Sync>,
    running: Option<Group>,
    /// How much of the log is from earlier starts.
    earlier: u64,
}

impl Part {
    /// A part of this name and port, not started yet: `command` makes what starts it, and what it
    /// prints goes to the end of `log`.
    pub fn new(
        name: &'static str,
        port: u16,
        log: PathBuf,
        command: impl Fn() -> Command + Send + Sync + 'static,
    ) -> Self {
        Self { name, port, log, command: Box::new(command), running: None, earlier: 0 }
    }

    /// Starts the process, ending the one before it if there is one; does not wait until it is ready.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(&mut self) -> Result<(), Error> {
        self.kill();
        self.earlier = fs::metadata(&self.log).map_or(0, |log| log.len());
        let mut command = (self.command)();
        process::log_to(&mut command, &self.log)
            .doing(|| format!("writing {}", self.log.display()))?;
        self.running =
            Some(Group::spawn(&mut command).doing(|| format!("starting the {}", self.name))?);
        Ok(())
    }

    /// Ends the process at once (SIGKILL), as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut group) = self.running.take() {
            group.kill();
        }
    }

    /// Asks the process to end (SIGTERM) and waits until it has; kills it after 15 s.
    ///
    /// # Errors
    /// When the system refuses to tell of the process.
    pub async fn stop(&mut self) -> Result<(), Error> {
        let Some(mut group) = self.running.take() else {
            return Ok(());
        };
        group.terminate();
        let deadline = Instant::now() + DRAIN;
        while group.exited().doing(|| format!("waiting for the {} to end", self.name))?.is_none() {
            if Instant::now() > deadline {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Sweeps up what the leader left behind.
        group.kill();
        Ok(())
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(Group::id)
    }

    /// Everything the part has printed, at earlier starts too.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub fn printed(&self) -> io::Result<String> {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What the part has printed since it was last started.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub fn printed_now(&self) -> io::Result<String> {
        let bytes = fs::read(&self.log)?;
        let from = usize::try_from(self.earlier).unwrap_or(usize::MAX);
        Ok(String::from_utf8_lossy(bytes.get(from..).unwrap_or_default()).into_owned())
    }

    /// Where its log is, and how much of that is from earlier starts.
    pub(super) fn log(&self) -> (&Path, u64) {
        (&self.log, self.earlier)
    }

    /// Looks whether the process still runs.
    ///
    /// # Errors
    /// When it should and has ended by itself.
    pub fn check(&mut self) -> Result<(), Error> {
        let ended: Option<ExitStatus> = match &mut self.running {
            Some(group) => group.exited().doing(|| format!("looking after the {}", self.name))?,
            None => None,
        };
        match ended {
            Some(status) => Err(self.failure(format!("ended by itself ({status})"))),
            None => Ok(()),
        }
    }

    /// An error about this part, with the end of its log.
    #[must_use]
    pub fn failure(&self, what: String) -> Error {
        Error::Part {
            part: self.name,
            port: self.port,
            what,
            log: self.log.clone(),
            tail: process::tail(&self.log, self.earlier),
        }
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The command's environment holds secrets.
        f.debug_struct("Part")
            .field("name", &self.name)
            .field("port", &self.port)
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
