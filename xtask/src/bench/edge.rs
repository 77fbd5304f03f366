//! What a request costs at the edge, beside other Workers in the same workerd: measured by a program of
//! the tests' crate, under the load of wrk.

use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::{Error, Workspace, build, progress, setup};

/// What is measured, and for how long.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EdgeCourse {
    /// How often each row has its turn.
    pub rounds: usize,
    /// Seconds of load each time.
    pub seconds: u64,
    /// Rows whose name begins with one of these; all when there is none.
    pub only: Vec<String>,
    /// Numbers of live revocations to measure with.
    pub revocations: Vec<u64>,
}

/// Runs the program, which prints its tables and, when all was measured, draws its chart into docs/.
///
/// # Errors
/// When a part does not build, or what it measures is above a limit.
pub fn edge(workspace: &Workspace, course: &EdgeCourse) -> Result<(), Error> {
    let tools = setup::run(workspace)?;
    if setup::find("wrk").is_none() {
        setup::apt_install(workspace, "wrk", &["wrk"])?;
    }
    build::edge(workspace, &tools)?;
    let course = serde_json::to_string(course)
        .map_err(|error| Error::Unexpected(format!("the course cannot be written: {error}")))?;
    let mut command = Command::new("cargo");
    command
        .args(["run", "--quiet", "--package", "e2e", "--bin", "bench-edge", "--", &course])
        .current_dir(workspace.path(""));
    progress::run_shown("the bench of the edge", &mut command)
}
