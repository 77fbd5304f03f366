//! Where the database is, read from its setting. The setting is not repeated in an error: it may
//! hold a password.

use std::path::PathBuf;
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::KEY;
use crate::store::OpenError;

/// The parameters that a Postgres URL may have. Any other is refused: the driver would write it to
/// the log, value and all, and go on without it.
const PARAMETERS: [&str; 9] = [
    "application_name",
    "dbname",
    "host",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
];

/// Where the database is.
pub(super) enum Address {
    /// The path of a SQLite file.
    File(PathBuf),
    /// A Postgres server.
    Server(Box<PgConnectOptions>),
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, OpenError> {
        match text.split_once(':') {
            Some(("postgres" | "postgresql", _)) => server(text),
            Some(("sqlite", rest)) => file(rest.strip_prefix("//").unwrap_or(rest)),
            Some((_, rest)) if rest.starts_with("//") => Err(neither()),
            _ => file(text),
        }
    }
}

fn neither() -> OpenError {
    let expected = "the path of a SQLite file, sqlite: and the path, or a URL like \
                    postgres://user:password@host:5432/database";
    OpenError::Setting { key: KEY, expected }
}

fn file(path: &str) -> Result<Address, OpenError> {
    if path.is_empty() || path == ":memory:" || path.contains('?') {
        return Err(neither());
    }
    Ok(Address::File(PathBuf::from(path)))
}

fn server(text: &str) -> Result<Address, OpenError> {
    let url = Url::parse(text).map_err(|_| neither())?;
    if url.query_pairs().any(|(name, _)| !PARAMETERS.contains(&&*name)) {
        let expected = "a Postgres URL with no parameters but application_name, dbname, host, \
                        port, sslcert, sslkey, sslmode, sslrootcert and statement-cache-capacity";
        return Err(OpenError::Setting { key: KEY, expected });
    }
    let options = PgConnectOptions::from_str(text).map_err(|_| {
        let expected = "a Postgres URL whose parameters have values that exist, such as \
                        sslmode=verify-full and a number for port";
        OpenError::Setting { key: KEY, expected }
    })?;
    Ok(Address::Server(Box::new(options)))
}
