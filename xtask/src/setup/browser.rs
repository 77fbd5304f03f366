//! A browser for the tests to open pages with.

use std::path::PathBuf;

use super::{already, apt_install, find};
use crate::{Error, Workspace};

/// What it is called here and there.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// The program of a Chromium, installed first where there is none.
///
/// # Errors
/// When there is none and it cannot be installed from here.
pub fn browser(workspace: &Workspace) -> Result<PathBuf, Error> {
    if let Some(program) = NAMES.into_iter().find_map(find) {
        return Ok(program);
    }
    apt_install(workspace, "a browser", &["chromium"])?;
    find("chromium").ok_or_else(|| Error::Missing {
        program: "chromium".into(),
        install: "sudo apt-get install chromium".into(),
    })
}

pub(super) fn ensure(workspace: &Workspace) -> Result<(), Error> {
    browser(workspace)?;
    already("browser");
    Ok(())
}
