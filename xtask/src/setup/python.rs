//! Schemathesis, which holds the API to its description, in a Python environment of its own outside the
//! clone.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{already, apt_install, find};
use crate::{Error, Workspace, error::Doing, progress};

/// What is installed, each file by its hash.
const REQUIREMENTS: &str = "tests/api/requirements.txt";

/// The program of Schemathesis, as `tests/api/requirements.txt` pins it, installed first where it is not.
///
/// # Errors
/// When there is no Python, or it cannot be installed from here.
pub fn schemathesis(workspace: &Workspace) -> Result<PathBuf, Error> {
    let requirements = workspace.path(REQUIREMENTS);
    let wanted = fs::read_to_string(&requirements)
        .doing(|| format!("reading {}", requirements.display()))?;
    let version = wanted
        .lines()
        .find_map(|line| line.strip_prefix("schemathesis==")?.split_whitespace().next())
        .ok_or_else(|| Error::Unexpected(format!("{REQUIREMENTS} pins no schemathesis")))?;
    let home = Workspace::tool("schemathesis", version)?;
    let program = home.join("bin/schemathesis");
    // What it was installed from, inside what was installed: it goes when that goes.
    let stamp = home.join("installed-from.txt");
    if program.is_file() && fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(program);
    }
    let python = python(workspace)?;
    let log = workspace.log("schemathesis");
    let limit = Some(Duration::from_mins(5));
    let mut environment = Command::new(python);
    environment.args(["-m", "venv", "--clear"]).arg(&home);
    progress::run("Python environment", &mut environment, &log, limit)?;
    let mut install = Command::new(home.join("bin/python"));
    install
        .args(["-m", "pip", "install", "--require-hashes", "--only-binary", ":all:", "--no-deps"])
        .arg("--requirement")
        .arg(&requirements);
    progress::run(&format!("schemathesis {version} (pip)"), &mut install, &log, limit)?;
    fs::write(&stamp, &wanted).doing(|| format!("writing {}", stamp.display()))?;
    Ok(program)
}

/// A Python that makes environments; Debian's does once `python3-venv` is there.
fn python(workspace: &Workspace) -> Result<PathBuf, Error> {
    let complete = || find("python3").filter(|python| makes_environments(python));
    if let Some(python) = complete() {
        return Ok(python);
    }
    apt_install(workspace, "Python", &["python3", "python3-venv"])?;
    complete().ok_or_else(|| Error::Missing {
        program: "python3".into(),
        install: "sudo apt-get install python3 python3-venv".into(),
    })
}

fn makes_environments(python: &Path) -> bool {
    let asked = Command::new(python).args(["-c", "import ensurepip, venv"]).output();
    asked.is_ok_and(|output| output.status.success())
}

pub(super) fn ensure(workspace: &Workspace) -> Result<(), Error> {
    schemathesis(workspace)?;
    already("schemathesis");
    Ok(())
}
