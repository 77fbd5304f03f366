//! What other sites' scripts may do on the paths of a rule: the rule's `cors` table, checked.
//! What a request is told of it is [`crate::verdict`]'s business.

use super::host::Host;
use super::methods::{COMMON, Methods, is_token};
use crate::json::{Json, Table, Unreadable};
use crate::text::{after_scheme, joined};

/// How long a preflight's answer is remembered unless a rule says otherwise, in seconds.
const TEN_MINUTES: u32 = 600;
/// The longest that browsers keep a preflight's answer is a day; most keep it for less.
const LONGEST: u32 = 86_400;

/// The table as written in `wrangler.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsConfig {
    /// Which sites, as browsers write an origin (`https://shop.example`), or `["*"]` for all.
    pub origins: Vec<String>,
    /// Whether they may send cookies along.
    pub credentials: bool,
    /// Which request headers they may set beyond those that need no leave.
    pub headers: Vec<String>,
    /// Which methods they may use; those of the rule when absent, or the common ones.
    pub methods: Option<Vec<String>>,
    /// Which response headers their scripts may read beyond those that need no leave.
    pub expose: Vec<String>,
    /// Seconds that a browser may remember a preflight's answer.
    pub max_age: u32,
}

impl CorsConfig {
    pub(super) fn read(value: Json, path: String) -> Result<Self, Unreadable> {
        let mut table = Table::read(value, path)?;
        let origins = table.texts("origins")?;
        let credentials = match table.take("credentials") {
            None => false,
            Some(Json::Bool(flag)) => flag,
            Some(_) => return Err(table.wrong("credentials", "true or false")),
        };
        let max_age = match table.take("max_age") {
            None => Some(TEN_MINUTES),
            Some(seconds) => seconds.as_u64().and_then(|seconds| seconds.try_into().ok()),
        };
        let read = Self {
            origins: table.needed("origins", origins)?,
            credentials,
            headers: table.texts("headers")?.unwrap_or_default(),
            methods: table.texts("methods")?,
            expose: table.texts("expose")?.unwrap_or_default(),
            max_age: max_age.ok_or_else(|| table.wrong("max_age", "whole seconds"))?,
        };
        table.end().map(|()| read)
    }
}

/// Why a `cors` table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCors {
    /// No origin at all, or one that no browser would send.
    #[error(
        "cors.origins: \"{0}\" is no origin as browsers write it: expected scheme and host in lower \
         case and a port unless it is the scheme's own, like \"https://shop.example\""
    )]
    Origin(String),
    /// It lists nobody.
    #[error("cors.origins is empty: name the sites, or take the table out")]
    Nobody,
    /// Everybody beside somebody.
    #[error("cors.origins: \"*\" stands for every site, so it must stand alone")]
    Everybody,
    /// Everybody with cookies.
    #[error(
        "cors: any site could act with a user's cookies: name the origins, or take `credentials` \
         out"
    )]
    OpenCredentials,
    /// No header name.
    #[error(
        "cors.{member}: \"{name}\" is no name of a header: list each by name, like \
         [\"content-type\"]"
    )]
    Header {
        /// `headers` or `expose`.
        member: &'static str,
        /// What stands there.
        name: String,
    },
    /// A method that the rule is not for, or that nobody may use.
    #[error("cors.methods: \"{0}\" is not acceptable: expected methods that the rule is for")]
    Method(String),
    /// Longer than any browser remembers.
    #[error("cors.max_age: expected seconds, at most {LONGEST}")]
    MaxAge,
}

/// A `cors` table that was checked, with its lists as they stand in headers.
#[derive(Debug, PartialEq, Eq)]
pub struct Cors {
    /// `None` stands for every site.
    origins: Option<Vec<String>>,
    /// Whether these sites may send cookies along.
    pub credentials: bool,
    headers: Vec<String>,
    methods: Methods,
    /// Which response headers their scripts may read, for `Access-Control-Expose-Headers`.
    pub expose: Option<String>,
    /// Seconds that a browser may remember a preflight's answer.
    pub max_age: u32,
}

