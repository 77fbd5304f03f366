//! Load by wrk, and the processor time that it took of who answers.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::Duration;

use e2e::load::{Summary, Turn, wrk};
use e2e::{Outcome, process};

use crate::rows::{Asked, Row, Task};

/// Connections of a load of refreshes.
const CONNECTIONS: usize = 16;
/// Sessions of one turn: wrk also has a request made for nobody, to look at.
pub(crate) const SESSIONS: usize = CONNECTIONS + 1;
/// Connections of a load of sign-ins: as many as keep the threads that hash busy.
const LOGIN_CONNECTIONS: usize = 4;
/// For what is under way when wrk stops.
pub(crate) const SETTLING: Duration = Duration::from_millis(100);

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
    let Asked { method, path, headers, body, once } = row.asked();
    let connections = match row.task {
        Task::Refresh => CONNECTIONS,
        Task::Login => LOGIN_CONNECTIONS,
    };
    let url = format!("http://127.0.0.1:{}{path}", served.port);
    let often = if once { "once" } else { "again" };
    let more = [file.as_os_str()].into_iter().chain([often, method, headers, body].map(OsStr::new));
    let before = (process::cpu(served.server)?, process::cpu(served.redis)?);
    let summary = wrk(connections, seconds, "tests/bench/origin/load.lua", &url, more).await?;
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
        left: u64::try_from(connections)?,
        refused,
    })
}
