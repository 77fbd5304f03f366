//! What can go wrong at the workbench, each with what to do about it.

use std::{io, path::PathBuf};

/// Why a task could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program the machine should have is not there.
    #[error("{program} was not found: install it with `{install}` and run this again")]
    Missing {
        /// The program looked for on the PATH.
        program: String,
        /// The command that installs it.
        install: String,
    },
    /// A command that a step consists of failed.
    #[error("{step} failed ({reason}); the last lines of {}:\n{tail}", log.display())]
    Step {
        /// What was being done.
        step: String,
        /// Its exit status, or why it could not be started.
        reason: String,
        /// Where its whole output is.
        log: PathBuf,
        /// The end of that output.
        tail: String,
    },
    /// A command whose output went to the terminal failed; what it printed says why.
    #[error("{step} failed ({reason})")]
    Command {
        /// What was being done.
        step: String,
        /// Its exit status.
        reason: String,
    },
    /// Something a part listens on is in use.
    #[error(
        "port {port}, for the {part}, is taken by another program: end that program or choose another port with --{part}-port"
    )]
    PortTaken {
        /// The part that wants the port.
        part: &'static str,
        /// The port.
        port: u16,
    },
    /// Two parts were given one port.
    #[error(
        "port {port} is given to two parts, the {first} and the {second}: choose another with --{first}-port or --{second}-port"
    )]
    PortTwice {
        /// One of them.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// The port.
        port: u16,
    },
    /// A running part ended, or did not come up in time.
    #[error("the {part} on port {port} {what}; the last lines of {}:\n{tail}", log.display())]
    Part {
        /// The part's name.
        part: &'static str,
        /// The port it serves.
        port: u16,
        /// What it did or failed to do.
        what: String,
        /// Where its whole output is.
        log: PathBuf,
        /// The end of that output.
        tail: String,
    },
    /// The Worker is larger than its budget.
    #[error(
        "the Worker is {gzip} bytes gzipped, above its budget of {budget}: \
         its size is its start-up time, so take out what it does not need"
    )]
    Budget {
        /// Size of what is uploaded, gzipped, in bytes.
        gzip: usize,
        /// The most it may be, in bytes.
        budget: usize,
    },
    /// A file, folder or port did not do as asked.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with the path or address.
        doing: String,
        /// The system's answer.
        source: io::Error,
    },
    /// A file or answer does not say what it should.
    #[error("{0}")]
    Unexpected(String),
}

/// Says what was being done when an IO error came.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Io { doing: what(), source })
    }
}
