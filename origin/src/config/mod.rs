//! What the operator decides: `portcullis.toml`, overridden by `PORTCULLIS__SECTION__KEY`. Read
//! once at start and parsed to values that are in bounds; whoever holds a [`Config`] need not
//! check again.

mod audit;
mod clients;
mod environment;
mod error;
mod kv;
mod limits;
mod mail;
mod oauth;
mod passwords;
mod redis;
mod server;
mod sessions;
mod tokens;
mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::Secret;
use figment::Figment;
use figment::providers::{Format, Toml};
use serde::Deserialize;

pub(crate) use audit::AuditRules;
pub(crate) use clients::Clients;
use environment::Environment;
pub(crate) use error::ConfigError;
use error::Invalid;
pub(crate) use kv::Kv;
pub(crate) use limits::Limits;
pub(crate) use mail::{Encryption, Mail, Smtp, Way};
pub(crate) use oauth::{
    AppleKey, Credential, Endpoints, Kind as OauthKind, Label, OauthProvider, Preset, is_secure,
};
pub(crate) use passwords::Passwords;
pub(crate) use redis::Redis;
pub(crate) use server::Server;
pub(crate) use sessions::SessionRules;
pub(crate) use tokens::Tokens;
use value::Text;

/// The file read when none is named, if it is there.
pub(crate) const DEFAULT_FILE: &str = "portcullis.toml";

/// All that the operator decides.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) server: Server,
    /// The folder that holds keys and, by default, the stores' files. Relative to where the
    /// process was started.
    pub(crate) state: PathBuf,
    /// Where the accounts are; `None` for a file in [`state`](Self::state).
    pub(crate) database: Option<Secret<String>>,
    /// Where the sessions are; `None` for a file in [`state`](Self::state).
    pub(crate) redis: Option<Redis>,
    pub(crate) tokens: Tokens,
    pub(crate) sessions: SessionRules,
    pub(crate) passwords: Passwords,
    /// `None`: no letters are sent.
    pub(crate) mail: Option<Mail>,
    pub(crate) limits: Limits,
    pub(crate) audit: AuditRules,
    pub(crate) clients: Clients,
    /// `None`: nothing is published, edges have the origin's own head alone.
    pub(crate) kv: Option<Kv>,
    /// Where people may have a login already, by name.
    pub(crate) oauth: Vec<OauthProvider>,
    /// What proves an edge to us; `None`: no edge is believed.
    pub(crate) edge_secret: Option<Secret<String>>,
}

impl Config {
    /// Reads `file` (or [`DEFAULT_FILE`] if that exists) and lays `variables` over it.
    ///
    /// # Errors
    /// The first thing that is wrong, in words for the operator.
    pub(crate) fn load(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let figment = match file {
            Some(file) if !file.is_file() => {
                return Err(ConfigError::NoSuchFile(file.to_path_buf()));
            }
            Some(file) => Figment::from(Toml::file_exact(file)),
            None if Path::new(DEFAULT_FILE).exists() => {
                Figment::from(Toml::file_exact(DEFAULT_FILE))
            }
            None => Figment::new(),
        };
        let figment = figment.merge(Environment::new(variables)?);
        let raw: Raw = figment.extract().map_err(|error| ConfigError::from_figment(&error))?;
        raw.parse().map_err(|invalid| invalid.found_in(&figment))
    }
}

/// The sections as they are written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    server: server::Raw,
    state: State,
    database: Database,
    redis: redis::Raw,
    tokens: tokens::Raw,
    sessions: sessions::Raw,
    passwords: passwords::Raw,
    mail: mail::Raw,
    limits: limits::Raw,
    audit: audit::Raw,
    clients: clients::Raw,
    kv: Option<kv::Raw>,
    oauth: BTreeMap<String, oauth::Raw>,
    edge: Edge,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct State {
    dir: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Database {
    url: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Edge {
    secret: Option<Text>,
}

impl Raw {
    fn parse(self) -> Result<Config, Invalid> {
        let dir = self.state.dir.unwrap_or_else(|| Text::from(".portcullis"));
        Ok(Config {
            server: self.server.parse()?,
            state: PathBuf::from(dir.required("state.dir", "a folder")?),
            database: secret(self.database.url, "database.url", "a database URL")?,
            redis: self.redis.parse()?,
            tokens: self.tokens.parse()?,
            sessions: self.sessions.parse()?,
            passwords: self.passwords.parse()?,
            mail: self.mail.parse()?,
            limits: self.limits.parse()?,
            audit: self.audit.parse()?,
            clients: self.clients.parse()?,
            kv: self.kv.map(kv::Raw::parse).transpose()?,
            oauth: oauth::parse(self.oauth)?,
            edge_secret: self.edge.secret.map(edge_secret).transpose()?,
        })
    }
}

fn secret(
    text: Option<Text>,
    key: &'static str,
    expected: &'static str,
) -> Result<Option<Secret<String>>, Invalid> {
    text.map(|text| text.required(key, expected).map(Secret::new)).transpose()
}

/// A secret short enough to guess would let anybody claim to be the edge.
const EDGE_SECRET_BYTES: usize = 16;

fn edge_secret(text: Text) -> Result<Secret<String>, Invalid> {
    let expected = "at least 16 characters of visible ASCII, as `openssl rand -hex 32` makes them";
    let secret = text.required("edge.secret", expected)?;
    if secret.len() < EDGE_SECRET_BYTES || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Invalid::secret("edge.secret", expected));
    }
    Ok(Secret::new(secret))
}

#[cfg(test)]
mod tests;
