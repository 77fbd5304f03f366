//! What a refresh and a sign-in cost at the origin, beside other servers that renew sessions: measured by a
//! program of the tests' crate, under the load of wrk.

use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::build::{self, Profile};
use crate::{Error, Workspace, progress, setup};

/// The other servers' sources, and their own package.json.
const PEERS: &str = "tests/bench/peers/issuers";

/// What is measured, and for how long.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OriginCourse {
    /// How often each row has its turn.
    pub rounds: usize,
    /// Seconds of load each time.
    pub seconds: u64,
    /// Rows whose name begins with one of these; all when there is none.
    pub only: Vec<String>,
    /// The origin's program; filled in when it is built.
    #[serde(default)]
    pub origin: PathBuf,
    /// The program of its bare peer, likewise.
    #[serde(default)]
    pub bare: PathBuf,
}

/// Runs the program, which prints its table and, when all was measured, draws its chart into docs/.
///
/// # Errors
/// When a part does not build, or a promise about what it measures is not kept.
pub fn origin(workspace: &Workspace, course: OriginCourse) -> Result<(), Error> {
    setup::run(workspace)?;
    for (program, package) in [("wrk", "wrk"), ("taskset", "util-linux")] {
        if setup::find(program).is_none() {
            setup::apt_install(workspace, program, &[package])?;
        }
    }
    setup::packages(workspace, &workspace.path(PEERS))?;
    let origin = build::origin(workspace, Profile::Release)?;
    let course = OriginCourse { origin, bare: build::bare(workspace)?, ..course };
    let course = serde_json::to_string(&course)
        .map_err(|error| Error::Unexpected(format!("the course cannot be written: {error}")))?;
    let mut command = Command::new("cargo");
    command
        .args(["run", "--quiet", "--package", "e2e", "--bin", "bench-origin", "--", &course])
        .current_dir(workspace.path(""));
    progress::run_shown("the bench of the origin", &mut command)
}
