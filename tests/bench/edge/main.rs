//! What a request costs at the edge, in processor time of workerd, beside other Workers in the same
//! process, in turn. Run by `cargo xtask bench edge`.

mod chart;
mod load;
mod rows;
mod site;
mod table;

use std::env;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Duration;

use e2e::Outcome;
use e2e::issuer::{Issuer, now};
use e2e::load::Turn;
use load::{Tokens, turn};
use rows::{Row, Shown, rows};
use site::Site;
use xtask::bench::{EdgeCourse, worker_starts};
use xtask::{Step, Workspace, build};

/// Good tokens that are shown again and again: so many sessions at once.
const SEEN: usize = 100;
/// Tokens that are shown once, for each second of load: more than any Worker here answers.
const NEW_A_SECOND: u64 = 8_000;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let measured = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(measure()));
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without a terminal the exit code says it.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A row and its turns.
#[derive(Debug)]
pub(crate) struct Measured {
    row: Row,
    turns: Vec<Turn>,
    counts: Counts,
}

/// Requests that the Worker's neighbours got in all turns of a row.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    app: u64,
    kv: u64,
    origin: u64,
}

async fn measure() -> Outcome {
    let course = env::args().nth(1).ok_or("run me by `cargo xtask bench edge`")?;
    let course: EdgeCourse = serde_json::from_str(&course)?;
    let mut all = rows(&course.revocations);
    all.retain(|row| {
        course.only.is_empty() || course.only.iter().any(|name| row.name.starts_with(name))
    });
    if all.is_empty() {
        return Err("no row has a name like these".into());
    }
    let folder = tempfile::Builder::new().prefix("portcullis-bench-").tempdir()?;
    let mut site = Site::start(&folder.path().join("workerd"), &all).await?;
    for row in &all {
        site.judges(row, &tokens(&folder.path().join("tokens"), &site.issuer, row, 1)?).await?;
    }
    let mut measured: Vec<_> = all
        .into_iter()
        .map(|row| Measured { row, turns: Vec::new(), counts: Counts::default() })
        .collect();
    // The first round warms up, and is forgotten.
    for round in 0..=course.rounds {
        let mut step = Step::begin(format!("round {round} of {}", course.rounds));
        let count = measured.len();
        for at in 0..count {
            step.tick();
            let seconds = if round == 0 { 1 } else { course.seconds };
            // Rotated, so that nobody always follows the same one.
            let Some(one) = measured.get_mut((at + round) % count) else { continue };
            let (turn, counts) = take_turn(&mut site, folder.path(), &one.row, seconds).await?;
            if round > 0 {
                one.turns.push(turn);
                one.counts.app += counts.app;
                one.counts.kv += counts.kv;
                one.counts.origin += counts.origin;
            }
        }
        step.done();
    }
    if !course.only.is_empty() {
        return table::print(&measured, None);
    }
    let beginning = Beginning::measure(&site, folder.path()).await?;
    chart::draw(&Workspace::locate().path("docs/bench-edge.svg"), &measured)?;
    table::print(&measured, Some(&beginning))
}

/// What a fresh workerd takes to its first response, and how much of the Worker there is to load.
#[derive(Debug)]
pub(crate) struct Beginning {
    ours: Duration,
    empty: Duration,
    gzip: usize,
}

impl Beginning {
    async fn measure(site: &Site, folder: &Path) -> Outcome<Self> {
        let workspace = Workspace::locate();
        let (ours, empty) = worker_starts(&workspace, folder, site.vars()?).await?;
        Ok(Self { ours, empty, gzip: build::edge_gzip(&workspace)? })
    }
}

async fn take_turn(
    site: &mut Site,
    folder: &Path,
    row: &Row,
    seconds: u64,
) -> Outcome<(Turn, Counts)> {
    // What was not asked for a while looks for a new head first, which is not what is measured.
    site.answers(row).await?;
    let (port, mailboxes) = site.of(row)?;
    let kv = || mailboxes.reads.kv.load(Ordering::Relaxed);
    let origin = || mailboxes.reads.origin.load(Ordering::Relaxed);
    let before = Counts { app: site.app.asked(), kv: kv(), origin: origin() };
    let process = site.process()?;
    let file = folder.join("tokens");
    let turn = turn(process, port, seconds, || tokens(&file, &site.issuer, row, seconds)).await?;
    let counts = Counts {
        app: site.app.asked() - before.app,
        kv: kv() - before.kv,
        origin: origin() - before.origin,
    };
    let wanted = if row.shown.passes() { 0 } else { turn.requests };
    if turn.refused != wanted {
        let name = &row.name;
        return Err(format!("{name}: {} refused, not {wanted}: {turn:?}", turn.refused).into());
    }
    Ok((turn, counts))
}

/// Tokens for one stretch of load, of the kind that a row shows.
fn tokens(file: &Path, issuer: &Issuer, row: &Row, seconds: u64) -> Outcome<Tokens> {
    let name = format!("{:?}", row.shown);
    let file = file.with_extension(&name);
    let once = row.shown == Shown::New;
    if !once && file.exists() {
        return Ok(Tokens { file, once });
    }
    let subject = |at: usize| format!("89c5d15b-86fb-46ef-ba1f-{at:012}");
    let count = if once { usize::try_from(NEW_A_SECOND * seconds)? } else { SEEN };
    let foreign = Issuer::new("https://foreign.example", "foreign-key")?;
    let tokens = (0..count).map(|at| match row.shown {
        Shown::Seen | Shown::New => issuer.token(&subject(at)),
        Shown::Garbage => Ok(format!("{at:0140}")),
        Shown::Foreign => foreign.token(&subject(at)),
        Shown::Expired => issuer.token_until(&subject(at), now()? - 1_000),
    });
    Tokens::write(file, &tokens.collect::<Outcome<Vec<_>>>()?, once)
}
