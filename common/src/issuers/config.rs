//! An issuer as written in `wrangler.toml`. Read by hand: derived code for it would weigh several
//! kilobytes in the Worker.

use core::time::Duration;

use serde_json::{Map, Value};

use super::{Issuer, Issuers, Roles};
use crate::token::{Algorithm, Typ, is_word};

/// The longest life that another issuer's tokens may have.
pub const MAX_LIFE_OF_OTHERS: Duration = Duration::from_hours(24);
/// The life that they have at most unless an entry says otherwise.
const USUAL_LIFE: Duration = Duration::from_hours(1);
/// The longest text of a member, in bytes.
const MAX_TEXT: usize = 255;

/// Why an entry cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIssuer {
    /// It is no table.
    #[error("expected a table with `issuer`, `audience`, `algorithms` and `jwks_url`")]
    Table,
    /// A member that every entry has is not there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// It has a member that none has.
    #[error("unknown member {0:?}; those there are stand in docs/issuers.md")]
    Unknown(String),
    /// A member is something else than it should be.
    #[error("{0} is not acceptable: expected {1}")]
    Shape(&'static str, &'static str),
    /// It names no issuer.
    #[error(
        "issuer {0:?} is not acceptable: expected the `iss` of its tokens to the letter, a URL like \
         \"https://id.example\" of at most 255 characters without ',' and '|'"
    )]
    Issuer(String),
    /// No algorithm, one twice, or one that is not enabled.
    #[error(
        "algorithms {0:?} is not acceptable: expected some of \"RS256\", \"PS256\", \"ES256\" and \
         \"EdDSA\""
    )]
    Algorithms(Vec<String>),
    /// No place to load keys from.
    #[error(
        "jwks_url {0:?} is not acceptable: expected an https URL, or http on localhost for \
         development"
    )]
    JwksUrl(String),
    /// No type of token, or one that is never an access token.
    #[error(
        "typ {0:?} is not acceptable: expected \"at+jwt\", \"JWT\" (for tokens without `typ`, too) \
         or the type that this issuer gives its access tokens"
    )]
    Typ(String),
    /// Roles that nobody named the claim of, or the other way round.
    #[error(
        "roles and roles_claim go together: name the claim, and give a table like \
         {{ \"editors\" = \"editor\" }} or \"as-is\""
    )]
    Roles,
    /// A role of ours that no token could have.
    #[error("roles: {0} is no role: expected one word of visible ASCII without a comma")]
    Word(Value),
}

/// Why the entries cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIssuers {
    /// They are no list.
    #[error("expected a list of tables")]
    List,
    /// One of them.
    #[error("[{index}]: {source}")]
    Entry {
        /// Which, from 0.
        index: usize,
        /// Why.
        source: InvalidIssuer,
    },
    /// Two for one issuer: which would count?
    #[error("[{first}] and [{second}] are for the same issuer: make one of them")]
    Twice {
        /// Which, from 0.
        first: usize,
        /// Which, from 0.
        second: usize,
    },
    /// Ours, whose rules are fixed.
    #[error("[{index}] is for ISSUER, our own, which needs no entry: take it out")]
    Own {
        /// Which, from 0.
        index: usize,
    },
}

impl Issuers {
    /// Reads the entries of a configuration; `own` is our own issuer.
    ///
    /// # Errors
    /// Which entry cannot be used and why, or which two are for one issuer.
    pub fn read(entries: &Value, own: &str) -> Result<Self, InvalidIssuers> {
        let entries = entries.as_array().ok_or(InvalidIssuers::List)?;
        let mut list: Vec<Issuer> = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let issuer = Issuer::of_entry(entry)
                .map_err(|source| InvalidIssuers::Entry { index, source })?;
            if issuer.name == own {
                return Err(InvalidIssuers::Own { index });
            }
            if let Some(first) = list.iter().position(|other| other.name == issuer.name) {
                return Err(InvalidIssuers::Twice { first, second: index });
            }
            list.push(issuer);
        }
        Ok(Self(list))
    }
}

impl Issuer {
    fn of_entry(entry: &Value) -> Result<Self, InvalidIssuer> {
        let mut members = Members(entry.as_object().cloned().ok_or(InvalidIssuer::Table)?);
        let issuer = Self {
            name: name(members.text("issuer")?)?,
            audience: members.texts("audience")?.ok_or(InvalidIssuer::Missing("audience"))?,
            algorithms: algorithms(members.texts("algorithms")?)?,
            jwks_url: key_source(members.text("jwks_url")?)?,
            typ: typ(members.text("typ")?)?,
            max_life: max_life(members.0.remove("max_life"))?,
            roles: roles(members.texts("roles_claim")?, members.0.remove("roles"))?,
            scope_claim: members.texts("scope_claim")?.unwrap_or_else(|| vec!["scope".into()]),
            email_verified_claim: members
                .texts("email_verified_claim")?
                .unwrap_or_else(|| vec!["email_verified".into()]),
        };
        // A misspelt member would silently be without effect.
        members
            .0
            .into_iter()
            .next()
            .map_or(Ok(issuer), |(name, _)| Err(InvalidIssuer::Unknown(name)))
    }
}

