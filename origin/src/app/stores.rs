//! Opens what is kept: the store of sessions, and the database of accounts and audit.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::StartError;
use crate::config::Config;
use crate::port::{BlockLog, Leases, Segments, Sessions, Tries};
use crate::store::accounts::SqlAccounts;
use crate::store::audit::SqlAudit;
use crate::store::database::Database;
use crate::store::embedded::EmbeddedStore;
use crate::store::redis::RedisStore;

/// The store of sessions, by each of its ports.
pub(crate) struct SessionStore {
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) log: Arc<dyn BlockLog>,
    pub(super) segments: Arc<dyn Segments>,
    pub(super) leases: Arc<dyn Leases>,
    pub(super) tries: Arc<dyn Tries>,
}

impl SessionStore {
    fn of<S: Sessions + BlockLog + Segments + Leases + Tries + 'static>(store: S) -> Self {
        let store = Arc::new(store);
        Self {
            sessions: store.clone(),
            log: store.clone(),
            segments: store.clone(),
            leases: store.clone(),
            tries: store,
        }
    }

    pub(super) async fn open(config: &Config) -> Result<Self, StartError> {
        Ok(match &config.redis {
            Some(redis) => Self::of(RedisStore::connect(redis).await?),
            None => Self::of(EmbeddedStore::open(&config.state.join("sessions.db")).await?),
        })
    }
}

/// Makes the folder that holds what is kept, for nobody else to look into.
pub(super) fn state_folder(config: &Config) -> Result<(), StartError> {
    let folder = &config.state;
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        format!(
            "state.dir: cannot make {}: {error}; choose a folder that can be made",
            folder.display()
        )
        .into()
    })
}

/// The store of sessions, ready.
pub(crate) async fn session_store(config: &Config) -> Result<SessionStore, StartError> {
    state_folder(config)?;
    SessionStore::open(config).await
}

/// The database of the accounts, migrated.
pub(super) async fn database(config: &Config) -> Result<Database, StartError> {
    state_folder(config)?;
    Ok(match &config.database {
        Some(url) => Database::open(url.expose()).await?,
        None => Database::file(&own_accounts(config)).await?,
    })
}

/// The file that it is, unless it is a server.
pub(crate) fn accounts_file(config: &Config) -> Result<Option<PathBuf>, StartError> {
    Ok(match &config.database {
        Some(url) => Database::file_at(url.expose())?,
        None => Some(own_accounts(config)),
    })
}

pub(super) fn own_accounts(config: &Config) -> PathBuf {
    config.state.join("accounts.db")
}

/// The accounts in it.
pub(crate) async fn accounts(config: &Config) -> Result<SqlAccounts, StartError> {
    Ok(SqlAccounts::new(database(config).await?))
}

/// The audit log, for a command that has something to put into it.
pub(crate) async fn audit(config: &Config) -> Result<SqlAudit, StartError> {
    Ok(SqlAudit::start(database(config).await?, config.audit.keep))
}
