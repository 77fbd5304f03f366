//! `[tokens]`: what access tokens say and how long they live.

use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::error::Invalid;
use super::value::Text;

/// What access tokens say and how long they live.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    /// `iss`, byte for byte as the edge expects it.
    pub(crate) issuer: String,
    /// `aud`.
    pub(crate) audience: String,
    /// `client_id`.
    pub(crate) client_id: String,
    /// Life of an access token, 60 s to 1 h.
    pub(crate) access_ttl: Duration,
    /// How long edges know a new signing key before it signs, up to 7 d.
    pub(crate) key_announce: Duration,
    /// Whether a new access token of a session ends the one before.
    pub(crate) latest_only: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    issuer: Option<Text>,
    audience: Option<Text>,
    client_id: Option<Text>,
    access_ttl: Option<Text>,
    key_announce: Option<Text>,
    latest_only: Option<Text>,
}

impl Raw {
    pub(super) fn parse(self) -> Result<Tokens, Invalid> {
        let or = |text: Option<Text>, default| text.unwrap_or_else(|| Text::from(default));
        Ok(Tokens {
            issuer: issuer(or(self.issuer, "http://localhost:8787"))?,
            audience: name(or(self.audience, "portcullis-app"), "tokens.audience")?,
            client_id: name(or(self.client_id, "portcullis"), "tokens.client_id")?,
            access_ttl: or(self.access_ttl, "10m").duration(
                "tokens.access_ttl",
                Duration::from_mins(1)..=Duration::from_hours(1),
                "a duration from 60s to 1h",
            )?,
            // An edge works with what it knows for up to `STALE_SECONDS`, 15 minutes.
            key_announce: or(self.key_announce, "20m").duration(
                "tokens.key_announce",
                Duration::ZERO..=Duration::from_hours(7 * 24),
                "a duration from 0s to 7d",
            )?,
            latest_only: or(self.latest_only, "false")
                .parse("tokens.latest_only", "true or false")?,
        })
    }
}

/// RFC 8414 §2: an issuer has neither query nor fragment. It is compared byte for byte, so only
/// the spelling that a URL parser would give back is taken.
fn issuer(text: Text) -> Result<String, Invalid> {
    const KEY: &str = "tokens.issuer";
    const EXPECTED: &str = "the http(s) URL that browsers see, in lower case, without trailing \
                            slash, query, fragment or user name, like https://app.example.com";
    let issuer = text.required(KEY, EXPECTED)?;
    let fits = Url::parse(&issuer).is_ok_and(|url| {
        ["http", "https"].contains(&url.scheme())
            && url.host().is_some()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.as_str().strip_suffix('/').unwrap_or(url.as_str()) == issuer
    });
    if fits { Ok(issuer) } else { Err(Invalid::new(KEY, &issuer, EXPECTED)) }
}

fn name(text: Text, key: &'static str) -> Result<String, Invalid> {
    let expected = "1 to 255 characters of visible ASCII";
    let name = text.required(key, expected)?;
    if name.len() <= 255 && name.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(name)
    } else {
        Err(Invalid::new(key, &name, expected))
    }
}
