//! One rule: where it applies and what it asks for.

use core::fmt;

use serde::Deserialize;

use super::path::CanonicalPath;

/// A rule as written in `wrangler.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// A path, or a prefix of whole segments that ends in `/*`.
    pub path: String,
    /// What it asks for.
    pub require: Requirement,
    /// Which methods it is for; all when absent. `GET` speaks for `HEAD` too.
    #[serde(default)]
    pub methods: Option<Vec<String>>,
    /// What to do when it is not certain what is revoked.
    #[serde(default)]
    pub unfresh: Unfresh,
    /// How the app learns who asks.
    #[serde(default)]
    pub hand: Hand,
}

/// What a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Requirement {
    /// Nothing.
    Public,
    /// Any valid access token.
    SignedIn,
    /// One whose user has this role.
    Role(String),
    /// One that was granted this scope.
    Scope(String),
}

/// What a rule does once the head is no longer fresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unfresh {
    /// Requests pass until the head is stale.
    #[default]
    Open,
    /// 503.
    Closed,
    /// The origin is asked.
    Ask,
    /// The origin is asked each time, however fresh the head is.
    AlwaysAsk,
}

/// How the app learns who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hand {
    /// By `x-auth-…` headers.
    #[default]
    Headers,
    /// By those and the access token itself, as a bearer token.
    Token,
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    /// Its path is no canonical path or prefix.
    #[error(
        "path {0:?} is not acceptable: expected a canonical path like \"/api/orders\", or whole \
         segments and a final \"/*\" like \"/api/*\""
    )]
    Path(String),
    /// It lists no method, or something that is none.
    #[error(
        "methods {0:?} is not acceptable: expected upper-case method names like [\"GET\", \"POST\"]"
    )]
    Methods(Vec<String>),
    /// A role or scope that no token can have.
    #[error("{0:?} is no role or scope: expected one word of visible ASCII without a comma")]
    Word(String),
    /// It is public and has members that only mean something where somebody is signed in.
    #[error("path {0:?} is public, so `unfresh` and `hand` mean nothing there: take them out")]
    Idle(String),
    /// It is for a prefix that is the origin's.
    #[error("path {0:?} is reserved: /auth and /.well-known are always passed to the origin")]
    Reserved(String),
}

/// A rule that was checked.
#[derive(Clone, Debug)]
pub struct Rule {
    segments: Vec<String>,
    /// Whether it covers everything below, too.
    prefix: bool,
    methods: Option<Vec<String>>,
    /// What it asks for.
    pub require: Requirement,
    /// What to do when it is not certain what is revoked.
    pub unfresh: Unfresh,
    /// How the app learns who asks.
    pub hand: Hand,
}

impl Rule {
    pub(super) fn new(config: RuleConfig) -> Result<Self, InvalidRule> {
        let prefix = config.path.ends_with("/*");
        let base = if prefix { config.path.trim_end_matches('*') } else { &config.path };
        let segments: Vec<String> = CanonicalPath::parse(base)
            .ok()
            .filter(|_| !base.contains(['*', ';']))
            .map(|path| path.segments().map(String::from).collect())
            .ok_or_else(|| InvalidRule::Path(config.path.clone()))?;
        if super::is_reserved(segments.iter().map(String::as_str)) {
            return Err(InvalidRule::Reserved(config.path));
        }
        if let Requirement::Role(word) | Requirement::Scope(word) = &config.require {
            let fits = !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic() && b != b',');
            if !fits {
                return Err(InvalidRule::Word(word.clone()));
            }
        }
        let idle = config.unfresh != Unfresh::default() || config.hand != Hand::default();
        if config.require == Requirement::Public && idle {
            return Err(InvalidRule::Idle(config.path));
        }
        if let Some(methods) = &config.methods {
            let is_name = |m: &String| !m.is_empty() && m.bytes().all(|b| b.is_ascii_uppercase());
            if methods.is_empty() || !methods.iter().all(is_name) {
                return Err(InvalidRule::Methods(methods.clone()));
            }
        }
        Ok(Self {
            segments,
            prefix,
            methods: config.methods,
            require: config.require,
            unfresh: config.unfresh,
            hand: config.hand,
        })
    }

    /// The rule for what no rule is written for.
    pub(super) const fn signed_in() -> Self {
        Self {
            segments: Vec::new(),
            prefix: true,
            methods: None,
            require: Requirement::SignedIn,
            unfresh: Unfresh::Open,
            hand: Hand::Headers,
        }
    }

    pub(super) fn covers<'s>(&self, method: &str, mut path: impl Iterator<Item = &'s str>) -> bool {
        let here = self.segments.iter().all(|own| path.next() == Some(own.as_str()))
            && (self.prefix || path.next().is_none());
        here && self.methods.as_ref().is_none_or(|methods| lists(methods, method))
    }

    /// More specific is greater: more segments, then no wildcard, then named methods.
    pub(super) fn specificity(&self) -> (usize, bool, bool) {
        (self.segments.len(), !self.prefix, self.methods.is_some())
    }

    /// Whether some request is covered by both rules, neither being more specific.
    pub(super) fn contradicts(&self, other: &Self) -> bool {
        let share_a_method = match (&self.methods, &other.methods) {
            (Some(own), Some(others)) => {
                own.iter().any(|m| lists(others, m)) || others.iter().any(|m| lists(own, m))
            }
            (None, None) => true,
            _ => false,
        };
        self.segments == other.segments && self.prefix == other.prefix && share_a_method
    }
}

/// Whether a list of methods speaks for this one.
fn lists(methods: &[String], method: &str) -> bool {
    // A server that answers GET answers HEAD with the same handler (RFC 9110 §9.3.2).
    methods.iter().any(|m| m == method || (m == "GET" && method == "HEAD"))
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            write!(f, "/{segment}")?;
        }
        if self.prefix {
            f.write_str("/*")?;
        } else if self.segments.is_empty() {
            f.write_str("/")?;
        }
        match &self.methods {
            Some(methods) => write!(f, " [{}]", methods.join(", ")),
            None => Ok(()),
        }
    }
}
