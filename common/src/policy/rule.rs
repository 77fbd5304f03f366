//! One rule: where it applies and what it asks for.

use core::cmp::Reverse;
use core::fmt;
use std::sync::Arc;

use super::cors::{Cors, CorsConfig, InvalidCors};
use super::host::{Host, Hosts};
use super::methods::Methods;
use super::path::CanonicalPath;
use crate::json::{Json, Object, Table, Unreadable};
use crate::text::listed;

/// A rule as written in `wrangler.toml`.
#[derive(Clone, Debug)]
pub struct RuleConfig {
    /// A path, or a prefix of whole segments that ends in `/*`.
    pub path: String,
    /// A host, or `*.` and the host that all it is for are below of; any host when absent.
    pub host: Option<String>,
    /// What it asks for.
    pub require: Requirement,
    /// Which methods it is for; all when absent. `GET` speaks for `HEAD` too.
    pub methods: Option<Vec<String>>,
    /// What to do when it is not certain what is revoked.
    pub unfresh: Unfresh,
    /// How the app learns who asks.
    pub hand: Hand,
    /// What other sites' scripts may do here.
    pub cors: Option<CorsConfig>,
    /// Whether answers may be kept; `private` where somebody is signed in, when absent.
    pub cache: Option<Cache>,
    /// Which of `UPSTREAMS` these requests go to; the app when absent.
    pub upstream: Option<String>,
}

impl RuleConfig {
    pub(super) fn read(value: Json, path: String) -> Result<Self, Unreadable> {
        let mut table = Table::read(value, path)?;
        let (path, require) = (table.text("path")?, requirement(&mut table)?);
        let cors = table.take("cors").map(|cors| CorsConfig::read(cors, table.path_of("cors")));
        let read = Self {
            path: table.needed("path", path)?,
            host: table.text("host")?,
            require,
            methods: table.texts("methods")?,
            unfresh: table.choice("unfresh", &UNFRESH)?.unwrap_or_default(),
            hand: table.choice("hand", &HAND)?.unwrap_or_default(),
            cors: cors.transpose()?,
            cache: table.choice("cache", &CACHE)?,
            upstream: table.text("upstream")?,
        };
        table.end().map(|()| read)
    }
}

const UNFRESH: [(&str, Unfresh); 4] = [
    ("open", Unfresh::Open),
    ("closed", Unfresh::Closed),
    ("ask", Unfresh::Ask),
    ("always-ask", Unfresh::AlwaysAsk),
];

const HAND: [(&str, Hand); 3] =
    [("headers", Hand::Headers), ("token", Hand::Token), ("assertion", Hand::Assertion)];

const CACHE: [(&str, Cache); 2] = [("private", Cache::Private), ("upstream", Cache::Upstream)];

fn requirement(table: &mut Table) -> Result<Requirement, Unreadable> {
    let value = table.take("require");
    match table.needed("require", value)? {
        Json::Text(word) if word == "public" => return Ok(Requirement::Public),
        Json::Text(word) if word == "signed-in" => return Ok(Requirement::SignedIn),
        Json::Object(Object(mut members)) => match (members.pop(), members.is_empty()) {
            (Some((name, Json::Text(word))), true) if name == "role" => {
                return Ok(Requirement::Role(word));
            }
            (Some((name, Json::Text(word))), true) if name == "scope" => {
                return Ok(Requirement::Scope(word));
            }
            _ => {}
        },
        _ => {}
    }
    let expected = "\"public\", \"signed-in\", { role = \"…\" } or { scope = \"…\" }";
    Err(table.wrong("require", expected))
}

/// What a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("public"),
            Self::SignedIn => f.write_str("signed-in"),
            Self::Role(role) => write!(f, "role {role}"),
            Self::Scope(scope) => write!(f, "scope {scope}"),
        }
    }
}

/// What a rule does once the head is no longer fresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hand {
    /// By `x-auth-…` headers.
    #[default]
    Headers,
    /// By those and the access token itself, as a bearer token.
    Token,
    /// By those and a signed statement for this method and path.
    Assertion,
}

/// Whether the app's answers may be kept on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// Nowhere: they leave as `private, no-store`.
    Private,
    /// As the app says.
    Upstream,
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    /// Its path is no canonical path or prefix.
    #[error(
        "path \"{0}\" is not acceptable: expected a canonical path like \"/api/orders\", or whole \
         segments and a final \"/*\" like \"/api/*\""
    )]
    Path(String),
    /// Its host is none, or not written as it is compared.
    #[error(
        "host \"{0}\" is not acceptable: expected a host in lower case without port like \
         \"app.example\", or \"*.example\" for all below it"
    )]
    Host(String),
    /// It lists no method, or one that is never passed on.
    #[error(
        "methods {} is not acceptable: expected method names like [\"GET\", \"POST\"], in upper \
         case and without TRACE, TRACK and CONNECT, which are never passed on", listed(.0)
    )]
    Methods(Vec<String>),
    /// It is for HEAD and not for GET.
    #[error(
        "methods {} names HEAD without GET: HEAD tells what GET would, so it goes by the rule \
         for GET; list GET, or take HEAD out", listed(.0)
    )]
    Head(Vec<String>),
    /// A role or scope that no token can have.
    #[error("\"{0}\" is no role or scope: expected one word of visible ASCII without a comma")]
    Word(String),
    /// It is public and has members that only mean something where somebody is signed in.
    #[error("path \"{0}\" is public, so `unfresh` and `hand` mean nothing there: take them out")]
    Idle(String),
    /// It is for a prefix that is the origin's.
    #[error("path \"{0}\" is reserved: /auth and /.well-known are always passed to the origin")]
    Reserved(String),
    /// Its `cors` table.
    #[error(transparent)]
    Cors(#[from] InvalidCors),
    /// An upstream without a name.
    #[error("upstream is empty: expected the name of an entry of UPSTREAMS")]
    Upstream,
}

