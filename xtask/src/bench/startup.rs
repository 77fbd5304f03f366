//! How long the parts take to start, and what the origin then holds.
//!
//! The Worker is compared with one of a single line of JavaScript, started in the same way: what
//! workerd takes for itself is in both.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Map, Value};

use crate::{
    Error, Workspace,
    build::{self, Profile},
    error::Doing,
    setup,
    stack::{self, BareWorker, Options, Part, Ports, probe},
};

/// Odd, so that the median is one of the runs.
const RUNS: usize = 11;

/// How long one start may take before the bench gives up.
const LIMIT: Duration = Duration::from_secs(30);

/// What the smallest Worker there is does.
const EMPTY_WORKER: &str = "export default { fetch() { return new Response('ok') } }";

/// Measures the origin's and the Worker's start and prints a table of medians.
///
/// # Errors
/// When a part does not build or does not start.
pub fn startup(workspace: &Workspace) -> Result<(), Error> {
    let tools = setup::run(workspace)?;
    build::edge(workspace, &tools)?;
    let program = build::origin(workspace, Profile::Release)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .doing(|| "starting the async runtime".into())?;
    let state = workspace.target().join("xtask/bench");
    let options = Options { ports: Ports::free(), ..Options::new(state) };
    let (origin, memory) = runtime.block_on(origin_starts(&program, &options))?;
    let vars = vars(workspace, &program, &options)?;
    let (worker, empty) = runtime.block_on(worker_starts(workspace, &options.state, vars))?;

    let rows = [
        ("origin serve to /readyz 200", format!("{:.1} ms", millis(origin))),
        ("origin, resident memory when idle", format!("{} MB", memory.div_ceil(1024))),
        ("workerd to the first response, our Worker", format!("{:.1} ms", millis(worker))),
        ("workerd to the first response, empty Worker", format!("{:.1} ms", millis(empty))),
        ("  the Worker's own share", format!("{:.1} ms", millis(worker.saturating_sub(empty)))),
        ("  ratio", format!("{:.2}", worker.as_secs_f64() / empty.as_secs_f64())),
    ];
    let mut out = io::stdout().lock();
    writeln!(out, "medians of {RUNS} runs").doing(|| "printing".into())?;
    for (what, value) in rows {
        writeln!(out, "{what:<46}{value:>12}").doing(|| "printing".into())?;
    }
    Ok(())
}

/// The median start of the origin on the embedded store, and its idle memory in KiB.
async fn origin_starts(program: &Path, options: &Options) -> Result<(Duration, u64), Error> {
    let state = stack::private_folder(&options.state)?;
    let ports = options.ports.resolve()?;
    let secret = stack::kept_secret(&state.join("edge-secret"))?;
    let mut part = stack::origin_part(program, &state, ports, &secret, options);
    // Keys and databases are made by the first start: an operator waits for that once.
    first_answer(&mut part, ports.operator, "/readyz", 200).await?;
    part.stop().await?;
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        times.push(first_answer(&mut part, ports.operator, "/readyz", 200).await?);
        tokio::time::sleep(Duration::from_secs(1)).await;
        memory.push(resident(&part)?);
        part.stop().await?;
    }
    Ok((median(times), median(memory)))
}

/// The vars of a Worker for an origin that need not be there.
fn vars(
    workspace: &Workspace,
    origin: &Path,
    options: &Options,
) -> Result<Map<String, Value>, Error> {
    let state = stack::private_folder(&options.state)?;
    let anchor = stack::anchor_key(origin, &state, options)?;
    let secret = stack::kept_secret(&state.join("edge-secret"))?;
    let mut vars = stack::worker_vars(workspace)?;
    vars.insert("ANCHOR_KEY".into(), Value::from(anchor));
    vars.insert("EDGE_SECRET".into(), Value::from(secret));
    Ok(vars)
}

/// The median times to the first response of our Worker and of an empty one, in turn, each in a fresh
/// workerd whose files are in this folder.
///
/// # Errors
/// When the Worker is not built or does not start.
pub async fn worker_starts(
    workspace: &Workspace,
    folder: &Path,
    vars: Map<String, Value>,
) -> Result<(Duration, Duration), Error> {
    let ports = Ports::free().resolve()?;
    let our_worker = BareWorker::Ours { vars, kv: None };
    let mut ours = stack::workerd(workspace, &folder.join("ours"), ports.edge, &our_worker)?;
    let empty_worker = BareWorker::script(EMPTY_WORKER);
    let mut empty = stack::workerd(workspace, &folder.join("empty"), ports.app, &empty_worker)?;
    let (mut our_times, mut empty_times) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        our_times.push(first_answer(&mut ours, ports.edge, PATH, 400).await?);
        ours.kill();
        empty_times.push(first_answer(&mut empty, ports.app, PATH, 200).await?);
        empty.kill();
    }
    Ok((median(our_times), median(empty_times)))
}

/// Refused by the gate for its form, so that no mailbox and no app has a part in the time.
const PATH: &str = "/a//b";

/// Starts a part and says how long its first answer took.
async fn first_answer(
    server: &mut Part,
    port: u16,
    path: &str,
    wanted: u16,
) -> Result<Duration, Error> {
    let started = Instant::now();
    server.start()?;
    loop {
        match probe::status(port, path).await {
            Ok(status) if wanted == status => {
                return Ok(started.elapsed());
            }
            _ => {}
        }
        server.check()?;
        if started.elapsed() > LIMIT {
            return Err(server.failure(format!("did not answer within {} s", LIMIT.as_secs())));
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
}

/// The resident memory of a part, in KiB.
fn resident(part: &Part) -> Result<u64, Error> {
    let id = part.id().ok_or_else(|| Error::Unexpected("the origin is not running".into()))?;
    let path = format!("/proc/{id}/status");
    let status = fs::read_to_string(&path).doing(|| format!("reading {path} (Linux only)"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok())
        .ok_or_else(|| Error::Unexpected(format!("{path} names no VmRSS")))
}

/// The middle one of an odd number of measurements.
fn median<T: Ord + Copy + Default>(mut all: Vec<T>) -> T {
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
