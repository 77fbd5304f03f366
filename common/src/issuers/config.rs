//! An issuer as written in `wrangler.toml`.

use core::time::Duration;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Issuer, Roles};
use crate::token::{Algorithm, Typ, is_word};

/// The longest life that another issuer's tokens may have.
pub const MAX_LIFE_OF_OTHERS: Duration = Duration::from_hours(24);
/// The longest text of a member, in bytes.
const MAX_TEXT: usize = 255;

/// One entry of `ISSUERS`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// Its `iss`, to the letter.
    pub issuer: String,
    /// The audience, or several of which a token must name one.
    pub audience: Texts,
    /// The algorithms it signs with.
    pub algorithms: Vec<String>,
    /// Where its keys are.
    pub jwks_url: String,
    /// The `typ` of its access tokens; "JWT" speaks for tokens without one, too.
    #[serde(default = "at_jwt")]
    pub typ: String,
    /// The longest life of a token, in seconds.
    #[serde(default = "an_hour")]
    pub max_life: u64,
    /// The claim with the user's roles: its name, or the names on the way to it.
    #[serde(default)]
    pub roles_claim: Option<Texts>,
    /// What its roles are called here.
    #[serde(default)]
    pub roles: Option<RoleWords>,
    /// The claim with the granted scopes.
    #[serde(default)]
    pub scope_claim: Option<Texts>,
    /// The claim that says whether the e-mail address was proven.
    #[serde(default)]
    pub email_verified_claim: Option<Texts>,
}

fn at_jwt() -> String {
    Typ::Access.as_str().into()
}

const fn an_hour() -> u64 {
    3600
}

/// One text or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub enum Texts {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Texts {
    fn into_list(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(list) => list,
        }
    }
}

/// What an issuer's roles are called here.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected \"as-is\" or a table of the issuer's roles and ours")]
pub enum RoleWords {
    /// `"as-is"`.
    Same(String),
    /// The issuer's role → ours. What is not in it is dropped.
    Table(BTreeMap<String, String>),
}

/// Why an entry cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIssuer {
    /// It names no issuer.
    #[error(
        "issuer {0:?} is not acceptable: expected the `iss` of its tokens to the letter, a URL like \
         \"https://id.example\" of at most 255 characters without ',' and '|'"
    )]
    Issuer(String),
    /// No audience.
    #[error(
        "audience is not acceptable: expected the `aud` that its tokens have for this app, or a \
         list of such texts"
    )]
    Audience,
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
    /// A life out of bounds.
    #[error("max_life {0} is not acceptable: expected whole seconds from 1 to 86400")]
    MaxLife(u64),
    /// A claim that cannot be named so.
    #[error(
        "{0} is not acceptable: expected the claim's name like \"roles\", or the names on the way \
         to it like [\"realm_access\", \"roles\"]"
    )]
    Claim(&'static str),
    /// Roles that nobody named the claim of, or the other way round.
    #[error(
        "roles and roles_claim go together: name the claim, and give a table like \
         {{ \"editors\" = \"editor\" }} or \"as-is\""
    )]
    Roles,
    /// A role of ours that no token could have.
    #[error("roles: {0:?} is no role: expected one word of visible ASCII without a comma")]
    Word(String),
}

/// Why the entries cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIssuers {
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

impl Issuer {
    pub(super) fn new(config: IssuerConfig) -> Result<Self, InvalidIssuer> {
        let is_url = config.issuer.starts_with("https://") || config.issuer.starts_with("http://");
        if !is_url || !is_plain(&config.issuer) || config.issuer.contains(['|', ',']) {
            return Err(InvalidIssuer::Issuer(config.issuer));
        }
        let audience = config.audience.into_list();
        if !are_names(&audience) {
            return Err(InvalidIssuer::Audience);
        }
        if !is_key_source(&config.jwks_url) {
            return Err(InvalidIssuer::JwksUrl(config.jwks_url));
        }
        if !is_type(&config.typ) {
            return Err(InvalidIssuer::Typ(config.typ));
        }
        let max_life = Duration::from_secs(config.max_life);
        if max_life.is_zero() || max_life > MAX_LIFE_OF_OTHERS {
            return Err(InvalidIssuer::MaxLife(config.max_life));
        }
        Ok(Self {
            name: config.issuer,
            audience,
            algorithms: algorithms(config.algorithms)?,
            jwks_url: config.jwks_url,
            typ: config.typ,
            max_life,
            roles: roles(config.roles_claim, config.roles)?,
            scope_claim: claim(config.scope_claim, "scope_claim", "scope")?,
            email_verified_claim: claim(
                config.email_verified_claim,
                "email_verified_claim",
                "email_verified",
            )?,
        })
    }
}

fn algorithms(names: Vec<String>) -> Result<Vec<Algorithm>, InvalidIssuer> {
    let known = |name: &String| Algorithm::ALL.into_iter().find(|one| one.as_str() == name);
    let found: Vec<Algorithm> = names.iter().filter_map(known).collect();
    let repeats =
        found.iter().enumerate().any(|(at, one)| found.iter().skip(at + 1).any(|o| o == one));
    if found.is_empty() || found.len() != names.len() || repeats {
        return Err(InvalidIssuer::Algorithms(names));
    }
    Ok(found)
}

fn roles(claim: Option<Texts>, words: Option<RoleWords>) -> Result<Option<Roles>, InvalidIssuer> {
    let (claim, words) = match (claim, words) {
        (None, None) => return Ok(None),
        (Some(claim), Some(words)) => (claim.into_list(), words),
        _ => return Err(InvalidIssuer::Roles),
    };
    if !are_names(&claim) {
        return Err(InvalidIssuer::Claim("roles_claim"));
    }
    let words = match words {
        RoleWords::Same(text) if text == "as-is" => None,
        RoleWords::Same(_) => return Err(InvalidIssuer::Roles),
        RoleWords::Table(table) => {
            if let Some(bad) = table.values().find(|ours| !is_word(ours)) {
                return Err(InvalidIssuer::Word(bad.clone()));
            }
            Some(table.into_iter().collect())
        }
    };
    Ok(Some(Roles { claim, words }))
}

fn claim(
    given: Option<Texts>,
    member: &'static str,
    otherwise: &str,
) -> Result<Vec<String>, InvalidIssuer> {
    let path = given.map_or_else(|| vec![otherwise.into()], Texts::into_list);
    if are_names(&path) { Ok(path) } else { Err(InvalidIssuer::Claim(member)) }
}

fn are_names(list: &[String]) -> bool {
    !list.is_empty() && list.iter().all(|name| (1..=MAX_TEXT).contains(&name.len()))
}

fn is_plain(text: &str) -> bool {
    text.len() <= MAX_TEXT && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Types of ours for other things are refused, so that no such token ever passes for another's
/// access token.
fn is_type(typ: &str) -> bool {
    let others = [Typ::Refresh.as_str(), Typ::Head.as_str()];
    !typ.is_empty() && is_plain(typ) && !others.iter().any(|o| o.eq_ignore_ascii_case(typ))
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
