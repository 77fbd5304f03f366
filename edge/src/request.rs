//! A request as it came: three texts, read where they stand.

use common::same_origin::Provenance;
use common::verdict::Facts;

/// What is asked of the gate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: Url<'a>,
    pub(crate) headers: Headers<'a>,
}

impl<'a> Asked<'a> {
    pub(crate) fn new(method: &'a str, url: &'a str, headers: &'a str) -> Self {
        Self { method, url: Url::new(url), headers: Headers(headers) }
    }

    /// What the verdict depends on.
    pub(crate) fn facts(&self) -> Facts<'a> {
        let mut facts = Facts {
            method: self.method,
            path: self.url.path(),
            own_origin: self.url.origin(),
            authorization: None,
            cookie: None,
            provenance: Provenance { sec_fetch_site: None, origin: None },
            upgrade: None,
            preflight_method: None,
            preflight_headers: None,
        };
        for (name, value) in self.headers.iter() {
            match name {
                "authorization" => facts.authorization = Some(value),
                "cookie" => facts.cookie = Some(value),
                "sec-fetch-site" => facts.provenance.sec_fetch_site = Some(value),
                "origin" => facts.provenance.origin = Some(value),
                "upgrade" => facts.upgrade = Some(value),
                "access-control-request-method" => facts.preflight_method = Some(value),
                "access-control-request-headers" => facts.preflight_headers = Some(value),
                _ => {}
            }
        }
        facts
    }
}

/// A request's headers: names in lower case, each once, `name:value` a line. The platform joins several
/// lines of one name by `, ` and lets no line break into a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Headers<'a>(&'a str);

impl<'a> Headers<'a> {
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.split_terminator('\n').filter_map(|line| line.split_once(':'))
    }

    pub(crate) fn get(self, wanted: &str) -> Option<&'a str> {
        self.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value)
    }
}

/// A request's URL, cut but never rewritten: what was decided on is what is sent on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Url<'a> {
    text: &'a str,
    path_start: usize,
    path_end: usize,
}

impl<'a> Url<'a> {
    fn new(text: &'a str) -> Self {
        let authority = text.find("://").map_or(0, |at| at + 3);
        let rest = text.get(authority..).unwrap_or_default();
        let path_start = authority + rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let rest = text.get(path_start..).unwrap_or_default();
        let path_end = path_start + rest.find(['?', '#']).unwrap_or(rest.len());
        Self { text, path_start, path_end }
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &'a str {
        self.text.get(..self.path_start).unwrap_or_default()
    }

    /// The path.
    pub(crate) fn path(&self) -> &'a str {
        self.text.get(self.path_start..self.path_end).unwrap_or_default()
    }

    /// The path and what follows it.
    pub(crate) fn path_and_query(&self) -> &'a str {
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
            let url = Url::new(text);
            assert_eq!((url.origin(), url.path(), url.path_and_query()), (origin, path, rest));
        }
    }

    #[test]
    fn headers_are_cut_at_the_first_colon() {
        let headers = Headers("host:a:8787\nx-empty:\ncookie:a=b; c=d\n");
        assert_eq!(headers.get("host"), Some("a:8787"));
        assert_eq!(headers.get("x-empty"), Some(""));
        assert_eq!(headers.get("cookie"), Some("a=b; c=d"));
        assert_eq!(headers.get("x"), None);
    }
}
