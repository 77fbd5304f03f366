//! Commands work on what an origin serves from. In another folder they would find nothing, make keys and
//! databases of their own there, and report success: so they look first, and `serve` alone makes any.

use std::path::{self, Path, PathBuf};

use crate::app::{self, StartError};
use crate::config::Config;

/// All that an origin serves from must be there: keys, sessions, accounts.
pub(super) fn all(config: &Config) -> Result<(), StartError> {
    keys(config)?;
    let sessions = absolute(&config.state.join("sessions.db"));
    if config.redis.is_none() && !sessions.is_file() {
        return Err(elsewhere("redis.url", "sessions", &sessions));
    }
    if let Some(accounts) = app::accounts_file(config)?.map(|file| absolute(&file))
        && !accounts.is_file()
    {
        return Err(elsewhere("database.url", "accounts", &accounts));
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

fn elsewhere(key: &str, what: &str, file: &Path) -> StartError {
    format!(
        "{key}: there are no {what} in {}; if the origin keeps them elsewhere, give this command the \
         same {key}. Nothing was made",
        file.display()
    )
    .into()
}

/// Where a path leads from here; as it is, if the system cannot tell where that is.
fn absolute(path: &Path) -> PathBuf {
    path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
