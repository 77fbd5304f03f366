//! The commands.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app::{self, App, StartError};
use crate::config::Config;
use crate::crypto::KeyRing;
use crate::port::{Accounts as _, Email};
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
    /// Bring the databases up to date and exit; `serve` does so too.
    Migrate,
    /// The keys: makes those that are missing, lists their public halves.
    Keys {
        #[command(subcommand)]
        command: Option<Keys>,
    },
    /// The accounts.
    User {
        #[command(subcommand)]
        command: User,
    },
}

#[derive(Subcommand)]
enum Keys {
    /// The public JWK of one key.
    Show {
        /// Its `kid`.
        kid: String,
    },
    /// The value of `ANCHOR_KEY` that edges are configured with.
    Anchor,
}

#[derive(Subcommand)]
enum User {
    /// List the accounts: address, id, roles.
    List,
    /// Give an account these roles in place of those it has; felt at its next refresh.
    Roles {
        /// Its e-mail address.
        email: String,
        /// The roles; none takes all away.
        roles: Vec<String>,
    },
}

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; then there is nobody to tell.
            writeln!(io::stderr(), "origin: {}", telemetry::chain(&*error)).ok();
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), StartError> {
    let config = Config::load(arguments.config.as_deref(), variables())?;
    match &arguments.command {
        Command::Serve => runtime()?.block_on(serve(&config)),
        Command::Migrate => runtime()?.block_on(migrate(&config)),
        Command::Keys { command } => keys(&config, command.as_ref()),
        Command::User { command: User::List } => runtime()?.block_on(list(&config)),
        Command::User { command: User::Roles { email, roles } } => {
            runtime()?.block_on(set_roles(&config, email, roles))
        }
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
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        stop.send_replace(true);
    });
    app.run(config, stopped).await
}

async fn migrate(config: &Config) -> Result<(), StartError> {
    App::build(config).await?;
    print("databases are up to date")
}

fn keys(config: &Config, command: Option<&Keys>) -> Result<(), StartError> {
    let ring = KeyRing::open(&config.state)?;
    match command {
        None => {
            for key in ring.public() {
                let kid = key.jwk.kid.as_deref().unwrap_or_default();
                print(&format!("{kid}  EdDSA  {}", key.purpose))?;
            }
            Ok(())
        }
        Some(Keys::Anchor) => print(&ring.anchor_key()),
        Some(Keys::Show { kid }) => {
            let found = ring.public().into_iter().find(|key| key.jwk.kid.as_ref() == Some(kid));
            match found {
                Some(key) => print(&serde_json::to_string_pretty(&key.jwk)?),
                None => Err("there is no key of this kid; `origin keys` lists them".into()),
            }
        }
    }
}

/// Accounts that are read at a time.
const PAGE: u32 = 500;

async fn list(config: &Config) -> Result<(), StartError> {
    let accounts = app::accounts(config).await?;
    let mut last = String::new();
    loop {
        let page = accounts.after(&last, PAGE).await?;
        let Some(end) = page.last() else { return Ok(()) };
        last.clone_from(&end.email);
        for account in page {
            let state = if account.disabled { "  (disabled)" } else { "" };
            let roles = account.roles.join(",");
            print(&format!("{}  {}  [{roles}]{state}", account.email, account.id))?;
        }
    }
}

async fn set_roles(config: &Config, email: &str, roles: &[String]) -> Result<(), StartError> {
    crate::service::check_roles(roles)?;
    let email = Email::parse(email)?;
    let accounts = app::accounts(config).await?;
    let account = accounts.by_email(&email).await?;
    let account = account.ok_or("there is no account with this e-mail address")?;
    accounts.set_roles(&account.id, roles).await?;
    let roles = if roles.is_empty() { String::from("none") } else { roles.join(", ") };
    print(&format!("roles of {}: {roles} (from the next refresh on)", email.as_str()))
}

fn print(line: &str) -> Result<(), StartError> {
    writeln!(io::stdout(), "{line}").map_err(Into::into)
}
