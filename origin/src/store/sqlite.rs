//! What every SQLite file of the house has in common: owner-only, durable, patient for a bounded
//! time, and faults in the port's words.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::OpenError;
use crate::port::StoreFault;

/// How long a statement waits while another process writes.
const BUSY: Duration = Duration::from_secs(2);

/// How long a caller waits for a connection of the pool.
const ACQUIRE: Duration = Duration::from_secs(5);

/// A file, and the words by which faults and settings speak of it.
#[derive(Clone, Copy)]
pub(super) struct File {
    /// The store's name in a [`StoreFault`].
    pub(super) name: &'static str,
    /// The configuration key that decides where it lies.
    pub(super) key: &'static str,
}

impl File {
    /// Makes the file if it is missing, and brings its tables up to date.
    pub(super) async fn prepare(
        self,
        path: &Path,
        migrator: &Migrator,
    ) -> Result<SqliteConnectOptions, OpenError> {
        own(path).map_err(|source| OpenError::File {
            key: self.key,
            path: path.to_owned(),
            source,
        })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // Answered 200 means kept: each commit reaches the disk before its caller hears of it.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);

        let store = |source| OpenError::Store { key: self.key, source: self.fault(source) };
        let pool = pool(1).connect_with(options.clone()).await.map_err(store)?;
        // The write lock comes first: of two processes that start at once, the second finds the
        // tables made.
        let mut lock = pool.begin_with("BEGIN IMMEDIATE").await.map_err(store)?;
        // `run` is the same, but its future is not `Send`.
        migrator
            .run_direct(None, &mut *lock, false)
            .await
            .map_err(|source| OpenError::Migration { path: path.to_owned(), source })?;
        lock.commit().await.map_err(store)?;
        pool.close().await;
        Ok(options)
    }

    /// Says in the port's words what SQLite said.
    pub(super) fn fault(self, error: sqlx::Error) -> StoreFault {
        let corrupt = match &error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => true,
            // SQLITE_CORRUPT and SQLITE_NOTADB, https://sqlite.org/rescode.html
            sqlx::Error::Database(e) => matches!(e.code().as_deref(), Some("11" | "26")),
            _ => false,
        };
        if corrupt {
            self.corrupt(error.to_string())
        } else {
            StoreFault::Unavailable { store: self.name, source: Box::new(error) }
        }
    }

    /// An entry of the file cannot be read.
    pub(super) fn corrupt(self, what: String) -> StoreFault {
        StoreFault::Corrupt { store: self.name, what }
    }
}

/// A pool of at most `connections`.
pub(super) fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        // The other end is a file, it does not hang up.
        .test_before_acquire(false)
}

/// Makes the file owner-only before anything is in it; SQLite gives the same rights to the files
/// that it puts beside it.
fn own(path: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// SQLite's integers end at 2⁶³ - 1; nothing that counts or tells time gets there.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Only the type, so that a module's statics read well.
pub(super) type Pool = SqlitePool;
