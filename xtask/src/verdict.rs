//! `cargo xtask explain` and `test-policy`: builds `portcullis-verdict` and hands over to it.

use std::{
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use crate::{Error, Workspace, error::Doing, progress};

/// The status that says that there is no answer. 1 is one: refused, or not as expected.
pub const UNANSWERED: u8 = 2;

/// Runs one of its tasks with these arguments; says how it ended.
///
/// # Errors
/// When it does not build or start.
pub fn run(workspace: &Workspace, task: &str, arguments: &[String]) -> Result<ExitCode, Error> {
    let mut build = Command::new("cargo");
    build.args(["build", "--package", "portcullis-verdict"]).current_dir(workspace.path(""));
    progress::run("portcullis-verdict", &mut build, &workspace.log("verdict-build"), None)?;
    let program = workspace.target().join("debug").join("portcullis-verdict");
    let status = Command::new(&program)
        // The name under which it explains its usage.
        .arg0("cargo xtask")
        .arg(task)
        .args(arguments)
        .status()
        .doing(|| format!("starting {}", program.display()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    // Without a code a signal ended it.
    Ok(ExitCode::from(code.unwrap_or(UNANSWERED)))
}

/// Runs the cases of `policy-tests.toml`.
///
/// # Errors
/// When one of them is not as expected.
pub fn test_policy(workspace: &Workspace) -> Result<(), Error> {
    let wrangler = workspace.path("wrangler.toml").display().to_string();
    if run(workspace, "test-policy", &["--wrangler".into(), wrangler])? == ExitCode::SUCCESS {
        return Ok(());
    }
    Err(Error::Unexpected("the policy does not do what policy-tests.toml expects".into()))
}
