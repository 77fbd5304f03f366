//! A request as the gate sees it.

use common::same_origin::Provenance;
use common::verdict::{Credential, Facts, credential};

use crate::Error;

/// A request: its line and its headers.
#[derive(Clone, Debug, Default)]
pub struct Request {
    method: String,
    own_origin: String,
    path: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// A request for this URL.
    ///
    /// # Errors
    /// `Argument` for a URL without scheme and host.
    pub fn new(method: &str, url: &str) -> Result<Self, Error> {
        let wrong =
            || Error::argument("URL", format!("{url:?}: expected one like https://app.example/x"));
        let authority = url.find("://").ok_or_else(wrong)? + "://".len();
        let rest = url.get(authority..).ok_or_else(wrong)?;
        let path = authority + rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (own_origin, rest) = url.split_at_checked(path).ok_or_else(wrong)?;
        let end = rest.find(['?', '#']).unwrap_or(rest.len());
        let path = rest.get(..end).filter(|path| !path.is_empty()).unwrap_or("/");
        Ok(Self {
            method: method.into(),
            own_origin: own_origin.into(),
            path: path.into(),
            headers: Vec::new(),
        })
    }

    /// Adds a header line.
    pub fn add(&mut self, name: &str, value: impl Into<String>) {
        let (name, value) = (name.to_ascii_lowercase(), value.into());
        match self.headers.iter_mut().find(|(known, _)| *known == name) {
            // Several lines of one name reach the gate as one.
            Some((_, line)) => {
                line.push_str(", ");
                line.push_str(&value);
            }
            None => self.headers.push((name, value)),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The access token it shows, if there is one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        credential(&self.facts()).ok().map(Credential::text)
    }

    /// What the verdict depends on.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            method: &self.method,
            path: &self.path,
            own_origin: &self.own_origin,
            authorization: self.header("authorization"),
            cookie: self.header("cookie"),
            provenance: Provenance {
                sec_fetch_site: self.header("sec-fetch-site"),
                origin: self.header("origin"),
            },
            upgrade: self.header("upgrade"),
            preflight_method: self.header("access-control-request-method"),
            preflight_headers: self.header("access-control-request-headers"),
        }
    }
}
