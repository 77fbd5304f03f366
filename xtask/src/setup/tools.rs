//! wasm-bindgen, built once for each version and kept outside the clone.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{WasmTarget, already};
use crate::{Error, Workspace, error::Doing, progress};

/// What builds the Worker.
#[derive(Clone, Debug)]
pub struct Tools {
    wasm: WasmTarget,
    wasm_bindgen: PathBuf,
}

impl Tools {
    pub(super) fn ensure(workspace: &Workspace, wasm: WasmTarget) -> Result<Self, Error> {
        let bindgen = workspace.locked_version("wasm-bindgen")?;
        Ok(Self {
            wasm,
            wasm_bindgen: built(workspace, "wasm-bindgen-cli", &bindgen, "wasm-bindgen")?,
        })
    }

    /// `cargo` for wasm32: the compiler that has the target, and what runs its tests.
    pub(crate) fn cargo_wasm(&self) -> Command {
        let mut command = Command::new("cargo");
        self.wasm.apply(&mut command);
        let runner = self.wasm_bindgen.with_file_name("wasm-bindgen-test-runner");
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
        command
    }

    /// wasm-bindgen.
    pub(crate) fn wasm_bindgen(&self) -> Command {
        Command::new(&self.wasm_bindgen)
    }

    /// What the Worker's bytes depend on beside its sources.
    pub(crate) fn versions(&self) -> String {
        format!("{} {}", self.wasm_bindgen.display(), self.wasm.compiler())
    }
}

/// The path of a program of a package, built first where it is not.
fn built(
    workspace: &Workspace,
    package: &str,
    version: &str,
    program: &str,
) -> Result<PathBuf, Error> {
    let home = Workspace::tool(package, version)?;
    let path = home.join("bin").join(program);
    let label = format!("{package} {version}");
    if path.is_file() {
        already(&label);
        return Ok(path);
    }
    let log = workspace.log(package);
    let install = |lock: &[&str]| cargo_install(&home, package, version, lock);
    let label = format!("building {label} (once, about three minutes)");
    let limit = Some(Duration::from_mins(40));
    if progress::run(&label, &mut install(&["--locked"]), &log, limit).is_err() {
        // A mirror may lack one of the exact versions in the package's own lock file.
        progress::note(&format!(
            "{package}'s own lock file cannot be met here: building with the newest compatible versions"
        ));
        progress::run(&label, &mut install(&[]), &log, limit)?;
    }
    let scratch = home.join("target");
    fs::remove_dir_all(&scratch).doing(|| format!("removing {}", scratch.display()))?;
    Ok(path)
}

fn cargo_install(home: &Path, package: &str, version: &str, lock: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(["install", "--root"])
        .arg(home)
        .args([package, "--version", version])
        .args(lock)
        // Outside the project, whose profiles and lock file are not for tools.
        .current_dir(std::env::temp_dir())
        .env("CARGO_TARGET_DIR", home.join("target"))
        // They run for seconds: minutes of optimising them are never earned back.
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    command
}
