//! What a refresh and a sign-in cost at the origin, beside what else people renew sessions with, in turn on
//! the same core. Run by `cargo xtask bench origin`.

mod chart;
mod crowd;
mod load;
mod rows;
mod site;
mod table;
mod yardstick;

use std::env;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use e2e::Outcome;
use e2e::load::Turn;
use load::SESSIONS;
use rows::{ROWS, Row, Task, Who};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use site::Site;
use xtask::bench::OriginCourse;
use xtask::{Step, Workspace};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without a terminal the exit code says it.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome {
    let mut arguments = env::args().skip(1);
    let first = arguments.next().ok_or("run me by `cargo xtask bench origin`")?;
    if first == yardstick::WORD {
        let seconds = arguments.next().ok_or("argon2id: for how many seconds?")?;
        return yardstick::hash(seconds.parse()?);
    }
    let course = serde_json::from_str(&first)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(&course))
}

/// A row and its turns.
#[derive(Debug)]
pub(crate) struct Measured {
    row: Row,
    turns: Vec<Turn>,
}

async fn measure(course: &OriginCourse) -> Outcome {
    let mut all = ROWS.to_vec();
    let wanted = |row: &Row| course.only.iter().any(|name| row.name.starts_with(name));
    all.retain(|row| course.only.is_empty() || wanted(row));
    if all.is_empty() {
        return Err("no row has a name like these".into());
    }
    let core = leave_a_core()?;
    let folder = tempfile::Builder::new().prefix("portcullis-bench-").tempdir()?;
    let mut site = Site::start(folder.path(), core).await?;
    // In each turn, sessions that were not in one before: wrk does not wait for its last answers.
    let sessions = SESSIONS * (course.rounds + 1);
    let mut step = Step::begin("servers and their sessions");
    for row in &all {
        step.tick();
        site.add(row.who, course, sessions).await?;
    }
    step.done();
    let mut measured: Vec<_> =
        all.into_iter().map(|row| Measured { row, turns: Vec::new() }).collect();
    // The first round warms up, and is forgotten.
    for round in 0..=course.rounds {
        let mut step = Step::begin(format!("round {round} of {}", course.rounds));
        let count = measured.len();
        for at in 0..count {
            step.tick();
            let seconds = if round == 0 { 1 } else { course.seconds };
            // Rotated, so that nobody always follows the same one.
            let Some(one) = measured.get_mut((at + round) % count) else { continue };
            let turn = take_turn(&mut site, folder.path(), &one.row, seconds).await?;
            if round > 0 {
                one.turns.push(turn);
            }
        }
        step.done();
    }
    if course.only.is_empty() {
        chart::draw(&Workspace::locate().path("docs/bench-origin.svg"), &measured)?;
    }
    let mut missed = table::print(&measured)?;
    if let Some(door) = site.door() {
        missed.extend(crowd::measure(&door).await?);
    }
    match missed.as_slice() {
        [] => Ok(()),
        missed => Err(format!("not as promised: {}", missed.join("; ")).into()),
    }
}

async fn take_turn(site: &mut Site, folder: &Path, row: &Row, seconds: u64) -> Outcome<Turn> {
    if row.who == Who::Argon2 {
        return yardstick::turn(site.core(), seconds);
    }
    let tokens = match row.task {
        Task::Refresh => site.sessions(row.who, SESSIONS)?,
        Task::Login => vec![site::login()],
    };
    load::turn(row, site.served(row.who)?, seconds, &folder.join("tokens"), &tokens).await
}

/// The first core is the servers'. This process keeps off it, and so do Redis and wrk after it.
fn leave_a_core() -> Outcome<usize> {
    let ours = sched_getaffinity(None)?;
    let mut cores = (0..CpuSet::MAX_CPU).filter(|core| ours.is_set(*core));
    let first = cores.next().ok_or("no core to run on")?;
    let mut others = CpuSet::new();
    let mut any = false;
    for core in cores {
        others.set(core);
        any = true;
    }
    if !any {
        return Err(
            "one core for the servers and one for the load are needed; this machine has one".into(),
        );
    }
    sched_setaffinity(None, &others)?;
    Ok(first)
}
