//! Load by wrk, and what it took of whoever answers.

use std::ffi::OsStr;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use xtask::Workspace;

use crate::Outcome;

/// What one turn of load came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turn {
    /// Requests that were answered.
    pub requests: u64,
    /// Of these, answers of 400 and above.
    pub refused: u64,
    /// Processor time of all threads of who answers.
    pub cpu: Duration,
    /// Processor time of the Redis behind it, where there is one.
    pub redis: Duration,
    /// By the clock.
    pub took: Duration,
    /// Requests that wrk did not wait for at its end, at most: one a connection.
    pub left: u64,
}

impl Turn {
    /// How much of a core the server got; less than one where others work on the machine, too.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.cpu.as_secs_f64() / self.took.as_secs_f64()
    }

    /// Processor time of a request, in microseconds.
    #[must_use]
    pub fn micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.count()
    }

    /// Redis' processor time of a request, in microseconds.
    #[must_use]
    pub fn redis_micros(&self) -> f64 {
        self.redis.as_secs_f64() * 1e6 / self.count()
    }

    /// Requests answered in a second of the processor's: as many as in a second of a core that has nothing
    /// else to do.
    #[must_use]
    pub fn of_a_core(&self) -> f64 {
        self.count() / self.cpu.as_secs_f64()
    }

    /// Requests answered in a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.count() / self.took.as_secs_f64()
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn count(&self) -> f64 {
        self.requests as f64
    }
}

/// What wrk says at its end, by way of a script's `summary` line.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Summary {
    /// Answers.
    pub requests: u64,
    /// By the clock.
    pub micros: u64,
    /// Requests without an answer.
    pub broken: u64,
    /// Answers of 400 and above.
    pub refused: u64,
}

/// Asks for so many seconds over so many connections, all of one thread of wrk. The script's path is that
/// in this workspace; `more` is for the script.
///
/// # Errors
/// When wrk is not there, or its script fails.
pub async fn wrk<'a>(
    connections: usize,
    seconds: u64,
    script: &str,
    url: &str,
    more: impl IntoIterator<Item = &'a OsStr>,
) -> Outcome<Summary> {
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "--timeout=10s"])
        .arg("-s")
        .arg(Workspace::locate().path(script))
        .arg(url)
        .arg("--")
        .args(more)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let summary = printed.lines().find_map(|line| line.strip_prefix("summary "));
    let summary = summary.ok_or_else(|| {
        format!("wrk told nothing: {printed}{}", String::from_utf8_lossy(&output.stderr))
    })?;
    Ok(serde_json::from_str(summary)?)
}

/// A quarter of the way through them in order, half, and three quarters.
pub fn quartiles(all: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut all: Vec<f64> = all.collect();
    all.sort_unstable_by(f64::total_cmp);
    let last = all.len().saturating_sub(1);
    [1, 2, 3].map(|quarters| all.get(last * quarters / 4).copied().unwrap_or_default())
}
