//! wrangler, workerd, a Node that runs them, wasm-opt and esbuild, as package-lock.json pins them.

use std::{fs, process::Command, time::Duration};

use super::{already, require};
use crate::{Error, Workspace, error::Doing, progress};

/// What must be there afterwards.
const PROGRAMS: [&str; 5] = ["node", "wrangler", "workerd", "esbuild", "wasm-opt"];

pub(super) fn install(workspace: &Workspace) -> Result<(), Error> {
    let install = "sudo apt-get install nodejs npm";
    require("node", install)?;
    let npm = require("npm", install)?;

    let pinned = [workspace.path("package.json"), workspace.path("package-lock.json")];
    let mut wanted = String::new();
    for path in &pinned {
        wanted += &fs::read_to_string(path).doing(|| format!("reading {}", path.display()))?;
    }
    // A copy of what was installed from, inside what was installed: it goes when that goes.
    let stamp = workspace.path("node_modules/.portcullis-installed");
    let missing = || PROGRAMS.into_iter().find(|name| !workspace.node_program(name).exists());
    if fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) && missing().is_none() {
        already("Node tools");
        return Ok(());
    }
    progress::run(
        "Node tools (npm ci)",
        Command::new(npm).arg("ci").current_dir(workspace.path("")),
        &workspace.log("npm-ci"),
        Some(Duration::from_mins(15)),
    )?;
    if let Some(program) = missing() {
        return Err(Error::Unexpected(format!(
            "npm ci ran but installed no {program}: is there an `ignore-scripts` or `omit` in your npm configuration?"
        )));
    }
    fs::write(&stamp, wanted).doing(|| format!("writing {}", stamp.display()))
}
