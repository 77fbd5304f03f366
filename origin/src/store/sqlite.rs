//! What every SQLite file of the house has in common: owner-only, durable, patient for a bounded
//! time, and faults in the port's words.

use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::time::error::Elapsed;

use super::{OpenError, Tables};
use crate::port::StoreFault;

/// How long a statement waits while another process writes.
const BUSY: Duration = Duration::from_secs(3);

/// How long opening waits for others who open the same file, and between two tries.
const OPENING: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(20);

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

        let started = Instant::now();
        loop {
            let outcome = self.migrate(path, &options, migrator).await;
            // Of several that make one file, SQLite lets some fail at once where waiting would be
            // a deadlock.
            if !matches!(outcome, Err(ref error) if is_busy(error)) || started.elapsed() > OPENING {
                return outcome.map(|()| options);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn migrate(
        self,
        path: &Path,
        options: &SqliteConnectOptions,
        migrator: &Migrator,
    ) -> Result<(), OpenError> {
        let store = |error| OpenError::Store { key: self.key, fault: self.fault(error) };
        let pool = pool(1).connect_with(options.clone()).await.map_err(store)?;
        // The write lock comes first: of two processes that start at once, the second finds the
        // tables made.
        let mut lock = pool.begin_with("BEGIN IMMEDIATE").await.map_err(store)?;
        // `run` is the same, but its future is not `Send`.
        migrator.run_direct(None, &mut *lock, false).await.map_err(|source| {
            let place = path.display().to_string();
            OpenError::Migration { key: self.key, place, source }
        })?;
        lock.commit().await.map_err(store)?;
        pool.close().await;
        Ok(())
    }

    /// Looks at a file and changes nothing: what to read it by, and how its tables stand.
    pub(super) async fn look(
        self,
        path: &Path,
        migrator: &Migrator,
    ) -> Result<(SqliteConnectOptions, Tables), OpenError> {
        let file = |source| OpenError::File { key: self.key, path: path.to_owned(), source };
        path.metadata().map_err(file)?;
        // Nobody has it open where no log lies beside it; SQLite would make one, for reading too.
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let is_open = fs::exists(log).map_err(file)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .immutable(!is_open)
            .busy_timeout(BUSY);
        let store = |error| OpenError::Store { key: self.key, fault: self.fault(error) };
        let pool = pool(1).connect_with(options.clone()).await.map_err(store)?;
        let known = "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
        let known: i64 = sqlx::query_scalar(known).fetch_one(&pool).await.map_err(store)?;
        let made: Vec<i64> = if known == 0 {
            Vec::new()
        } else {
            let made = "SELECT version FROM _sqlx_migrations WHERE success";
            sqlx::query_scalar(made).fetch_all(&pool).await.map_err(store)?
        };
        pool.close().await;
        Ok((options, Tables::judge(migrator, &made)))
    }

    /// Says in the port's words what SQLite said.
    pub(super) fn fault(self, error: sqlx::Error) -> StoreFault {
        let corrupt = match &error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => true,
            sqlx::Error::Database(_) => matches!(code(&error), Some(CORRUPT | NOT_A_DATABASE)),
            _ => false,
        };
        if corrupt {
            self.corrupt(error.to_string())
        } else {
            StoreFault::Unavailable { store: self.name, source: Box::new(error) }
        }
    }

    /// No answer came in time.
    pub(super) fn late(self, late: Elapsed) -> StoreFault {
        StoreFault::Unavailable { store: self.name, source: Box::new(late) }
    }

    /// An entry of the file cannot be read.
    pub(super) fn corrupt(self, what: String) -> StoreFault {
        StoreFault::Corrupt { store: self.name, what }
    }
}

/// Primary result codes, <https://sqlite.org/rescode.html>.
const BUSY_CODE: u32 = 5;
const CORRUPT: u32 = 11;
const NOT_A_DATABASE: u32 = 26;
const TOO_BIG: u32 = 18;
const CONSTRAINT: u32 = 19;
const MISMATCH: u32 = 20;

/// The primary result code; the extended ones have it in their low byte.
fn code(error: &sqlx::Error) -> Option<u32> {
    primary(&error.as_database_error()?.code()?)
}

fn primary(code: &str) -> Option<u32> {
    Some(code.parse::<u32>().ok()? & 0xff)
}

/// Whether this result code says that a statement's values cannot be kept.
pub(super) fn is_refusal(code: &str) -> bool {
    matches!(primary(code), Some(TOO_BIG | CONSTRAINT | MISMATCH))
}

fn is_busy(error: &OpenError) -> bool {
    let OpenError::Store { fault: StoreFault::Unavailable { source, .. }, .. } = error else {
        return false;
    };
    source.downcast_ref().and_then(code) == Some(BUSY_CODE)
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
///
/// A file that exists is not opened here: closing it again would release the locks that this
/// process holds on it (<https://sqlite.org/howtocorrupt.html>, §2.2).
fn own(path: &Path) -> io::Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = path.metadata()?;
            if !file.is_file() {
                return Err(io::Error::other("it is not a file"));
            }
            if file.permissions().mode() & 0o077 != 0 {
                fs::set_permissions(path, Permissions::from_mode(0o600))?;
            }
            Ok(())
        }
        made => made.map(drop),
    }
}

/// The integers of SQLite end at 2⁶³ - 1; nothing that counts or tells time gets there.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Only the type, so that a module's statics read well.
pub(super) type Pool = SqlitePool;
