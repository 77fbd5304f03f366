//! Builds the Worker and the origin.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{Error, Workspace, error::Doing, progress, setup::Tools};

/// The most the Worker's files may weigh together, gzipped, in bytes (WRK-08).
const WORKER_BUDGET: usize = 120 * 1024;

/// What the Worker is built from, beside the tools.
const WORKER_SOURCES: [&str; 8] = [
    "edge",
    "common/src",
    "common/Cargo.toml",
    "Cargo.lock",
    "Cargo.toml",
    ".cargo/config.toml",
    "package-lock.json",
    // The flags of the tools.
    "xtask/src/build.rs",
];

/// Builds the Worker into `build/`, unless what is there was built from the same sources by the same tools.
///
/// # Errors
/// When it does not build or is above its size budget.
pub fn edge(workspace: &Workspace, tools: &Tools) -> Result<(), Error> {
    let out = workspace.path("build");
    let wanted = fingerprint(workspace, &tools.versions())?;
    let stamp = out.join("fingerprint");
    let is_there = || out.join("index.js").is_file() && bindings(workspace).is_file();
    if fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) && is_there() {
        progress::Step::begin("Worker (unchanged)").done();
    } else {
        if stamp.exists() {
            fs::remove_file(&stamp).doing(|| format!("removing {}", stamp.display()))?;
        }
        compile(workspace, tools, &out)?;
        fs::write(&stamp, wanted).doing(|| format!("writing {}", stamp.display()))?;
    }
    let (plain, gzip) = weigh(&out)?;
    progress::note(&format!(
        "Worker: {} KB, {} KB gzipped (budget {} KB)",
        plain / 1024,
        gzip / 1024,
        WORKER_BUDGET / 1024
    ));
    if gzip > WORKER_BUDGET {
        return Err(Error::Budget { gzip, budget: WORKER_BUDGET });
    }
    Ok(())
}

/// From Rust and JavaScript to the two files that are deployed.
fn compile(workspace: &Workspace, tools: &Tools, out: &Path) -> Result<(), Error> {
    let log = workspace.log("edge-build");
    let run = |label: &str, command: &mut Command| {
        command.current_dir(workspace.path(""));
        progress::run(label, command, &log, Some(Duration::from_mins(30)))
    };
    let mut cargo = tools.cargo_wasm();
    let package = ["--package", "portcullis-edge", "--target", "wasm32-unknown-unknown"];
    cargo.args(["build", "--lib", "--profile", "edge", "--locked"]).args(package);
    cargo.arg("--config").arg(without_folders());
    run("building the Worker", &mut cargo)?;

    let target = workspace.target();
    let built = target.join("wasm32-unknown-unknown/edge/portcullis_edge.wasm");
    let bound = target.join("xtask/edge");
    let mut bindgen = tools.wasm_bindgen();
    // After a panic a fresh instance takes over.
    bindgen.args(["--target", "web", "--no-typescript", "--experimental-reset-state-function"]);
    run("its bindings", bindgen.arg("--out-dir").arg(&bound).arg(built))?;

    if out.exists() {
        fs::remove_dir_all(out).doing(|| format!("removing {}", out.display()))?;
    }
    fs::create_dir_all(out).doing(|| format!("creating {}", out.display()))?;
    let mut squeeze = Command::new(workspace.node_program("wasm-opt"));
    squeeze.args(["-Os", "--converge", "--zero-filled-memory", "--all-features"]);
    // Functions that are called once, put where they are called, squeeze worse: four KB in all.
    squeeze.args(["--one-caller-inline-max-function-size", "20"]);
    squeeze.args(["--strip-debug", "--strip-producers", "--output"]);
    squeeze.arg(out.join("index_bg.wasm")).arg(bound.join("portcullis_edge_bg.wasm"));
    run("its size", &mut squeeze)?;

    let platform = workspace.path("edge/js/platform.js");
    main_module(workspace, &bindings(workspace), &platform, &out.join("index.js"))
}

/// Has cargo keep the folders of this machine's crates out of the Worker, which would weigh more where their
/// names are longer.
fn without_folders() -> String {
    let home = env::home_dir().map(|home| home.join(".cargo"));
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or(home).unwrap_or_default();
    let registries = fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
    let remap =
        |registry: fs::DirEntry| format!("--remap-path-prefix={}/=", registry.path().display());
    let remaps: Vec<_> = registries.map(remap).collect();
    format!("target.wasm32-unknown-unknown.rustflags={remaps:?}")
}

/// What wasm-bindgen made to call the Worker's Wasm by.
fn bindings(workspace: &Workspace) -> PathBuf {
    workspace.target().join("xtask/edge/portcullis_edge.js")
}

