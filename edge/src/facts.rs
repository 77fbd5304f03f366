//! Takes from a request what the verdict depends on, as it came.

use common::same_origin::Provenance;
use common::verdict::Facts;

use crate::fault::Fault;

/// The facts of one request, owned, since a verdict may have to wait for an answer.
#[derive(Debug)]
pub(crate) struct OwnedFacts {
    method: String,
    url: Url,
    authorization: Option<String>,
    cookie: Option<String>,
    sec_fetch_site: Option<String>,
    origin: Option<String>,
    upgrade: Option<String>,
    preflight_method: Option<String>,
    preflight_headers: Option<String>,
}

impl OwnedFacts {
    pub(crate) fn gather(request: &web_sys::Request) -> Result<Self, Fault> {
        let headers = request.headers();
        let header = |name| headers.get(name).map_err(Fault::js("reading a header"));
        Ok(Self {
            method: request.method(),
            url: Url::new(request.url()),
            authorization: header("authorization")?,
            cookie: header("cookie")?,
            sec_fetch_site: header("sec-fetch-site")?,
            origin: header("origin")?,
            upgrade: header("upgrade")?,
            preflight_method: header("access-control-request-method")?,
            preflight_headers: header("access-control-request-headers")?,
        })
    }

    pub(crate) fn as_facts(&self) -> Facts<'_> {
        Facts {
            method: &self.method,
            path: self.url.path(),
            own_origin: self.url.origin(),
            authorization: self.authorization.as_deref(),
            cookie: self.cookie.as_deref(),
            provenance: Provenance {
                sec_fetch_site: self.sec_fetch_site.as_deref(),
                origin: self.origin.as_deref(),
            },
            upgrade: self.upgrade.as_deref(),
            preflight_method: self.preflight_method.as_deref(),
            preflight_headers: self.preflight_headers.as_deref(),
        }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }
}

/// A request's URL, cut but never rewritten: what was decided on is what is sent on.
#[derive(Debug)]
pub(crate) struct Url {
    text: String,
    path_start: usize,
    path_end: usize,
}

impl Url {
    fn new(text: String) -> Self {
        let authority = text.find("://").map_or(0, |at| at + 3);
        let rest = text.get(authority..).unwrap_or_default();
        let path_start = authority + rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let rest = text.get(path_start..).unwrap_or_default();
        let path_end = path_start + rest.find(['?', '#']).unwrap_or(rest.len());
        Self { text, path_start, path_end }
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        self.text.get(..self.path_start).unwrap_or_default()
    }

    /// The path.
    pub(crate) fn path(&self) -> &str {
        self.text.get(self.path_start..self.path_end).unwrap_or_default()
    }

    /// The path and what follows it.
    pub(crate) fn path_and_query(&self) -> &str {
        self.text.get(self.path_start..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_cut_where_its_parts_meet() {
        for (text, origin, path, rest) in [
            ("https://a.example/x/y?q=/z", "https://a.example", "/x/y", "/x/y?q=/z"),
            ("http://localhost:8787/", "http://localhost:8787", "/", "/"),
            ("https://a.example//x", "https://a.example", "//x", "//x"),
            ("https://a.example/a?b#c", "https://a.example", "/a", "/a?b#c"),
            ("https://a.example?q", "https://a.example", "", "?q"),
            ("https://a.example", "https://a.example", "", ""),
            ("*", "*", "", ""),
        ] {
            let url = Url::new(text.into());
            assert_eq!((url.origin(), url.path(), url.path_and_query()), (origin, path, rest));
        }
    }
}
