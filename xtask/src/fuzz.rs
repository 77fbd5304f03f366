//! `cargo xtask fuzz`: builds the targets, here and as Wasm, and runs them side by side.

use std::process::Command;

use crate::{Error, Workspace, progress, setup};

/// Cargo's profile for it: fast, with every check that development has.
const PROFILE: [&str; 2] = ["--profile", "fuzz"];

/// Runs `fuzz-run` with these arguments.
///
/// # Errors
/// When it does not build, or an input brings something to light.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    let tools = setup::run(workspace)?;
    let log = workspace.log("fuzz");
    let mut native = Command::new("cargo");
    native.args(["build", "--package", "fuzz"]).args(PROFILE).current_dir(workspace.path(""));
    progress::run("fuzz", &mut native, &log, None)?;
    let mut wasm = tools.cargo_wasm();
    wasm.args(["build", "--package", "fuzz", "--lib", "--target", "wasm32-unknown-unknown"])
        .args(PROFILE)
        .current_dir(workspace.path(""));
    progress::run("fuzz as Wasm", &mut wasm, &log, None)?;
    let (target, out) = (workspace.target(), workspace.target().join("xtask").join("fuzz"));
    let mut bindings = tools.wasm_bindgen();
    bindings
        .args(["--target", "nodejs", "--no-typescript", "--out-dir"])
        .arg(&out)
        .arg(target.join("wasm32-unknown-unknown/fuzz/fuzz.wasm"));
    progress::run("its bindings", &mut bindings, &log, None)?;

    let mut runner = Command::new(target.join("fuzz/fuzz-run"));
    runner
        .args(arguments)
        .arg("--wasm")
        .arg(out.join("fuzz.js"))
        .arg("--script")
        .arg(workspace.path("fuzz/compare.cjs"))
        .arg("--node")
        .arg(workspace.node_program("node"));
    progress::run_shown("fuzzing", &mut runner)
}
