//! `[kv]`: the key-value store that edges read the signed head from.

use std::time::Duration;

use common::Secret;
use serde::Deserialize;
use url::Url;

use super::error::Invalid;
use super::oauth::is_secure;
use super::value::Text;

/// The key-value store that edges read the signed head from.
#[derive(Clone, Debug)]
pub(crate) struct Kv {
    /// Up to and excluding `/storage/kv/…`, without trailing slash.
    pub(crate) api: Url,
    /// The namespace's id.
    pub(crate) namespace: String,
    /// An API token that may write to it.
    pub(crate) token: Secret<String>,
    /// How often the head is published when nothing changed.
    pub(crate) heartbeat: Duration,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    api: Option<Text>,
    namespace: Option<Text>,
    token: Option<Text>,
    heartbeat: Option<Text>,
}

impl Raw {
    pub(super) fn parse(self) -> Result<Kv, Invalid> {
        const TOKEN: &str = "an API token with the permission to edit Workers KV, visible ASCII";
        let namespace = self.namespace.unwrap_or_else(|| Text::from("portcullis"));
        let token = self.token.ok_or_else(|| Invalid::missing("kv.token", TOKEN))?;
        let token = token.required("kv.token", TOKEN)?;
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Invalid::secret("kv.token", TOKEN));
        }
        let heartbeat = self.heartbeat.unwrap_or_else(|| Text::from("30s"));
        Ok(Kv {
            api: api(self.api)?,
            namespace: identifier(namespace)?,
            token: Secret::new(token),
            heartbeat: heartbeat.duration(
                "kv.heartbeat",
                // An edge takes the head for fresh up to 90 s.
                Duration::from_secs(1)..=Duration::from_mins(1),
                "a duration from 1s to 60s",
            )?,
        })
    }
}

fn api(text: Option<Text>) -> Result<Url, Invalid> {
    const KEY: &str = "kv.api";
    const EXPECTED: &str = "an https URL (http on loopback alone) like \
         https://api.cloudflare.com/client/v4/accounts/ACCOUNT_ID";
    let text = text.ok_or_else(|| Invalid::missing(KEY, EXPECTED))?;
    let url: Url = text.parse(KEY, EXPECTED)?;
    // The token goes along with each request.
    if is_secure(&url) && url.query().is_none() {
        Ok(url)
    } else {
        Err(Invalid::new(KEY, url.as_str(), EXPECTED))
    }
}

/// It becomes a segment of a path, so it must not be able to leave it.
fn identifier(text: Text) -> Result<String, Invalid> {
    let expected = "a namespace's id: 1 to 64 letters, digits, '-' or '_'";
    let id = text.required("kv.namespace", expected)?;
    let fits = id.len() <= 64
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if fits { Ok(id) } else { Err(Invalid::new("kv.namespace", &id, expected)) }
}
