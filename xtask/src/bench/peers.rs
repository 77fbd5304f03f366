//! Other ways to verify a token in a Worker, as modules that workerd runs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{Error, Workspace, error::Doing, progress, setup};

/// Where their sources and their own package.json are.
const SOURCES: &str = "tests/bench/peers";

/// Bundles the peers of these names and says in which folder they are, as `<name>.js`.
///
/// # Errors
/// When what they are made of cannot be installed, or does not bundle.
pub fn peers(workspace: &Workspace, names: &[&str]) -> Result<PathBuf, Error> {
    let sources = workspace.path(SOURCES);
    install(workspace, &sources)?;
    let out = workspace.target().join("xtask/peers");
    let mut command = Command::new(workspace.node_program("esbuild"));
    command
        .args(names.iter().map(|name| sources.join("src").join(name).with_extension("js")))
        .args(["--bundle", "--format=esm", "--log-level=warning"])
        .arg(format!("--outdir={}", out.display()));
    progress::run("the peers (esbuild)", &mut command, &workspace.log("peers"), None)?;
    Ok(out)
}

/// As package-lock.json pins them, once.
fn install(workspace: &Workspace, sources: &Path) -> Result<(), Error> {
    let lock = sources.join("package-lock.json");
    let wanted = fs::read_to_string(&lock).doing(|| format!("reading {}", lock.display()))?;
    let stamp = sources.join("node_modules/.portcullis-installed");
    if fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    let npm = setup::find("npm").ok_or_else(|| Error::Missing {
        program: "npm".into(),
        install: "sudo apt-get install npm".into(),
    })?;
    progress::run(
        "the peers' packages (npm ci)",
        Command::new(npm).arg("ci").current_dir(sources),
        &workspace.log("npm-ci-peers"),
        Some(Duration::from_mins(5)),
    )?;
    fs::write(&stamp, wanted).doing(|| format!("writing {}", stamp.display()))
}
