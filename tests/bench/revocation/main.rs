//! What revocation costs and how fast it is, measured on the real parts: one table a section, and a
//! plot in docs/. Run by `cargo xtask bench revocation`.

mod churn;
mod edges;
mod filters;
mod propagation;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use e2e::Outcome;
use xtask::{Step, Workspace};

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
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

async fn measure() -> Outcome {
    filters::section()?;
    edges::section().await?;
    churn::section().await?;
    let docs = Workspace::locate().path("docs");
    propagation::section(&docs.join("revocation-propagation.svg")).await
}

/// Shows that something is being measured, and for how long.
async fn shown<T>(name: &str, measuring: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let mut step = Step::begin(name);
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    let mut measuring = std::pin::pin!(measuring);
    loop {
        tokio::select! {
            found = &mut measuring => {
                step.done();
                return found;
            }
            _ = ticks.tick() => step.tick(),
        }
    }
}

/// Prints a table: its title, then a row a line, the first cell to the left and the rest to the right.
fn table(title: &str, rows: &[Vec<String>]) -> Outcome {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{title}")?;
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            if at == 0 {
                write!(out, "{cell:<32}")?;
            } else {
                write!(out, "  {cell:>12}")?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}
