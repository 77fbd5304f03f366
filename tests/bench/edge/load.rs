//! Load on a Worker by wrk, and the processor time that it took of workerd.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use e2e::{Outcome, process};
use serde::Deserialize;
use tokio::process::Command;
use xtask::Workspace;

/// Below this much processor time a turn goes on: two hundred ticks of the clock it is read from.
const ENOUGH: Duration = process::TICK.saturating_mul(200);
/// A turn ends at the latest after so many times the load.
const MOST: usize = 6;
/// Connections, all of one thread of wrk.
const CONNECTIONS: u64 = 16;
/// For what is under way when wrk stops.
const SETTLING: Duration = Duration::from_millis(30);

/// Tokens that a load is made with.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    /// A token a line.
    pub(crate) file: PathBuf,
    /// Whether none may come twice; the load ends when they are used up.
    pub(crate) once: bool,
}

impl Tokens {
    /// Writes them where wrk reads them.
    pub(crate) fn write(file: PathBuf, tokens: &[String], once: bool) -> Outcome<Self> {
        fs::write(&file, tokens.join("\n") + "\n")?;
        Ok(Self { file, once })
    }
}

/// What one turn came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Turn {
    pub(crate) requests: u64,
    /// Answers of 400 and above.
    pub(crate) refused: u64,
    /// Of all threads of workerd.
    pub(crate) cpu: Duration,
    pub(crate) took: Duration,
    /// Requests that wrk did not wait for at its end, at most.
    pub(crate) left: u64,
}

impl Turn {
    /// How much of a core workerd got; less than one where others work on the machine, too.
    pub(crate) fn share(&self) -> f64 {
        self.cpu.as_secs_f64() / self.took.as_secs_f64()
    }

    /// Processor time of a request, in microseconds.
    pub(crate) fn micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.count()
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

/// One turn on a port. `tokens` makes the tokens of each stretch of load.
pub(crate) async fn turn(
    workerd: u32,
    port: u16,
    seconds: u64,
    mut tokens: impl FnMut() -> Outcome<Tokens>,
) -> Outcome<Turn> {
    let mut turn = Turn::default();
    for _ in 0..MOST {
        let tokens = tokens()?;
        let before = process::cpu(workerd)?;
        let summary = wrk(port, seconds, &tokens).await?;
        tokio::time::sleep(SETTLING).await;
        turn.cpu += process::cpu(workerd)?.saturating_sub(before);
        turn.requests += summary.requests;
        turn.refused += summary.refused;
        turn.left += CONNECTIONS;
        turn.took += Duration::from_micros(summary.micros);
        if summary.broken > 0 {
            let Summary { requests, broken, .. } = summary;
            return Err(format!("{broken} requests broke off, {requests} were answered").into());
        }
        if turn.cpu >= ENOUGH {
            break;
        }
    }
    // One stretch may pass without an answer where the machine is very busy, but not all of them.
    if turn.requests == 0 { Err("no request was answered".into()) } else { Ok(turn) }
}

async fn wrk(port: u16, seconds: u64, tokens: &Tokens) -> Outcome<Summary> {
    let script: &Path = &Workspace::locate().path("tests/bench/edge/load.lua");
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s"), "-s"])
        .arg(script)
        .arg(format!("http://127.0.0.1:{port}/orders/17"))
        .arg("--")
        .arg(&tokens.file)
        .arg(if tokens.once { "once" } else { "again" })
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
