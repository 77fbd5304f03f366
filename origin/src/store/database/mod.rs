//! The SQL database with accounts and what belongs to them: a SQLite file, or Postgres by URL. One
//! set of queries runs on both, so they hold only SQL that both speak: `$1` for values, `ON
//! CONFLICT`, `RETURNING`; texts, 64-bit integers and booleans.

mod address;
mod postgres;

#[cfg(test)]
pub(crate) mod server;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgDatabaseError, PgRow};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, PgPool, SqlitePool};

use self::address::Address;
use super::sqlite::{self, File, pool};
use super::{OpenError, Tables};
use crate::port::StoreFault;

/// The configuration key that leads to the database.
const KEY: &str = "database.url";

/// The database's name in a [`StoreFault`].
const NAME: &str = "database";

const FILE: File = File { name: NAME, key: KEY };

/// How long a statement may take, its wait for a connection included: a server that went away
/// without a word keeps nobody waiting for longer.
const PATIENCE: Duration = Duration::from_secs(8);

/// The tables of all that is kept here, by one sequence of numbers.
static MIGRATIONS: Migrator = sqlx::migrate!("src/store/accounts/migrations");

/// The database. Cheap to clone.
#[derive(Clone)]
pub(crate) enum Database {
    /// A file.
    Sqlite(SqlitePool),
    /// A server.
    Postgres(PgPool),
}

