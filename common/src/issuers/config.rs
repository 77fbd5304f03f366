//! An issuer as written in `wrangler.toml`.

use core::time::Duration;

use super::{Issuer, Issuers, Roles};
use crate::json::{Json, Object, Table, Unreadable, found_kind};
use crate::text::listed;
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
    /// A member is missing, unknown, or something else than it should be.
    #[error(transparent)]
    Member(#[from] Unreadable),
    /// It names no issuer.
    #[error(
        "issuer \"{0}\" is not acceptable: expected the `iss` of its tokens to the letter, a URL like \
         \"https://id.example\" of at most 255 characters without ',' and '|'"
    )]
    Issuer(String),
    /// No algorithm, one twice, or one that is not enabled.
    #[error(
        "algorithms {} is not acceptable: expected some of \"RS256\", \"PS256\", \"ES256\" and \
         \"EdDSA\"", listed(.0)
    )]
    Algorithms(Vec<String>),
    /// No place to load keys from.
    #[error(
        "jwks_url \"{0}\" is not acceptable: expected an https URL, or http on localhost for \
         development"
    )]
    JwksUrl(String),
    /// No type of token, or one that is never an access token.
    #[error(
        "typ \"{0}\" is not acceptable: expected \"at+jwt\", \"JWT\" (for tokens without `typ`, too) \
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
    #[error(
        "roles: what \"{0}\" stands for is no role: expected one word of visible ASCII without a comma"
    )]
    Word(String),
}

/// Why the entries cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIssuers {
    /// They are no list: what was found instead, for people.
    #[error("expected a list of tables{0}")]
    List(&'static str),
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
    pub fn read(entries: Json, own: &str) -> Result<Self, InvalidIssuers> {
        let entries = match entries {
            Json::List(entries) => entries,
            other => return Err(InvalidIssuers::List(found_kind(&other))),
        };
        let mut list: Vec<Issuer> = Vec::with_capacity(entries.len());
        for (index, entry) in entries.into_iter().enumerate() {
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
    fn of_entry(entry: Json) -> Result<Self, InvalidIssuer> {
        let mut table = Table::read(entry, String::new())?;
        let issuer = Self {
            name: name(needed(&mut table, "issuer")?)?,
            audience: texts(&mut table, "audience")?,
            algorithms: algorithms(texts(&mut table, "algorithms")?)?,
            jwks_url: key_source(needed(&mut table, "jwks_url")?)?,
            typ: typ(table.text("typ")?)?,
            max_life: max_life(&mut table)?,
            roles: roles(&mut table)?,
            scope_claim: claim(&mut table, "scope_claim", "scope")?,
            email_verified_claim: claim(&mut table, "email_verified_claim", "email_verified")?,
        };
        table.end()?;
        Ok(issuer)
    }
}

fn needed(table: &mut Table, name: &str) -> Result<String, Unreadable> {
    let text = table.text(name)?;
    table.needed(name, text)
}

/// One text or several, none of them empty.
fn some_texts(table: &mut Table, name: &str) -> Result<Option<Vec<String>>, Unreadable> {
    let texts = match table.take(name) {
        None => return Ok(None),
        Some(Json::Text(one)) => Some(vec![one]),
        Some(list) => list.into_texts(),
    };
    let fits = |text: &String| (1..=MAX_TEXT).contains(&text.len());
    let good = texts.filter(|list| !list.is_empty() && list.iter().all(fits));
    let expected = "a text or a list of texts, none of them empty";
    good.map(Some).ok_or_else(|| table.wrong(name, expected))
}

fn texts(table: &mut Table, name: &str) -> Result<Vec<String>, Unreadable> {
    let texts = some_texts(table, name)?;
    table.needed(name, texts)
}

/// The path to a claim, outermost name first.
fn claim(table: &mut Table, name: &str, usual: &str) -> Result<Vec<String>, Unreadable> {
    Ok(some_texts(table, name)?.unwrap_or_else(|| vec![usual.into()]))
}

fn name(text: String) -> Result<String, InvalidIssuer> {
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    if !is_url || !is_plain(&text) || text.contains(['|', ',']) {
        return Err(InvalidIssuer::Issuer(text));
    }
    Ok(text)
}

fn algorithms(names: Vec<String>) -> Result<Vec<Algorithm>, InvalidIssuer> {
    let mut found = Vec::new();
    for name in &names {
        match Algorithm::ALL.into_iter().find(|one| one.as_str() == name) {
            Some(algorithm) if !found.contains(&algorithm) => found.push(algorithm),
            _ => return Err(InvalidIssuer::Algorithms(names)),
        }
    }
    Ok(found)
}

fn key_source(url: String) -> Result<String, InvalidIssuer> {
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

fn max_life(table: &mut Table) -> Result<Duration, Unreadable> {
    let Some(seconds) = table.take("max_life") else {
        return Ok(USUAL_LIFE);
    };
    let life = seconds.as_u64().map(Duration::from_secs);
    life.filter(|life| !life.is_zero() && *life <= MAX_LIFE_OF_OTHERS)
        .ok_or_else(|| table.wrong("max_life", "whole seconds from 1 to 86400"))
}

fn roles(table: &mut Table) -> Result<Option<Roles>, InvalidIssuer> {
    let (claim, words) = match (some_texts(table, "roles_claim")?, table.take("roles")) {
        (None, None) => return Ok(None),
        (Some(claim), Some(words)) => (claim, words),
        _ => return Err(InvalidIssuer::Roles),
    };
    let words = match words {
        Json::Text(text) if text == "as-is" => None,
        Json::Object(Object(table)) => Some(table.into_iter().map(word).collect::<Result<_, _>>()?),
        _ => return Err(InvalidIssuer::Roles),
    };
    Ok(Some(Roles { claim, words }))
}

fn word((theirs, ours): (String, Json)) -> Result<(String, String), InvalidIssuer> {
    match ours {
        Json::Text(ours) if is_word(&ours) => Ok((theirs, ours)),
        _ => Err(InvalidIssuer::Word(theirs)),
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
