//! A compiler that can build for wasm32-unknown-unknown.
//!
//! rustup adds the target where its servers are reached. Elsewhere Debian's `rustc-web` compiles the
//! standard library from `rust-web-src`, once, into a sysroot of ours: the system's own stays as it is.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{already, apt_install, find, path_with};
use crate::{Error, Workspace, error::Doing, progress};

const TARGET: &str = "wasm32-unknown-unknown";
/// Not `rustc` on the PATH, which is rustup's.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// Which compiler builds for wasm32.
#[derive(Clone, Debug)]
pub struct WasmTarget {
    /// The version line, for what is built to be told apart.
    compiler: String,
    /// What it takes when it is not the one cargo uses anyway.
    environment: Vec<(&'static str, OsString)>,
}

impl WasmTarget {
    /// Makes a cargo command use this compiler.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    pub(super) fn compiler(&self) -> &str {
        &self.compiler
    }
}

pub(super) fn ensure(workspace: &Workspace) -> Result<WasmTarget, Error> {
    let native = || -> Result<WasmTarget, Error> {
        Ok(WasmTarget {
            compiler: ask(Path::new("rustc"), &["--version"])?,
            environment: Vec::new(),
        })
    };
    if has_target(Path::new("rustc")) {
        already("wasm32 target");
        return native();
    }
    if let Some(fallback) = Fallback::built()? {
        already("wasm32 target (Debian's compiler)");
        return fallback.target();
    }
    if let Some(rustup) = find("rustup") {
        let added = progress::run(
            "wasm32 target (rustup target add)",
            Command::new(rustup).args(["target", "add", TARGET]),
            &workspace.log("rustup"),
            Some(Duration::from_mins(2)),
        );
        if added.is_ok() && has_target(Path::new("rustc")) {
            return native();
        }
        progress::note(
            "rustup's servers are not reached: taking Debian's compiler and building the library",
        );
    }
    apt_install(
        workspace,
        "a Rust compiler with its library's sources",
        &["rustc-web", "rust-web-src"],
    )?;
    Fallback::build(workspace)?.target()
}

fn has_target(rustc: &Path) -> bool {
    ask(rustc, &["--print", "target-libdir", "--target", TARGET])
        .ok()
        .and_then(|folder| fs::read_dir(folder).ok())
        .is_some_and(|mut files| {
            files.any(|file| {
                file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
            })
        })
}

