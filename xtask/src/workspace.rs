//! Where things are: the project, what is built from it, and the tools kept between clones.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::error::{Doing, Error};

/// The project's folders.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace this program was built in.
    #[must_use]
    pub fn locate() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self { root: here.parent().unwrap_or(here).to_path_buf() }
    }

    /// A path inside the project.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Cargo's output folder.
    pub(crate) fn target(&self) -> PathBuf {
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.path("target"), PathBuf::from)
    }

    /// The log of one step of set-up or build.
    pub(crate) fn log(&self, step: &str) -> PathBuf {
        self.target().join("xtask").join(format!("{step}.log"))
    }

    /// Where a tool of one version is kept, outside the clone so that the next clone has it too.
    pub(crate) fn tool(name: &str, version: &str) -> Result<PathBuf, Error> {
        let cache = env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| env::home_dir().map(|home| home.join(".cache")))
            .ok_or_else(|| {
                Error::Unexpected("no folder to keep tools in: set HOME or XDG_CACHE_HOME".into())
            })?;
        Ok(cache.join("portcullis").join(format!("{name}-{version}")))
    }

    /// A program that `npm ci` installed.
    pub(crate) fn node_program(&self, name: &str) -> PathBuf {
        self.path("node_modules/.bin").join(name)
    }

    /// The version of a package in Cargo.lock.
    pub(crate) fn locked_version(&self, package: &str) -> Result<String, Error> {
        let path = self.path("Cargo.lock");
        let lock = fs::read_to_string(&path).doing(|| format!("reading {}", path.display()))?;
        let wanted = format!("name = \"{package}\"");
        lock.lines()
            .skip_while(|line| *line != wanted)
            .nth(1)
            .and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
            .map(str::to_owned)
            .ok_or_else(|| {
                Error::Unexpected(format!(
                    "Cargo.lock has no package {package}: does the edge still use it?"
                ))
            })
    }
}
