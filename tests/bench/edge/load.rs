//! Load on a Worker by wrk, and the processor time that it took of workerd.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use e2e::load::{Summary, Turn, wrk};
use e2e::{Outcome, process};

/// Below this much processor time a turn goes on: two hundred ticks of the clock it is read from.
const ENOUGH: Duration = process::TICK.saturating_mul(200);
/// A turn ends at the latest after so many times the load.
const MOST: usize = 6;
/// Connections.
const CONNECTIONS: usize = 16;
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

/// One turn on a port. `tokens` makes the tokens of each stretch of load.
pub(crate) async fn turn(
    workerd: u32,
    port: u16,
    seconds: u64,
    mut tokens: impl FnMut() -> Outcome<Tokens>,
) -> Outcome<Turn> {
    let url = format!("http://127.0.0.1:{port}/orders/17");
    let mut turn = Turn::default();
    for _ in 0..MOST {
        let tokens = tokens()?;
        let before = process::cpu(workerd)?;
        let often = if tokens.once { "once" } else { "again" };
        let more = [tokens.file.as_os_str(), often.as_ref()];
        let summary = wrk(CONNECTIONS, seconds, "tests/bench/edge/load.lua", &url, more).await?;
        tokio::time::sleep(SETTLING).await;
        turn.cpu += process::cpu(workerd)?.saturating_sub(before);
        turn.requests += summary.requests;
        turn.refused += summary.refused;
        turn.left += u64::try_from(CONNECTIONS)?;
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
