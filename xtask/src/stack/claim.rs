//! One stack at a time in a state folder: two would share keys and stores by halves.

use std::{
    fs::{File, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use super::{Options, private_folder};
use crate::{Error, error::Doing};

/// A state folder that is ours for as long as this lives, whatever becomes of the process.
#[derive(Debug)]
pub struct Claim {
    state: PathBuf,
    /// Locked. Says whose it is.
    file: File,
}

impl Claim {
    /// Takes the state folder, and looks that the ports are free.
    ///
    /// # Errors
    /// When a stack runs there already, with its process and address; or when a port is taken.
    pub fn take(options: &Options) -> Result<Self, Error> {
        let state = private_folder(&options.state)?;
        let path = state.join("in-use");
        let doing = || format!("writing {}", path.display());
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .doing(doing)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).doing(|| format!("reading {}", path.display()))?;
                return Err(in_use(&state, &holder));
            }
            Err(TryLockError::Error(source)) => {
                return Err(Error::Io { doing: format!("locking {}", path.display()), source });
            }
        }
        let mut claim = Self { state, file };
        claim.say("it is still starting").doing(doing)?;
        options.ports.resolve()?;
        Ok(claim)
    }

    /// The folder, in full.
    pub(super) fn state(&self) -> &Path {
        &self.state
    }

    /// Tells whoever comes next where this stack answers.
    pub(super) fn serves_at(&mut self, url: &str) -> Result<(), Error> {
        self.say(url).doing(|| format!("writing into {}", self.state.display()))
    }

    fn say(&mut self, what: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        write!(self.file, "{} {what}", std::process::id())
    }
}

fn in_use(state: &Path, holder: &str) -> Error {
    // Empty for the moment in which it is written.
    let (pid, what) = holder.split_once(' ').unwrap_or(("unknown", "it is still starting"));
    Error::Unexpected(format!(
        "a stack runs in {} already: process {pid}, {what}. Ctrl-C in its terminal ends it, and so \
         does `kill {pid}`. One more beside it needs a folder and ports of its own: `cargo xtask dev \
         --state DIR --edge-port 0 --origin-port 0 --app-port 0 --operator-port 0`",
        state.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Ports;

    #[test]
    fn who_comes_second_is_told_of_the_first() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let mut options = Options::new(folder.path().join("state"));
        options.ports = Ports::free();
        let mut first = Claim::take(&options)?;
        let told = || Claim::take(&options).map(drop).unwrap_err().to_string();
        let state = first.state().display().to_string();
        for address in ["it is still starting", "http://localhost:1234"] {
            let words = told();
            let who = format!("{state} already: process {}, {address}.", std::process::id());
            assert!(words.contains(&who), "{words}");
            first.serves_at("http://localhost:1234")?;
        }
        drop(first);
        Claim::take(&options)?;
        Ok(())
    }
}
