//! A Postgres that the tests start for themselves.

use std::fs;

use super::{already, apt_install, find};
use crate::{Error, Workspace};

/// Where Debian keeps the server's programs, by version and off the PATH.
const DEBIAN: &str = "/usr/lib/postgresql";

pub(super) fn ensure(workspace: &Workspace) -> Result<(), Error> {
    let by_version = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut programs = by_version.map(|version| version.path().join("bin/initdb"));
    if find("initdb").is_some() || programs.any(|program| program.is_file()) {
        already("postgres");
        return Ok(());
    }
    apt_install(workspace, "postgres", &["postgresql"])
}
