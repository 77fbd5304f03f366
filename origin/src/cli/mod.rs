//! The commands.

mod doctor;
mod keys;
mod probe;
mod revoke;
mod served;
mod users;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app::{App, StartError};
use crate::config::Config;
use crate::http::Doors;
use crate::telemetry;

/// The issuer of Portcullis: sign-in, refresh, sign-out, and what edges need to know of them.
#[derive(Parser)]
#[command(name = "origin", version)]
struct Arguments {
    /// The configuration file [default: portcullis.toml, if there is one]. Variables named
    /// `PORTCULLIS__SECTION__KEY` override what it says.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until told to stop by SIGTERM or Ctrl-C.
    Serve,
    /// Make the keys and databases that are missing, bring these up to date, and exit; `serve` does so
    /// too, and no other command but `keys anchor --make`, the keys.
    Migrate,
    /// The keys: lists their public halves and where they stand.
    Keys {
        #[command(subcommand)]
        command: Option<keys::Keys>,
    },
    /// End sessions, whoever uses them: felt at every edge within seconds.
    Revoke(revoke::Revoke),
    /// Look whether all is well: configuration, keys, stores, KV, mail, providers, and an edge. Changes nothing.
    /// Ends with 1 if something is wrong.
    Doctor(doctor::Doctor),
    /// The accounts.
    User {
        #[command(subcommand)]
        command: users::User,
    },
}

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            // Standard error may be closed; then there is nobody to tell.
            writeln!(io::stderr(), "origin: {}", telemetry::chain(&*error)).ok();
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, StartError> {
    let config = Config::load(arguments.config.as_deref(), variables());
    if let Command::Doctor(doctor) = &arguments.command {
        return runtime()?.block_on(doctor::run(config, doctor));
    }
    obey(&config?, &arguments.command).map(|()| ExitCode::SUCCESS)
}

fn obey(config: &Config, command: &Command) -> Result<(), StartError> {
    match command {
        Command::Serve => runtime()?.block_on(serve(config)),
        Command::Migrate => runtime()?.block_on(migrate(config)),
        Command::Keys { command } => keys::run(config, command.as_ref()),
        Command::Revoke(revoke) => runtime()?.block_on(revoke::run(config, revoke)),
        Command::User { command } => runtime()?.block_on(users::run(config, command)),
        // It is obeyed where there is no configuration, too.
        Command::Doctor(_) => Ok(()),
    }
}

/// Variables that are no text cannot be ours.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

async fn serve(config: &Config) -> Result<(), StartError> {
    telemetry::start(std::env::var("RUST_LOG").ok().as_deref())?;
    // Before anything else, so that a signal during the start is not missed.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stop, stopped) = watch::channel(false);
    let app = App::build(config).await?;
    let doors = Doors::open(&config.server).await?;
    // Now that no other origin serves here.
    if let Err(error) = served::note(config) {
        let error = telemetry::chain(&error);
        tracing::warn!(error, "commands beside this origin cannot tell what it is configured with");
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        stop.send_replace(true);
    });
    app.run(doors, stopped).await
}

async fn migrate(config: &Config) -> Result<(), StartError> {
    let is_new = served::keys(config).is_err();
    if !is_new {
        served::as_noted(config)?;
    }
    App::build(config).await?;
    if is_new {
        return print(&format!("keys and databases are made, in {}", served::folder(config)));
    }
    print("databases are up to date")
}

/// Says what the command has to say.
fn print(line: &str) -> Result<(), StartError> {
    writeln!(io::stdout(), "{line}").map_err(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kid_that_begins_with_a_hyphen_is_no_option() {
        for (command, kid) in [("show", "-a_B"), ("revoke", "--x"), ("revoke", "-")] {
            let parsed = Arguments::try_parse_from(["origin", "keys", command, kid]).unwrap();
            let Command::Keys { command: Some(keys) } = parsed.command else { panic!("{kid}") };
            let (keys::Keys::Show { kid: read } | keys::Keys::Revoke { kid: read }) = keys else {
                panic!("{kid}")
            };
            assert_eq!(read, kid);
        }
    }
}
