//! A Postgres server: a bounded pool, patient for a bounded time, encrypted as the URL's `sslmode`
//! says.

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::time::timeout;

use super::{FILE, KEY};
use crate::store::{OpenError, Tables};

/// Most connections of one origin. Its statements are short; a server takes 100 by default, from all
/// who use it.
const CONNECTIONS: u32 = 16;

/// How long the first one may take, at start.
const OPENING: Duration = Duration::from_secs(30);

/// How long a caller waits for one.
const ACQUIRE: Duration = Duration::from_secs(5);

/// How long one is kept that nobody uses.
const IDLE: Duration = Duration::from_mins(5);

/// What the server is told of each connection: it gives up what nobody waits for any more.
const LIMITS: &str = "SET statement_timeout = '5s'; SET lock_timeout = '3s'";

pub(super) async fn open(
    options: Box<PgConnectOptions>,
    migrator: &Migrator,
) -> Result<PgPool, OpenError> {
    migrate(&options, migrator).await?;
    Ok(PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE)
        .idle_timeout(IDLE)
        .after_connect(|connection, _| {
            Box::pin(async move { sqlx::raw_sql(LIMITS).execute(connection).await.map(drop) })
        })
        .connect_lazy_with(*options))
}

/// Looks at the server and changes nothing: its version, and how its tables stand.
pub(super) async fn look(
    options: &PgConnectOptions,
    migrator: &Migrator,
) -> Result<(String, Tables), OpenError> {
    let failed = |error| OpenError::Store { key: KEY, fault: FILE.fault(error) };
    let mut connection = PgConnection::connect_with(options).await.map_err(failed)?;
    let version = "SHOW server_version";
    let version: String =
        sqlx::query_scalar(version).fetch_one(&mut connection).await.map_err(failed)?;
    let known = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    let known: bool = sqlx::query_scalar(known).fetch_one(&mut connection).await.map_err(failed)?;
    let made: Vec<i64> = if known {
        let made = "SELECT version FROM _sqlx_migrations WHERE success";
        sqlx::query_scalar(made).fetch_all(&mut connection).await.map_err(failed)?
    } else {
        Vec::new()
    };
    connection.close().await.map_err(failed)?;
    Ok((format!("Postgres {version}"), Tables::judge(migrator, &made)))
}

/// Brings the tables up to date on a connection of its own, whose errors say what is wrong: a pool
/// would try again until it is tired. Of several origins that start at once one does it, by a lock
/// that the migrator takes.
async fn migrate(options: &PgConnectOptions, migrator: &Migrator) -> Result<(), OpenError> {
    let store = |fault| OpenError::Store { key: KEY, fault };
    let failed = |error| store(FILE.fault(error));
    let mut connection = timeout(OPENING, PgConnection::connect_with(options))
        .await
        .map_err(|late| store(FILE.late(late)))?
        .map_err(failed)?;
    // `run` is the same, but its future is not `Send`.
    migrator.run_direct(None, &mut connection, false).await.map_err(|source| {
        OpenError::Migration { key: KEY, place: String::from("the Postgres database"), source }
    })?;
    connection.close().await.map_err(failed)
}
