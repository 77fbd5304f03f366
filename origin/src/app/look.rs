//! Looks at what an origin would work with, by the adapters that it works with, and changes nothing.

use std::sync::Arc;

use super::StartError;
use super::stores::own_accounts;
use crate::config::{Config, Kv, Mail, OauthProvider, Redis, Way};
pub(crate) use crate::kv::HEAD;
use crate::kv::KvClient;
use crate::mail::SmtpMailer;
use crate::oauth;
use crate::port::{BlockLog, MailFault, Mailbox, ProviderFault, Sessions};
pub(crate) use crate::store::Tables;
use crate::store::database::Database;
use crate::store::embedded::EmbeddedStore;
use crate::store::redis::RedisStore;

/// The store of sessions, as it was found.
pub(crate) struct FoundSessions {
    /// What it is, in words.
    pub(crate) what: String,
    pub(crate) tables: Tables,
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) log: Arc<dyn BlockLog>,
}

impl FoundSessions {
    fn of<S: Sessions + BlockLog + 'static>(store: S, what: String, tables: Tables) -> Self {
        let store = Arc::new(store);
        Self { what, tables, sessions: store.clone(), log: store }
    }
}

/// Sessions in Redis.
pub(crate) async fn redis(redis: &Redis) -> Result<FoundSessions, StartError> {
    let (store, what) = RedisStore::look(redis).await?;
    Ok(FoundSessions::of(store, what, Tables::Current))
}

/// Sessions in the state folder.
pub(crate) async fn embedded(config: &Config) -> Result<FoundSessions, StartError> {
    let path = config.state.join("sessions.db");
    let (store, tables) = EmbeddedStore::look(&path).await?;
    Ok(FoundSessions::of(store, path.display().to_string(), tables))
}

/// The database of the accounts: what it is, in words, and how its tables stand.
pub(crate) async fn database(config: &Config) -> Result<(String, Tables), StartError> {
    Ok(match &config.database {
        Some(url) => Database::look(url.expose()).await?,
        None => Database::look_at_file(&own_accounts(config)).await?,
    })
}

/// The mailbox.
pub(crate) fn mailbox(kv: &Kv) -> Result<Arc<dyn Mailbox>, StartError> {
    Ok(Arc::new(KvClient::new(kv)?))
}

/// Whether the mail server lets us in; it is sent no letter.
pub(crate) async fn mail(mail: &Mail) -> Result<(), MailFault> {
    match &mail.way {
        Way::Smtp(server) => {
            let mailer = SmtpMailer::new(server, mail.from.clone()).map_err(MailFault::Refused)?;
            mailer.greet().await
        }
        Way::Folder(_) => Ok(()),
    }
}

/// Whether a provider answers as the one that is configured.
pub(crate) async fn provider(provider: &OauthProvider) -> Result<(), ProviderFault> {
    oauth::look(provider).await
}