fn ask(program: &Path, arguments: &[&str]) -> Result<String, Error> {
    let doing = || format!("asking {} {}", program.display(), arguments.join(" "));
    let output = Command::new(program).args(arguments).output().doing(doing)?;
    if !output.status.success() {
        return Err(Error::Command { step: doing(), reason: output.status.to_string() });
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Debian's compiler with a sysroot of ours.
struct Fallback {
    compiler: String,
    home: PathBuf,
}

impl Fallback {
    /// The one built earlier for the compiler that is installed now.
    fn built() -> Result<Option<Self>, Error> {
        if !Path::new(DEBIAN_RUSTC).is_file() {
            return Ok(None);
        }
        let fallback = Self::describe()?;
        Ok(has_target(&fallback.rustc()).then_some(fallback))
    }

    fn describe() -> Result<Self, Error> {
        let compiler = ask(Path::new(DEBIAN_RUSTC), &["--version"])?;
        let version = compiler.split(' ').nth(1).unwrap_or("unknown");
        Ok(Self { home: Workspace::tool("rust-wasm32", version)?, compiler })
    }

    /// Our compiler: Debian's, told where its sysroot is. Programs that look for `rustc` on the PATH find it too.
    fn rustc(&self) -> PathBuf {
        self.home.join("bin/rustc")
    }

    fn build(workspace: &Workspace) -> Result<Self, Error> {
        let fallback = Self::describe()?;
        let scratch = fallback.home.join("build");
        let write = |path: &Path, text: &str| -> Result<(), Error> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).doing(|| format!("making {}", folder.display()))?;
            }
            fs::write(path, text).doing(|| format!("writing {}", path.display()))
        };
        write(
            &scratch.join("Cargo.toml"),
            "[package]\nname = \"empty\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
             [profile.release]\nlto = \"fat\"\n[workspace]\n",
        )?;
        write(&scratch.join("src/lib.rs"), "")?;
        let mut command = Command::new("cargo");
        command
            .args(["build", "--release", "--target", TARGET])
            // `test` so that `cargo test --target wasm32-unknown-unknown` links.
            .arg("-Zbuild-std=std,panic_abort,test")
            .current_dir(&scratch)
            .env("RUSTC", DEBIAN_RUSTC)
            .env("RUSTC_BOOTSTRAP", "1")
            // Without bitcode inside, a later LTO build fails with "can't find section .llvmbc".
            .env("RUSTFLAGS", "-Cembed-bitcode=yes")
            .env("CARGO_TARGET_DIR", scratch.join("target"))
            .env(LINKER, linker()?);
        let log = workspace.log("rust-wasm32");
        progress::run(
            "building the wasm32 library (once, about a minute)",
            &mut command,
            &log,
            Some(Duration::from_mins(20)),
        )?;

        let sysroot = fallback.home.join("sysroot/lib/rustlib");
        let library = sysroot.join(TARGET).join("lib");
        fs::create_dir_all(&library).doing(|| format!("making {}", library.display()))?;
        let deps = scratch.join("target").join(TARGET).join("release/deps");
        for file in fs::read_dir(&deps).doing(|| format!("reading {}", deps.display()))? {
            let file = file.doing(|| format!("reading {}", deps.display()))?;
            let name = file.file_name().to_string_lossy().into_owned();
            let wanted = [".rlib", ".rmeta"].iter().any(|end| name.ends_with(end))
                && !name.starts_with("libempty");
            if wanted {
                fs::copy(file.path(), library.join(&name))
                    .doing(|| format!("copying {name} into {}", library.display()))?;
            }
        }
        // Build scripts and macros are built for the host by the same compiler.
        let system = PathBuf::from(ask(Path::new(DEBIAN_RUSTC), &["--print", "sysroot"])?);
        let host = host_triple(Path::new(DEBIAN_RUSTC))?;
        let link = sysroot.join(&host);
        if !link.exists() {
            symlink(system.join("lib/rustlib").join(&host), &link)
                .doing(|| format!("linking {}", link.display()))?;
        }
        write(
            &fallback.rustc(),
            &format!(
                "#!/bin/sh\n# Debian's compiler with the wasm32 library beside the host's.\n\
                 exec {DEBIAN_RUSTC} --sysroot \"{}\" \"$@\"\n",
                fallback.home.join("sysroot").display()
            ),
        )?;
        fs::set_permissions(fallback.rustc(), fs::Permissions::from_mode(0o755))
            .doing(|| format!("making {} a program", fallback.rustc().display()))?;
        fs::remove_dir_all(&scratch).doing(|| format!("removing {}", scratch.display()))?;
        Ok(fallback)
    }

    fn target(self) -> Result<WasmTarget, Error> {
        let rustc = self.rustc();
        let bin = rustc.parent().unwrap_or(&self.home);
        Ok(WasmTarget {
            environment: vec![
                ("RUSTC", rustc.clone().into()),
                ("PATH", path_with(bin)),
                (LINKER, linker()?.into()),
            ],
            compiler: self.compiler,
        })
    }
}

const LINKER: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER";

/// rustup's own lld, or the system's.
fn linker() -> Result<PathBuf, Error> {
    let rustup = PathBuf::from(ask(Path::new("rustc"), &["--print", "sysroot"])?)
        .join("lib/rustlib")
        .join(host_triple(Path::new("rustc"))?)
        .join("bin/rust-lld");
    if rustup.is_file() {
        return Ok(rustup);
    }
    find("rust-lld").or_else(|| find("wasm-ld")).ok_or_else(|| Error::Missing {
        program: "a linker for wasm32 (rust-lld or wasm-ld)".into(),
        install: "sudo apt-get install lld".into(),
    })
}

fn host_triple(rustc: &Path) -> Result<String, Error> {
    let about = ask(rustc, &["-vV"])?;
    about
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Error::Unexpected(format!("{} -vV names no host", rustc.display())))
}
