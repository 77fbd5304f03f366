//! `cargo xtask dev`: everything, in the foreground.

use std::{
    io::{self, Write},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    signal::unix::{SignalKind, signal},
    time::timeout,
};

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
pub fn run(workspace: &Workspace, mut options: Options) -> Result<(), Error> {
    // First of all: who need not wait is not kept waiting for a build.
    let claim = Claim::take(&options)?;
    options.dev_vars = stack::own_dev_vars(workspace)?;
    for told in stack::look_over(workspace, &options)? {
        progress::note(&told);
    }
    let tools = setup::run(workspace)?;
    build::edge(workspace, &tools)?;
    let origin = build::origin(workspace, Profile::Dev)?;
    stack::write_dev_vars(workspace, &origin)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .doing(|| "starting the async runtime".into())?;
    runtime.block_on(async {
        let start = async {
            let stack = Stack::start_in(claim, workspace, &origin, options).await?;
            let silent = silent_app(&stack).await;
            Ok::<_, Error>((stack, silent))
        };
        let (mut stack, silent) = tokio::select! {
            started = start => started?,
            // Dropping the half-started stack ends its parts.
            outcome = asked_to_stop() => return outcome,
        };
        writeln!(io::stdout(), "ready {}", stack.edge_url())
            .doing(|| "telling that the stack is ready".into())?;
        let logs = stack.state().join("logs");
        progress::note(&format!(
            "Ctrl-C ends it; the story to follow is in README.md; logs are in {}",
            logs.display()
        ));
        let operator = stack.ports().operator;
        progress::note(&format!("metrics, for operators: http://localhost:{operator}/metrics"));
        if let Some(url) = silent {
            progress::note(&format!("nothing answers at APP_URL, {url}, yet: until then, 502"));
        }
        tokio::select! {
            error = stack.broken(progress::note) => return Err(error),
            outcome = asked_to_stop() => outcome?,
        }
        stack.stop().await
    })
}

/// The URL of somebody's own app, if nothing listens there. A binding is no matter of ours.
async fn silent_app(stack: &Stack) -> Option<String> {
    let url = stack.another_app()?;
    let (scheme, host) = url.split_once("://")?;
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let port = if scheme == "https" { 443 } else { 80 };
    let address = if has_port { host.to_owned() } else { format!("{host}:{port}") };
    let connected = timeout(Duration::from_secs(2), TcpStream::connect(address)).await;
    let is_there = connected.is_ok_and(|stream| stream.is_ok());
    (!is_there).then(|| url.to_owned())
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
