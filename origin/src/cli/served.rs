//! Commands work on what an origin serves from. In another folder they would find nothing, make keys and
//! databases of their own there, and report success: so they look first. Databases are made by `serve` and
//! `migrate` alone, keys by these and `keys anchor --make`. Whether it is the same Redis and the same Postgres is not
//! looked at, only whether there is one.

use std::path::{self, Path, PathBuf};
use std::{fs, io};

use crate::app::{self, StartError};
use crate::config::Config;

/// The file of the state folder that names what is configured to be elsewhere. Files of the stores can be
/// left from a time when it was not.
const NOTE: &str = "elsewhere";

/// Leaves word for commands of where this origin keeps what.
pub(super) fn note(config: &Config) -> io::Result<()> {
    let file = config.state.join(NOTE);
    let told: String = elsewhere(config).map(|(key, is)| if is { key } else { "" }).join("\n");
    // The folder may be one that is only read from, all else being elsewhere.
    if fs::read_to_string(&file).is_ok_and(|there| there == told) {
        return Ok(());
    }
    // In one step: a command may be reading it.
    let written = config.state.join(format!("{NOTE}.{}", std::process::id()));
    fs::write(&written, told)?;
    fs::rename(written, file)
}

/// What may be elsewhere than in the state folder, by its key, and whether it is.
fn elsewhere(config: &Config) -> [(&'static str, bool); 2] {
    [("redis.url", config.redis.is_some()), ("database.url", config.database.is_some())]
}

/// All that an origin serves from must be there: keys, sessions, accounts.
pub(super) fn all(config: &Config) -> Result<(), StartError> {
    keys(config)?;
    as_noted(config)?;
    let sessions = absolute(&config.state.join("sessions.db"));
    if config.redis.is_none() && !sessions.is_file() {
        return Err(absent("redis.url", "sessions", &sessions));
    }
    if let Some(accounts) = app::accounts_file(config)?.map(|file| absolute(&file))
        && !accounts.is_file()
    {
        return Err(absent("database.url", "accounts", &accounts));
    }
    Ok(())
}

/// What this command takes for elsewhere must be so for the origin as well.
pub(super) fn as_noted(config: &Config) -> Result<(), StartError> {
    // An older origin left no word.
    let Ok(noted) = fs::read_to_string(config.state.join(NOTE)) else { return Ok(()) };
    for (key, is) in elsewhere(config) {
        let was = noted.lines().any(|line| line == key);
        let (origin, command) = match (was, is) {
            (true, false) => ("is configured with it", "give this command the same"),
            (false, true) => ("has none", "leave it out here"),
            (true, true) | (false, false) => continue,
        };
        let (folder, variable) = (folder(config), variable(key));
        return Err(format!(
            "{key}: the origin that serves from {folder} {origin}; {command} ({variable}). Nothing was \
             changed. If it is to be so from now on, start that origin first"
        )
        .into());
    }
    Ok(())
}

/// Its keys must be there.
pub(super) fn keys(config: &Config) -> Result<(), StartError> {
    let anchor = absolute(&config.state.join("keys/anchor.jwk"));
    if anchor.is_file() {
        return Ok(());
    }
    Err(format!(
        "state.dir: no origin has served from {}: there is no {}. Run this in the folder that the \
         origin runs in (beside `cargo xtask dev`: the project's), or give it what that one is \
         configured with: the same --config FILE, or the same PORTCULLIS__… variables. Nothing was \
         made; `origin serve` makes what a new one needs",
        folder(config),
        anchor.display(),
    )
    .into())
}

/// The state folder in full, for people to recognise.
pub(super) fn folder(config: &Config) -> String {
    absolute(&config.state).display().to_string()
}

fn absent(key: &str, what: &str, file: &Path) -> StartError {
    format!(
        "{key}: there are no {what} in {}; if the origin keeps them elsewhere, give this command the \
         same {key} ({}). Nothing was made",
        file.display(),
        variable(key),
    )
    .into()
}

/// What sets a key from outside of the file.
fn variable(key: &str) -> String {
    format!("PORTCULLIS__{}", key.replace('.', "__").to_uppercase())
}

/// Where a path leads from here; as it is, if the system cannot tell where that is.
fn absolute(path: &Path) -> PathBuf {
    path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