/// A value in a statement.
#[derive(Clone, Copy)]
pub(in crate::store) enum Value<'a> {
    Text(Option<&'a str>),
    Integer(i64),
    Boolean(bool),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Integer(sqlite::integer(number))
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

/// Gives a query its values. A macro, since the two databases' queries have no type in common.
macro_rules! bound {
    ($query:expr, $values:expr) => {
        $values.iter().fold($query, |query, value| match *value {
            Value::Text(text) => query.bind(text),
            Value::Integer(number) => query.bind(number),
            Value::Boolean(value) => query.bind(value),
        })
    };
}

/// Two statements in one transaction, for the same reason.
macro_rules! in_one {
    ($pool:expr, $first:expr, $second:expr) => {
        async {
            let mut transaction = $pool.begin().await?;
            bound!(sqlx::query($first.0), $first.1).execute(&mut *transaction).await?;
            let done = bound!(sqlx::query($second.0), $second.1).execute(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(done.rows_affected())
        }
    };
}

/// One statement for many rows in one transaction, likewise.
macro_rules! each_in_one {
    ($pool:expr, $sql:expr, $rows:expr) => {
        async {
            let mut transaction = $pool.begin().await?;
            for values in $rows {
                bound!(sqlx::query($sql), values).execute(&mut *transaction).await?;
            }
            transaction.commit().await
        }
    };
}

/// A type that is read from a row of either database.
pub(in crate::store) trait Readable:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Readable for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl Database {
    /// Opens the database and brings its tables up to date: a path, a URL like
    /// `sqlite:///var/lib/portcullis/accounts.db`, or one like `postgres://user:password@host/name`.
    ///
    /// # Errors
    /// [`OpenError`] when the address is of no database we speak to, or it does not answer, or its
    /// tables are not ours.
    pub(crate) async fn open(address: &str) -> Result<Self, OpenError> {
        match Address::parse(address)? {
            Address::File(path) => Self::file(&path).await,
            Address::Server(options) => {
                postgres::open(options, &MIGRATIONS).await.map(Self::Postgres)
            }
        }
    }

    /// The file that an address leads to, if it is no server's.
    ///
    /// # Errors
    /// When the address is of no database we speak to.
    pub(crate) fn file_at(address: &str) -> Result<Option<PathBuf>, OpenError> {
        Ok(match Address::parse(address)? {
            Address::File(path) => Some(path),
            Address::Server(_) => None,
        })
    }

    /// Looks at the database and changes nothing: what it is, in words, and how its tables stand.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) async fn look(address: &str) -> Result<(String, Tables), OpenError> {
        match Address::parse(address)? {
            Address::File(path) => Self::look_at_file(&path).await,
            Address::Server(options) => postgres::look(&options, &MIGRATIONS).await,
        }
    }

    /// The same at a file.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) async fn look_at_file(path: &Path) -> Result<(String, Tables), OpenError> {
        let (_, tables) = FILE.look(path, &MIGRATIONS).await?;
        Ok((path.display().to_string(), tables))
    }

    /// Opens a file.
    pub(crate) async fn file(path: &Path) -> Result<Self, OpenError> {
        let options = FILE.prepare(path, &MIGRATIONS).await?;
        Ok(Self::Sqlite(pool(4).connect_lazy_with(options)))
    }

    /// Executes a statement; how many rows it changed.
    pub(in crate::store) async fn execute(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreFault> {
        match self {
            Self::Sqlite(pool) => in_time(bound!(sqlx::query(sql), values).execute(pool))
                .await
                .map(|done| done.rows_affected()),
            Self::Postgres(pool) => in_time(bound!(sqlx::query(sql), values).execute(pool))
                .await
                .map(|done| done.rows_affected()),
        }
    }

    /// Executes two statements as one transaction; how many rows the second changed. Where the first
    /// updates a row, of many such at once each sees what those before it did.
    pub(in crate::store) async fn execute_both(
        &self,
        first: (&'static str, &[Value<'_>]),
        second: (&'static str, &[Value<'_>]),
    ) -> Result<u64, StoreFault> {
        match self {
            Self::Sqlite(pool) => in_time(in_one!(pool, first, second)).await,
            Self::Postgres(pool) => in_time(in_one!(pool, first, second)).await,
        }
    }

    /// Executes a statement for each of these rows of values, all in one transaction: it waits for the disk once.
    pub(in crate::store) async fn execute_each<const N: usize>(
        &self,
        sql: &'static str,
        rows: &[[Value<'_>; N]],
    ) -> Result<(), StoreFault> {
        match self {
            Self::Sqlite(pool) => in_time(each_in_one!(pool, sql, rows)).await,
            Self::Postgres(pool) => in_time(each_in_one!(pool, sql, rows)).await,
        }
    }

    /// Every row of an answer.
    pub(in crate::store) async fn all<R: Readable>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<R>, StoreFault> {
        match self {
            Self::Sqlite(pool) => {
                in_time(bound!(sqlx::query_as::<_, R>(sql), values).fetch_all(pool)).await
            }
            Self::Postgres(pool) => {
                in_time(bound!(sqlx::query_as::<_, R>(sql), values).fetch_all(pool)).await
            }
        }
    }

    /// The only row of an answer that has one at most.
    pub(in crate::store) async fn one<R: Readable>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Option<R>, StoreFault> {
        Ok(self.all(sql, values).await?.pop())
    }

    /// Whether it answers.
    pub(in crate::store) async fn ping(&self) -> Result<(), StoreFault> {
        self.execute("SELECT 1", &[]).await.map(drop)
    }
}

/// Whether a statement failed by its values, as it will each time, and not by the state that the database is in.
pub(in crate::store) fn is_refused(fault: &StoreFault) -> bool {
    let StoreFault::Unavailable { source, .. } = fault else { return false };
    let Some(sqlx::Error::Database(error)) = source.downcast_ref() else { return false };
    let Some(code) = error.code() else { return false };
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        // Data exceptions, broken constraints, limits: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
        ["22", "23", "54"].iter().any(|class| code.starts_with(class))
    } else {
        sqlite::is_refusal(&code)
    }
}

/// An entry cannot be read.
pub(in crate::store) fn corrupt(what: String) -> StoreFault {
    FILE.corrupt(what)
}

async fn in_time<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreFault> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(|error| FILE.fault(error)),
        Err(late) => Err(FILE.late(late)),
    }
}
