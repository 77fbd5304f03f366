//! One line for each step, with the seconds of any that takes longer than two.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use crate::{
    error::{Doing, Error},
    process::{self, Group},
};

const NOTABLE: Duration = Duration::from_secs(2);
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A step under way, told on standard error.
#[derive(Debug)]
pub struct Step {
    label: String,
    started: Instant,
    told: Instant,
    terminal: bool,
}

impl Step {
    /// Begins to tell of a step of this name.
    pub fn begin(label: impl Into<String>) -> Self {
        let now = Instant::now();
        Self { label: label.into(), started: now, told: now, terminal: io::stderr().is_terminal() }
    }

    /// Shows that the step is still under way; cheap to call often.
    pub fn tick(&mut self) {
        let elapsed = self.started.elapsed();
        let pause = if self.terminal { Duration::from_secs(1) } else { HEARTBEAT };
        if elapsed < NOTABLE || self.told.elapsed() < pause {
            return;
        }
        self.told = Instant::now();
        let line = format!("… {} ({} s)", self.label, elapsed.as_secs());
        self.tell(&line, if self.terminal { "" } else { "\n" });
    }

    /// Says that the step is done.
    pub fn done(self) {
        let elapsed = self.started.elapsed();
        let time =
            if elapsed < NOTABLE { String::new() } else { format!(" ({} s)", elapsed.as_secs()) };
        let line = format!("✓ {}{time}", self.label);
        self.tell(&line, "\n");
    }

    fn tell(&self, line: &str, end: &str) {
        let clear = if self.terminal { "\r\x1b[2K" } else { "" };
        // Progress that cannot be shown is no reason to stop.
        let _ = write!(io::stderr(), "{clear}{line}{end}");
    }
}

/// A line about something that is not a step of its own.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "  {line}");
}

/// Runs a command as a step, its output in a log of its own.
///
/// # Errors
/// [`Error::Step`] with the log's end when the command fails or runs longer than `limit`.
pub(crate) fn run(
    label: &str,
    command: &mut Command,
    log: &Path,
    limit: Option<Duration>,
) -> Result<(), Error> {
    if log.exists() {
        fs::remove_file(log).doing(|| format!("removing the old {}", log.display()))?;
    }
    process::log_to(command, log).doing(|| format!("writing {}", log.display()))?;
    let failed = |reason: String| Error::Step {
        step: label.to_owned(),
        reason,
        log: log.to_path_buf(),
        tail: process::tail(log, 0),
    };
    let mut step = Step::begin(label);
    let mut group = Group::spawn(command).map_err(|error| failed(error.to_string()))?;
    loop {
        if let Some(status) = group.exited().map_err(|error| failed(error.to_string()))? {
            if status.success() {
                step.done();
                return Ok(());
            }
            return Err(failed(status.to_string()));
        }
        if limit.is_some_and(|limit| step.started.elapsed() > limit) {
            return Err(failed(format!("no end after {} s", step.started.elapsed().as_secs())));
        }
        step.tick();
        thread::sleep(Duration::from_millis(20));
    }
}

/// Runs a command whose output is the point of it, to the terminal.
///
/// # Errors
/// [`Error::Command`] when the command fails.
pub(crate) fn run_shown(label: &str, command: &mut Command) -> Result<(), Error> {
    let mut group = Group::spawn(command).doing(|| format!("starting {label}"))?;
    loop {
        if let Some(status) = group.exited().doing(|| format!("waiting for {label}"))? {
            if status.success() {
                return Ok(());
            }
            return Err(Error::Command { step: label.to_owned(), reason: status.to_string() });
        }
        thread::sleep(Duration::from_millis(20));
    }
}