/// Bundles the Worker's main module around this gate, over this platform; a gate that is not the Wasm's
/// own bindings finds those under the name `bindings`.
///
/// # Errors
/// When the Worker was not built before, or its JavaScript is wrong.
pub fn main_module(
    workspace: &Workspace,
    gate: &Path,
    platform: &Path,
    out: &Path,
) -> Result<(), Error> {
    let mut bundle = Command::new(workspace.node_program("esbuild"));
    bundle
        .args(["edge/js/main.js", "--bundle", "--minify", "--format=esm", "--log-level=warning"])
        .args(["--external:./index_bg.wasm", "--external:cloudflare:*", "--target=es2024"])
        .arg(format!("--alias:gate={}", gate.display()))
        .arg(format!("--alias:bindings={}", bindings(workspace).display()))
        // What the Wasm imports.
        .arg(format!("--alias:portcullis:platform={}", platform.display()))
        .arg("--alias:portcullis:crypto=./edge/js/crypto.js")
        .arg(format!("--outfile={}", out.display()))
        .current_dir(workspace.path(""));
    let limit = Some(Duration::from_mins(1));
    progress::run("its main module", &mut bundle, &workspace.log("edge-build"), limit)
}

/// The size of what is uploaded of the Worker as built, gzipped, in bytes.
///
/// # Errors
/// When it is not built.
pub fn edge_gzip(workspace: &Workspace) -> Result<usize, Error> {
    Ok(weigh(&workspace.path("build"))?.1)
}

/// The Worker's size, as it is and gzipped.
fn weigh(out: &Path) -> Result<(usize, usize), Error> {
    let (mut plain, mut gzip) = (0, 0);
    for name in ["index.js", "index_bg.wasm"] {
        let path = out.join(name);
        plain += fs::read(&path).doing(|| format!("reading {}", path.display()))?.len();
        let squeezed =
            Command::new("gzip").arg("-9c").arg(&path).output().doing(|| "starting gzip".into())?;
        if !squeezed.status.success() {
            return Err(Error::Command {
                step: "gzip".into(),
                reason: squeezed.status.to_string(),
            });
        }
        gzip += squeezed.stdout.len();
    }
    Ok((plain, gzip))
}

/// A digest of every file the Worker is built from. Told apart, not guarded: a hash against mistakes is enough.
fn fingerprint(workspace: &Workspace, tools: &str) -> Result<String, Error> {
    let mut files = Vec::new();
    for source in WORKER_SOURCES {
        collect(&workspace.path(source), &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    tools.hash(&mut hasher);
    for file in files {
        file.hash(&mut hasher);
        fs::read(&file).doing(|| format!("reading {}", file.display()))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let doing = || format!("reading {}", path.display());
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    for entry in fs::read_dir(path).doing(doing)? {
        collect(&entry.doing(doing)?.path(), files)?;
    }
    Ok(())
}

/// Builds a package to Wasm with its bindings as a plain module, for Workers that only tests run;
/// says in which folder they are.
///
/// # Errors
/// When it does not build.
pub fn wasm_module(workspace: &Workspace, tools: &Tools, package: &str) -> Result<PathBuf, Error> {
    let mut command = tools.cargo_wasm();
    command
        .args(["build", "--package", package, "--target", "wasm32-unknown-unknown"])
        .current_dir(workspace.path(""));
    progress::run(package, &mut command, &workspace.log(package), None)?;
    let target = workspace.target();
    let out = target.join("xtask").join(package);
    let mut command = tools.wasm_bindgen();
    command
        .args(["--target", "web", "--no-typescript", "--out-dir"])
        .arg(&out)
        .arg(target.join(format!("wasm32-unknown-unknown/debug/{package}.wasm")));
    progress::run("its bindings", &mut command, &workspace.log(package), None)?;
    Ok(out)
}

/// How thoroughly the origin is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// For development and tests.
    Dev,
    /// As it ships.
    Release,
}

/// Builds the origin and says where its program is.
///
/// # Errors
/// When it does not build.
pub fn origin(workspace: &Workspace, profile: Profile) -> Result<PathBuf, Error> {
    let log = workspace.log("origin-build");
    let mut command = Command::new("cargo");
    command
        .args(["build", "--package", "portcullis-origin", "--bin", "origin"])
        .current_dir(workspace.path(""));
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => {
            command.arg("--release");
            "release"
        }
    };
    progress::run("origin", &mut command, &log, None)?;
    Ok(workspace.target().join(folder).join("origin"))
}

/// Builds the origin's peer that is made of the same libraries and nothing else, for a release; its
/// program.
///
/// # Errors
/// When it does not build.
pub fn bare(workspace: &Workspace) -> Result<PathBuf, Error> {
    let mut command = Command::new("cargo");
    command
        .args(["build", "--release", "--package", "portcullis-origin", "--example", "bare"])
        .current_dir(workspace.path(""));
    progress::run("its bare peer", &mut command, &workspace.log("bare-build"), None)?;
    Ok(workspace.target().join("release/examples/bare"))
}
