//! Providers at which people have a login already, spoken to by OpenID Connect or by OAuth 2.0.
//!
//! No client library: its reading of an ID token would be a second one beside `common`'s, and without that
//! little is left of it but the few parameters of [`exchange`].

mod apple;
mod discovery;
mod exchange;
mod fetch;
mod open_id;
mod person;
mod plain;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Endpoints, OauthKind, OauthProvider, Preset};
use crate::port::{Clock, Provider, ProviderFault};
use discovery::Discovery;
use exchange::Client;
use fetch::Fetch;
use open_id::OpenId;
use plain::{GitHub, Naver};

/// How long all that is asked of a provider for one sign-in may take together.
const PATIENCE: Duration = Duration::from_secs(9);

/// The provider of a section of the configuration; it sends people back to `redirect_uri`.
///
/// # Errors
/// When the system gives no TLS to ask it with.
pub(crate) fn provider(
    config: &OauthProvider,
    redirect_uri: String,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Provider>, reqwest::Error> {
    let fetch = Fetch::new()?;
    let client = Client {
        id: config.client_id.clone(),
        credential: config.credential.clone(),
        redirect_uri,
        scope: config.scopes.join(" "),
        clock,
    };
    let allowed = config.allow_domains.clone();
    Ok(match &config.kind {
        OauthKind::OpenId { issuer, hosts, preset } => {
            Arc::new(OpenId::new(fetch, client, issuer, hosts, *preset, allowed))
        }
        OauthKind::Plain { preset: Preset::Naver, endpoints } => {
            Arc::new(Naver { fetch, client, endpoints: Endpoints::clone(endpoints), allowed })
        }
        OauthKind::Plain { endpoints, .. } => {
            Arc::new(GitHub { fetch, client, endpoints: Endpoints::clone(endpoints), allowed })
        }
    })
}

/// Whether a provider answers as the one that is configured, with keys that can be read. Of one that says nothing
/// of itself nothing is asked.
///
/// # Errors
/// When it does not answer, or as another one.
pub(crate) async fn look(config: &OauthProvider) -> Result<(), ProviderFault> {
    let OauthKind::OpenId { issuer, hosts, preset } = &config.kind else { return Ok(()) };
    let fetch = Fetch::new().map_err(|error| ProviderFault::Failed(error.to_string()))?;
    let discovery = Discovery::new(fetch, issuer.clone(), hosts.clone(), *preset);
    let metadata = discovery.metadata().await?;
    discovery.keys(&metadata, None).await.map(drop)
}

/// What is asked, unless it takes too long.
async fn in_time<T>(
    asking: impl Future<Output = Result<T, ProviderFault>>,
) -> Result<T, ProviderFault> {
    let late = |_| Err(ProviderFault::Failed(String::from("the provider takes too long")));
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(late)
}
