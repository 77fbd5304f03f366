//! A request as the gate sees it.

use common::verdict::{Credential, Facts, Url, credential};

use crate::Error;

/// A request: its line and its headers.
#[derive(Clone, Debug, Default)]
pub struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// A request for this URL.
    ///
    /// # Errors
    /// `Argument` for a URL without scheme and host.
    pub fn new(method: &str, url: &str) -> Result<Self, Error> {
        let cut = Url::new(url);
        if cut.origin().split_once("://").is_none_or(|(_, host)| host.is_empty()) {
            let problem = format!("{url:?}: expected one like https://app.example/x");
            return Err(Error::argument("URL", problem));
        }
        // As clients send it.
        let slash = if cut.path().is_empty() { "/" } else { "" };
        let url = [cut.origin(), slash, cut.path_and_query()].concat();
        Ok(Self { method: method.into(), url, headers: Vec::new() })
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

    /// Whether it has a header of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// The access token it shows, if there is one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        credential(&self.facts()).ok().map(Credential::text)
    }

    /// What the verdict depends on.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Facts::gather(&self.method, Url::new(&self.url), headers)
    }
}
