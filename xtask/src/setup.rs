//! Makes a machine ready: Node tools, the wasm32 target, the Worker's build tools.
//!
//! Works with the open internet and where only package registries are reached: the ordinary way
//! first, then the fallback, never a question, nothing twice.

mod apt;
mod browser;
mod node;
mod packages;
mod postgres;
mod python;
mod redis;
mod tools;
mod wasm;

use std::{
    env,
    path::{Path, PathBuf},
};

pub(crate) use apt::install as apt_install;
pub use browser::browser;
pub use packages::packages;
pub use python::schemathesis;
pub use tools::Tools;
pub use wasm::WasmTarget;

use crate::{Error, Workspace, progress};

/// Does all that building and running needs.
///
/// # Errors
/// When something is missing that cannot be installed from here; the error names the command that can.
pub fn run(workspace: &Workspace) -> Result<Tools, Error> {
    require("cc", "sudo apt-get install build-essential")?;
    require("git", "sudo apt-get install git")?;
    node::install(workspace)?;
    let wasm = wasm::ensure(workspace)?;
    Tools::ensure(workspace, wasm)
}

/// Does what only the tests need: Redis and Postgres servers to start on ports of their own, a browser,
/// and Schemathesis.
///
/// # Errors
/// When there is none and it cannot be installed from here.
pub fn run_for_tests(workspace: &Workspace) -> Result<(), Error> {
    redis::ensure(workspace)?;
    postgres::ensure(workspace)?;
    python::ensure(workspace)?;
    browser::ensure(workspace)
}

/// Where a program is, or how to install it.
fn require(program: &str, install: &str) -> Result<PathBuf, Error> {
    find(program).ok_or_else(|| Error::Missing { program: program.into(), install: install.into() })
}

/// Finds a program on the PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The PATH with a folder in front.
pub(crate) fn path_with(first: &Path) -> std::ffi::OsString {
    let rest = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(first.to_path_buf()).chain(env::split_paths(&rest));
    // Only a folder with a colon in its name cannot be joined, and then it could not be on a PATH anyway.
    env::join_paths(folders).unwrap_or(rest)
}

/// Tells that a step was found done.
fn already(what: &str) {
    progress::Step::begin(what).done();
}