/// The members of an entry that nobody has read yet.
struct Members(Map<String, Value>);

impl Members {
    fn text(&mut self, name: &'static str) -> Result<Option<String>, InvalidIssuer> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(InvalidIssuer::Shape(name, "a text")),
        }
    }

    /// One text or several, none of them empty.
    fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>, InvalidIssuer> {
        let list = match self.0.remove(name) {
            None => return Ok(None),
            Some(Value::Array(list)) => list,
            Some(one) => vec![one],
        };
        let fits = |text: &String| (1..=MAX_TEXT).contains(&text.len());
        let text = |value| match value {
            Value::String(text) => Some(text).filter(fits),
            _ => None,
        };
        let texts: Option<Vec<String>> = list.into_iter().map(text).collect();
        let shape = InvalidIssuer::Shape(name, "a text or a list of texts, none of them empty");
        texts.filter(|list| !list.is_empty()).map(Some).ok_or(shape)
    }
}

fn name(text: Option<String>) -> Result<String, InvalidIssuer> {
    let text = text.ok_or(InvalidIssuer::Missing("issuer"))?;
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    if !is_url || !is_plain(&text) || text.contains(['|', ',']) {
        return Err(InvalidIssuer::Issuer(text));
    }
    Ok(text)
}

fn algorithms(names: Option<Vec<String>>) -> Result<Vec<Algorithm>, InvalidIssuer> {
    let names = names.ok_or(InvalidIssuer::Missing("algorithms"))?;
    let mut found = Vec::new();
    for name in &names {
        match Algorithm::ALL.into_iter().find(|one| one.as_str() == name) {
            Some(algorithm) if !found.contains(&algorithm) => found.push(algorithm),
            _ => return Err(InvalidIssuer::Algorithms(names)),
        }
    }
    Ok(found)
}

fn key_source(url: Option<String>) -> Result<String, InvalidIssuer> {
    let url = url.ok_or(InvalidIssuer::Missing("jwks_url"))?;
    if is_key_source(&url) { Ok(url) } else { Err(InvalidIssuer::JwksUrl(url)) }
}

/// Types of ours for other things are refused, so that no such token ever passes for another's
/// access token.
fn typ(text: Option<String>) -> Result<String, InvalidIssuer> {
    let text = text.unwrap_or_else(|| Typ::Access.as_str().into());
    let is_ours = Typ::ALL.iter().any(|typ| typ.as_str().eq_ignore_ascii_case(&text));
    let is_access = Typ::Access.as_str().eq_ignore_ascii_case(&text);
    if text.is_empty() || !is_plain(&text) || (is_ours && !is_access) {
        return Err(InvalidIssuer::Typ(text));
    }
    Ok(text)
}

fn max_life(seconds: Option<Value>) -> Result<Duration, InvalidIssuer> {
    let Some(seconds) = seconds else {
        return Ok(USUAL_LIFE);
    };
    let life = seconds.as_u64().map(Duration::from_secs);
    life.filter(|life| !life.is_zero() && *life <= MAX_LIFE_OF_OTHERS)
        .ok_or(InvalidIssuer::Shape("max_life", "whole seconds from 1 to 86400"))
}

fn roles(claim: Option<Vec<String>>, words: Option<Value>) -> Result<Option<Roles>, InvalidIssuer> {
    let (claim, words) = match (claim, words) {
        (None, None) => return Ok(None),
        (Some(claim), Some(words)) => (claim, words),
        _ => return Err(InvalidIssuer::Roles),
    };
    let words = match words {
        Value::String(text) if text == "as-is" => None,
        Value::Object(table) => Some(table.into_iter().map(word).collect::<Result<_, _>>()?),
        _ => return Err(InvalidIssuer::Roles),
    };
    Ok(Some(Roles { claim, words }))
}

fn word((theirs, ours): (String, Value)) -> Result<(String, String), InvalidIssuer> {
    match ours {
        Value::String(ours) if is_word(&ours) => Ok((theirs, ours)),
        other => Err(InvalidIssuer::Word(other)),
    }
}

fn is_plain(text: &str) -> bool {
    text.len() <= MAX_TEXT && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Keys that came over a line which others can write to are nobody's keys.
fn is_key_source(url: &str) -> bool {
    if !is_plain(url) || url.contains(['#', '\\']) {
        return false;
    }
    let host_of = |rest: &str| rest.split(['/', '?']).next().unwrap_or_default().to_owned();
    if let Some(rest) = url.strip_prefix("https://") {
        let host = host_of(rest);
        return !host.is_empty() && !host.contains('@');
    }
    let Some(host) = url.strip_prefix("http://").map(host_of) else {
        return false;
    };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|loopback| {
        let port = host.strip_prefix(loopback);
        port.is_some_and(|port| {
            port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok())
        })
    })
}
