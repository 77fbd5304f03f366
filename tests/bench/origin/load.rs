//! Load by wrk, and the processor time that it took of who answers.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use e2e::{Outcome, process};
use serde::Deserialize;
use tokio::process::Command;
use xtask::Workspace;

use crate::rows::{Asked, Row, Task};

/// Connections of a load of refreshes, all of one thread of wrk.
const CONNECTIONS: usize = 16;
/// Sessions of one turn: wrk also has a request made for nobody, to look at.
pub(crate) const SESSIONS: usize = CONNECTIONS + 1;
/// Connections of a load of sign-ins: as many as keep the threads that hash busy.
const LOGIN_CONNECTIONS: usize = 4;
/// For what is under way when wrk stops.
pub(crate) const SETTLING: Duration = Duration::from_millis(100);

/// What one turn came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Turn {
    pub(crate) requests: u64,
    /// Of all threads of who answers.
    pub(crate) cpu: Duration,
    /// Of Redis.
    pub(crate) redis: Duration,
    pub(crate) took: Duration,
}

impl Turn {
    /// How much of a core the server got.
    pub(crate) fn share(&self) -> f64 {
        self.cpu.as_secs_f64() / self.took.as_secs_f64()
    }

    /// Processor time of a request, in microseconds.
    pub(crate) fn micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.count()
    }

    /// Requests answered in a second of the processor's: as many as in a second of a core that has nothing
    /// else to do.
    pub(crate) fn of_a_core(&self) -> f64 {
        self.count() / self.cpu.as_secs_f64()
    }

    /// Redis' processor time of a request, in microseconds.
    pub(crate) fn redis_micros(&self) -> f64 {
        self.redis.as_secs_f64() * 1e6 / self.count()
    }

    /// Requests answered in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.count() / self.took.as_secs_f64()
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn count(&self) -> f64 {
        self.requests as f64
    }
}

/// What wrk says at its end, by way of load.lua.
#[derive(Deserialize)]
struct Summary {
    requests: u64,
    micros: u64,
    broken: u64,
    refused: u64,
}

/// Who answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    pub(crate) port: u16,
    pub(crate) server: u32,
    pub(crate) redis: u32,
}

/// Asks for so many seconds with these tokens.
///
/// # Errors
/// When an answer is a refusal: then something else was measured than what was meant.
pub(crate) async fn turn(
    row: &Row,
    served: Served,
    seconds: u64,
    file: &Path,
    tokens: &[String],
) -> Outcome<Turn> {
    fs::write(file, tokens.join("\n") + "\n")?;
    let before = (process::cpu(served.server)?, process::cpu(served.redis)?);
    let summary = wrk(row, served.port, seconds, file).await?;
    tokio::time::sleep(SETTLING).await;
    let after = (process::cpu(served.server)?, process::cpu(served.redis)?);
    let Summary { requests, micros, broken, refused } = summary;
    if requests == 0 || broken > 0 || refused > 0 {
        let name = row.name;
        return Err(format!("{name}: of {requests}, {refused} refused, {broken} broken off").into());
    }
    Ok(Turn {
        requests,
        cpu: after.0.saturating_sub(before.0),
        redis: after.1.saturating_sub(before.1),
        took: Duration::from_micros(micros),
    })
}

async fn wrk(row: &Row, port: u16, seconds: u64, file: &Path) -> Outcome<Summary> {
    let Asked { method, path, headers, body, once } = row.asked();
    let connections = match row.task {
        Task::Refresh => CONNECTIONS,
        Task::Login => LOGIN_CONNECTIONS,
    };
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "--timeout=10s"])
        .arg("-s")
        .arg(Workspace::locate().path("tests/bench/origin/load.lua"))
        .arg(format!("http://127.0.0.1:{port}{path}"))
        .arg("--")
        .arg(file)
        .args([if once { "once" } else { "again" }, method, headers, body])
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
