//! `cargo xtask dev`: everything, in the foreground.

use std::io::{self, Write};

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    Error, Workspace,
    build::{self, Profile},
    error::Doing,
    progress, setup,
    stack::{self, Claim, Options, Stack},
};

/// Sets up, builds, starts the stack, says `ready`, and ends it all on Ctrl-C, SIGTERM or SIGHUP.
///
/// # Errors
/// When a step fails or a part ends by itself.
pub fn run(workspace: &Workspace, options: Options) -> Result<(), Error> {
    // First of all: who need not wait is not kept waiting for a build.
    let claim = Claim::take(&options)?;
    let tools = setup::run(workspace)?;
    build::edge(workspace, &tools)?;
    let origin = build::origin(workspace, Profile::Dev)?;
    stack::write_dev_vars(workspace, &origin)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .doing(|| "starting the async runtime".into())?;
    runtime.block_on(async {
        let mut stack = tokio::select! {
            stack = Stack::start_in(claim, workspace, &origin, options) => stack?,
            // Dropping the half-started stack ends its parts.
            outcome = asked_to_stop() => return outcome,
        };
        writeln!(io::stdout(), "ready {}", stack.edge_url())
            .doing(|| "telling that the stack is ready".into())?;
        progress::note("Ctrl-C ends it; the story to follow is in README.md");
        tokio::select! {
            error = stack.broken() => return Err(error),
            outcome = asked_to_stop() => outcome?,
        }
        stack.stop().await
    })
}

async fn asked_to_stop() -> Result<(), Error> {
    let listen = |kind| signal(kind).doing(|| "listening for signals".into());
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}
