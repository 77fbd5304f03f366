//! Sessions, block log, segments and leases in one SQLite file: the default, which needs no server.
//!
//! All writes go through one [`Writer`], which keeps many of them with one look at the disk; reads
//! have connections of their own and are never held up by it. Several processes may share a file.

mod block_log;
mod lease;
mod room;
mod rotation;
mod row;
mod segments;
mod sessions;
mod tries;
mod writer;

#[cfg(test)]
pub(super) mod bench;
#[cfg(test)]
mod tests;

use std::path::Path;

use sqlx::migrate::Migrator;

use self::writer::Writer;
use super::OpenError;
use super::sqlite::{File, Pool, pool};
use crate::port::StoreFault;

const FILE: File = File { name: "sessions.db", key: "state.dir" };

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/embedded/migrations");

/// The store's clock, in milliseconds.
const NOW_MS: &str = "SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER)";

/// The embedded store. Cheap to clone; the last clone ends the writer, once its queue is empty.
#[derive(Clone)]
pub(crate) struct EmbeddedStore {
    writer: Writer,
    reader: Pool,
}

impl EmbeddedStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`OpenError`] when the file cannot be read and written, or is not one of ours.
    pub(crate) async fn open(path: &Path) -> Result<Self, OpenError> {
        let options = FILE.prepare(path, &MIGRATIONS).await?;
        Ok(Self {
            writer: Writer::start(pool(1).connect_lazy_with(options.clone())),
            reader: pool(2).connect_lazy_with(options.read_only(true)),
        })
    }
}

fn fault(error: sqlx::Error) -> StoreFault {
    FILE.fault(error)
}
