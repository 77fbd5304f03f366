//! What keeps us from saying anything at all, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use common::revocation::HeadError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// What was found out cannot be told.
    #[error("standard output cannot be written to: {source}")]
    Output {
        /// The system's answer.
        source: io::Error,
    },
    /// A file does not say what it should.
    #[error("{}: {problem}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A head that no edge would take.
    #[error("--head: {0}")]
    Head(#[from] HeadError),
    /// A document cannot be fetched.
    #[error("{url}: {problem}")]
    Fetch {
        /// From where.
        url: String,
        /// Why not.
        problem: String,
    },
    /// An argument that is not what is expected.
    #[error("{argument}: {problem}")]
    Argument {
        /// Which.
        argument: &'static str,
        /// What is expected.
        problem: String,
    },
    /// What never fails did: a document of ours does not serialise.
    #[error("writing a token of our own: {0}")]
    Own(#[from] serde_json::Error),
}

impl Error {
    pub(crate) fn content(path: &Path, problem: impl Into<String>) -> Self {
        Self::Content { path: path.to_path_buf(), problem: problem.into() }
    }

    pub(crate) fn argument(argument: &'static str, problem: impl Into<String>) -> Self {
        Self::Argument { argument, problem: problem.into() }
    }
}
