//! Node packages that only some tests and the bench need, each set with a package.json of its own.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::require;
use crate::{Error, Workspace, error::Doing, progress};

/// Two tests that need the same packages would take npm's half-made folder from each other.
static TURN: Mutex<()> = Mutex::new(());

/// Installs what the package-lock.json in this folder pins, once.
///
/// # Errors
/// When npm is missing or fails.
pub fn packages(workspace: &Workspace, folder: &Path) -> Result<(), Error> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let lock = folder.join("package-lock.json");
    let wanted = fs::read_to_string(&lock).doing(|| format!("reading {}", lock.display()))?;
    let stamp = folder.join("node_modules/.portcullis-installed");
    if fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    let npm = require("npm", "sudo apt-get install npm")?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    progress::run(
        &format!("packages of {name} (npm ci)"),
        Command::new(npm).arg("ci").current_dir(folder),
        &workspace.log(&format!("npm-ci-{name}")),
        Some(Duration::from_mins(5)),
    )?;
    fs::write(&stamp, wanted).doing(|| format!("writing {}", stamp.display()))
}
