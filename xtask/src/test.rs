//! `cargo xtask test`: every test there is.

use std::process::Command;

use crate::{
    Error, Workspace,
    build::{self, Profile},
    progress, setup, stack, verdict,
};

/// How much of the tests to run.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Also the tests marked `#[ignore]` because they take long.
    pub long: bool,
    /// Handed to `cargo test` as they are.
    pub arguments: Vec<String>,
}

/// Sets up, builds what the end-to-end tests run, then tests the workspace on this machine and
/// `common` as Wasm too.
///
/// # Errors
/// When a step or a test fails.
pub fn run(workspace: &Workspace, selection: &Selection) -> Result<(), Error> {
    let tools = setup::run(workspace)?;
    setup::run_for_tests(workspace)?;
    build::edge(workspace, &tools)?;
    let origin = build::origin(workspace, Profile::Dev)?;
    stack::write_dev_vars(workspace, &origin)?;

    let mut native = Command::new("cargo");
    native
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(&selection.arguments)
        .current_dir(workspace.path(""));
    if selection.long {
        if !selection.arguments.iter().any(|argument| argument == "--") {
            native.arg("--");
        }
        native.arg("--include-ignored");
    }
    progress::run_shown("cargo test", &mut native)?;

    progress::note("the policy of wrangler.toml");
    verdict::test_policy(workspace)?;

    progress::note("common again, as Wasm");
    let mut wasm = tools.cargo_wasm();
    wasm.args(["test", "--package", "portcullis-common", "--target", "wasm32-unknown-unknown"])
        .current_dir(workspace.path(""));
    progress::run_shown("cargo test for wasm32", &mut wasm)
}
