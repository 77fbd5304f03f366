//! Who is spoken to outside.

use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::StartError;
use crate::config::{Config, Mail, Way};
use crate::crypto::SystemClock;
use crate::kv::KvClient;
use crate::mail::{Folder, SmtpMailer};
use crate::oauth;
use crate::port::{Mailbox, Mailer};
use crate::service::Named;

/// Who is spoken to outside: where heads and letters are handed over, who else signs people in.
pub(super) struct Outside {
    pub(super) mailbox: Option<(Arc<dyn Mailbox>, Duration)>,
    pub(super) mailer: Option<Arc<dyn Mailer>>,
    pub(super) providers: Vec<Named>,
}

impl Outside {
    pub(super) fn of(config: &Config) -> Result<Self, StartError> {
        let mailbox = if let Some(kv) = &config.kv {
            let client: Arc<dyn Mailbox> = Arc::new(KvClient::new(kv)?);
            Some((client, kv.heartbeat))
        } else {
            warn!("no [kv] section: heads are not published, edges have the origin's alone");
            None
        };
        let mailer = config.mail.as_ref().map(mailer).transpose()?;
        Ok(Self { mailbox, mailer, providers: providers(config)? })
    }
}

/// Who carries letters.
fn mailer(mail: &Mail) -> Result<Arc<dyn Mailer>, StartError> {
    let from = mail.from.clone();
    Ok(match &mail.way {
        Way::Smtp(server) => Arc::new(SmtpMailer::new(server, from)?),
        Way::Folder(path) => {
            warn!("mail.folder is set: letters are files, which is for development alone");
            Arc::new(
                Folder::open(path.clone(), from).map_err(|error| {
                    format!("mail.folder: cannot make {}: {error}", path.display())
                })?,
            )
        }
    })
}

/// The providers of the configuration. None is asked anything yet: that one of them is down is no reason
/// not to start.
fn providers(config: &Config) -> Result<Vec<Named>, StartError> {
    let named = config.oauth.iter().map(|provider| {
        let back = format!("{}/auth/oauth/{}/callback", config.tokens.issuer, provider.name);
        Ok(Named {
            name: provider.name.clone(),
            label: provider.label.clone(),
            provider: oauth::provider(provider, back, Arc::new(SystemClock))?,
        })
    });
    named.collect()
}
