//! Why a store could not be opened at start. The words name the key to change, and never repeat a
//! setting's value where it may hold a password.

use std::path::PathBuf;

use super::redis::Unfit;
use crate::port::StoreFault;

/// A store could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The setting cannot be used as it stands.
    #[error("{key}: expected {expected}")]
    Setting {
        /// The configuration key.
        key: &'static str,
        /// What can stand there.
        expected: &'static str,
    },
    /// The file cannot be made or read.
    #[error("{key}: cannot open {path}: {source}; {}", what_to_do(source))]
    File {
        /// The configuration key that led to this path.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database is of another version, or none of ours.
    #[error(
        "{key}: cannot bring the tables of {place} up to date: {source}; if a newer version made \
         them, run that one"
    )]
    Migration {
        /// The configuration key that led there.
        key: &'static str,
        /// The file, or what else it is.
        place: String,
        /// What went wrong.
        source: sqlx::migrate::MigrateError,
    },
    /// The store does not answer, or not as one of ours.
    #[error("{key}: {}; see that it runs and that this setting leads to it", in_full(fault))]
    Store {
        /// The configuration key that led there.
        key: &'static str,
        /// What it said; told in full by the message, so not its source.
        fault: StoreFault,
    },
    /// Redis would lose what it is told.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// The fault and what caused it, in one line.
fn in_full(fault: &StoreFault) -> String {
    match fault {
        StoreFault::Unavailable { source, .. } => format!("{fault}: {source}"),
        StoreFault::Corrupt { .. } => fault.to_string(),
    }
}

fn what_to_do(source: &std::io::Error) -> &'static str {
    if source.kind() == std::io::ErrorKind::NotFound {
        "see that this is the folder and the configuration of the origin that serves"
    } else {
        "give this user the right to read and write it"
    }
}
