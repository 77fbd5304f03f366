//! Other ways to verify a token in a Worker, as modules that workerd runs.

use std::{path::PathBuf, process::Command};

use crate::{Error, Workspace, progress, setup};

/// Where their sources and their own package.json are.
const SOURCES: &str = "tests/bench/peers";

/// Bundles the peers of these names and says in which folder they are, as `<name>.js`.
///
/// # Errors
/// When what they are made of cannot be installed, or does not bundle.
pub fn peers(workspace: &Workspace, names: &[&str]) -> Result<PathBuf, Error> {
    let sources = workspace.path(SOURCES);
    setup::packages(workspace, &sources)?;
    let out = workspace.target().join("xtask/peers");
    let mut command = Command::new(workspace.node_program("esbuild"));
    command
        .args(names.iter().map(|name| sources.join("src").join(name).with_extension("js")))
        .args(["--bundle", "--format=esm", "--log-level=warning"])
        .arg(format!("--outdir={}", out.display()));
    progress::run("the peers (esbuild)", &mut command, &workspace.log("peers"), None)?;
    Ok(out)
}