/// A rule that was checked.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its place in the file.
    index: Option<usize>,
    hosts: Hosts,
    segments: Vec<String>,
    /// Whether it covers everything below, too.
    prefix: bool,
    methods: Option<Methods>,
    /// What it asks for.
    pub require: Requirement,
    /// What to do when it is not certain what is revoked.
    pub unfresh: Unfresh,
    /// How the app learns who asks.
    pub hand: Hand,
    /// What other sites' scripts may do here.
    pub cors: Option<Arc<Cors>>,
    /// Whether answers may be kept.
    pub cache: Cache,
    /// Which of the upstreams these requests go to; the app when `None`.
    pub upstream: Option<Arc<str>>,
}

impl Rule {
    pub(super) fn new(index: usize, config: RuleConfig) -> Result<Self, InvalidRule> {
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
        let hosts = match config.host {
            Some(text) => Hosts::parse(&text).map_err(|_| InvalidRule::Host(text))?,
            None => Hosts::Any,
        };
        if let Requirement::Role(word) | Requirement::Scope(word) = &config.require {
            let fits = !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic() && b != b',');
            if !fits {
                return Err(InvalidRule::Word(word.clone()));
            }
        }
        let is_public = config.require == Requirement::Public;
        let idle = config.unfresh != Unfresh::default() || config.hand != Hand::default();
        if is_public && idle {
            return Err(InvalidRule::Idle(config.path));
        }
        let lists = |names: &[String], method| names.iter().any(|name| name == method);
        let methods = match config.methods {
            Some(names) if lists(&names, "HEAD") && !lists(&names, "GET") => {
                return Err(InvalidRule::Head(names));
            }
            Some(names) => Some(Methods::new(names.clone()).ok_or(InvalidRule::Methods(names))?),
            None => None,
        };
        if config.upstream.as_ref().is_some_and(String::is_empty) {
            return Err(InvalidRule::Upstream);
        }
        let cors = config.cors.map(|cors| Cors::new(cors, methods.as_ref())).transpose()?;
        let default_cache = if is_public { Cache::Upstream } else { Cache::Private };
        Ok(Self {
            index: Some(index),
            hosts,
            segments,
            prefix,
            methods,
            require: config.require,
            unfresh: config.unfresh,
            hand: config.hand,
            cors: cors.map(Arc::new),
            cache: config.cache.unwrap_or(default_cache),
            upstream: config.upstream.map(Arc::from),
        })
    }

    /// The rule for what no rule is written for.
    pub(super) const fn signed_in() -> Self {
        Self {
            index: None,
            hosts: Hosts::Any,
            segments: Vec::new(),
            prefix: true,
            methods: None,
            require: Requirement::SignedIn,
            unfresh: Unfresh::Open,
            hand: Hand::Headers,
            cors: None,
            cache: Cache::Private,
            upstream: None,
        }
    }

    /// Its place in the file, counted from 0; none for the rule that stands for all the others.
    #[must_use]
    pub const fn index(&self) -> Option<usize> {
        self.index
    }

    pub(super) fn covers<'s>(
        &self,
        host: &Host<'_>,
        method: &str,
        path: impl Iterator<Item = &'s str>,
        same: fn(&str, &str) -> bool,
    ) -> bool {
        self.is_at(path, same)
            && self.methods.as_ref().is_none_or(|methods| methods.cover(method))
            && self.hosts.cover(host)
    }

    fn is_at<'s>(
        &self,
        mut path: impl Iterator<Item = &'s str>,
        same: fn(&str, &str) -> bool,
    ) -> bool {
        self.segments.iter().all(|own| path.next().is_some_and(|segment| same(own, segment)))
            && (self.prefix || path.next().is_none())
    }

    pub(super) fn has_upper_case(&self) -> bool {
        self.segments.iter().any(|segment| segment.bytes().any(|b| b.is_ascii_uppercase()))
    }

    /// Sorts the most specific first: a named host, then the one with more labels; more segments;
    /// no wildcard; named methods.
    pub(super) fn order(&self) -> impl Ord + use<'_> {
        let rest = (self.segments.len(), !self.prefix, self.methods.is_some());
        Reverse((&self.hosts, rest))
    }

    /// Whether both are for the same host and path. Paths that only differ by case are the same
    /// to some servers, so they are here.
    fn is_beside(&self, other: &Self) -> bool {
        self.hosts == other.hosts
            && self.prefix == other.prefix
            && self.segments.len() == other.segments.len()
            && self.is_at(other.segments.iter().map(String::as_str), str::eq_ignore_ascii_case)
    }

    /// Whether some request is covered by both rules, neither being more specific.
    pub(super) fn contradicts(&self, other: &Self) -> bool {
        let share_a_method = match (&self.methods, &other.methods) {
            (Some(own), Some(others)) => own.overlap(others),
            (None, None) => true,
            _ => false,
        };
        share_a_method && self.is_beside(other)
    }

    /// Whether this rule, for all methods, loses this one to `other`.
    pub(super) fn loses(&self, method: &str, other: &Self) -> bool {
        self.methods.is_none()
            && other.methods.as_ref().is_some_and(|methods| methods.cover(method))
            && self.is_beside(other)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hosts.fmt(f)?;
        for segment in &self.segments {
            write!(f, "/{segment}")?;
        }
        if self.prefix {
            f.write_str("/*")?;
        } else if self.segments.is_empty() {
            f.write_str("/")?;
        }
        match &self.methods {
            Some(methods) => write!(f, " [{methods}]"),
            None => Ok(()),
        }
    }
}
