//! How long a revocation takes to the edges: measured by a program of the tests' crate, which knows how
//! to stand a fleet up. Built as it ships, so that nothing but the product is slow.

use std::process::Command;

use crate::{Error, Workspace, progress};

/// Runs the program, which prints its tables and draws its plot into docs/.
///
/// # Errors
/// When it does not build, or what it measures breaks a promise.
pub fn revocation(workspace: &Workspace) -> Result<(), Error> {
    let mut command = Command::new("cargo");
    command
        .args(["run", "--quiet", "--release", "--package", "e2e", "--bin", "bench-revocation"])
        .current_dir(workspace.path(""));
    progress::run_shown("the bench of revocation", &mut command)
}