impl Cors {
    pub(super) fn new(config: CorsConfig, rule: Option<&Methods>) -> Result<Self, InvalidCors> {
        let origins = origins(config.origins)?;
        if origins.is_none() && config.credentials {
            return Err(InvalidCors::OpenCredentials);
        }
        for (member, names) in [("headers", &config.headers), ("expose", &config.expose)] {
            // A `*` would be a header of that name to a request with credentials (Fetch §3.3.5),
            // and never speaks for `authorization`.
            if let Some(name) = names.iter().find(|name| !is_token(name) || *name == "*") {
                return Err(InvalidCors::Header { member, name: name.clone() });
            }
        }
        if config.max_age > LONGEST {
            return Err(InvalidCors::MaxAge);
        }
        Ok(Self {
            origins,
            credentials: config.credentials,
            headers: config.headers,
            methods: methods(config.methods, rule)?,
            expose: (!config.expose.is_empty()).then(|| joined(&config.expose, ", ")),
            max_age: config.max_age,
        })
    }

    /// Whether every site is allowed.
    #[must_use]
    pub const fn is_for_all(&self) -> bool {
        self.origins.is_none()
    }

    /// Whether this site is, compared byte for byte as Fetch §4.9 compares.
    #[must_use]
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.origins.as_ref().is_none_or(|listed| listed.iter().any(|own| own == origin))
    }

    /// Whether its scripts may use this method.
    #[must_use]
    pub fn allows_method(&self, method: &str) -> bool {
        self.methods.cover(method)
    }

    /// Whether its scripts may set all of these headers, listed as in
    /// `Access-Control-Request-Headers`.
    #[must_use]
    pub fn allows_headers(&self, names: &str) -> bool {
        names.split(',').map(|name| name.trim_matches([' ', '\t'])).all(|name| {
            // An empty element of a list says nothing (RFC 9110 §5.6.1).
            name.is_empty() || self.headers.iter().any(|own| own.eq_ignore_ascii_case(name))
        })
    }

    /// For `Access-Control-Allow-Methods`.
    #[must_use]
    pub fn methods(&self) -> String {
        self.methods.to_string()
    }

    /// For `Access-Control-Allow-Headers`.
    #[must_use]
    pub fn headers(&self) -> String {
        joined(&self.headers, ", ")
    }
}

fn origins(listed: Vec<String>) -> Result<Option<Vec<String>>, InvalidCors> {
    if listed.is_empty() {
        return Err(InvalidCors::Nobody);
    }
    if listed.iter().any(|origin| origin == "*") {
        return if listed.len() == 1 { Ok(None) } else { Err(InvalidCors::Everybody) };
    }
    match listed.iter().find(|origin| !is_origin(origin)) {
        Some(wrong) => Err(InvalidCors::Origin(wrong.clone())),
        None => Ok(Some(listed)),
    }
}

/// Whether a browser may send this (RFC 6454 §6.2). `null` is every sandboxed page of anybody's.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = after_scheme(text) else {
        return false;
    };
    let port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b));
    let as_sent = |host: Host<'_>| authority.starts_with(host.as_str());
    let plain = port.is_empty() || !authority.ends_with(port);
    // A final dot is part of the origin, and nobody means to list it.
    let dotted = authority.split(':').next().is_some_and(|name| name.ends_with('.'));
    scheme_fits && plain && !dotted && Host::of_origin(text).is_ok_and(as_sent)
}

fn methods(listed: Option<Vec<String>>, rule: Option<&Methods>) -> Result<Methods, InvalidCors> {
    let fits = |name: &str| rule.is_none_or(|rule| rule.cover(name));
    let names = match (listed, rule) {
        (Some(names), _) => names,
        (None, Some(rule)) => rule.names().to_vec(),
        (None, None) => COMMON.map(String::from).to_vec(),
    };
    let wrong = names.iter().find(|name| !fits(name)).cloned();
    match (wrong, Methods::new(names.clone())) {
        (None, Some(methods)) => Ok(methods),
        (wrong, _) => Err(InvalidCors::Method(wrong.unwrap_or_else(|| joined(&names, ", ")))),
    }
}
