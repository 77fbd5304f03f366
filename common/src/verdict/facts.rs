//! What is known of a request, as it came.

use crate::same_origin::Provenance;
use crate::text::{after_scheme, percent_encode};

/// The facts of a request.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The method.
    pub method: &'a str,
    /// The path as it came over the wire, without the query.
    pub path: &'a str,
    /// The path and the query.
    pub target: &'a str,
    /// The origin the request was sent to: scheme, host, port, as browsers write it.
    pub own_origin: &'a str,
    /// `Authorization`; several lines joined by `, `.
    pub authorization: Option<&'a str>,
    /// `Cookie`.
    pub cookie: Option<&'a str>,
    /// Where the browser says the request comes from.
    pub provenance: Provenance<'a>,
    /// `Sec-Fetch-Mode`: what the browser wants with the answer.
    pub fetch_mode: Option<&'a str>,
    /// `Sec-Fetch-Dest`: where it will show it.
    pub fetch_dest: Option<&'a str>,
    /// `Upgrade`: another protocol it asks for.
    pub upgrade: Option<&'a str>,
    /// `Access-Control-Request-Method`.
    pub preflight_method: Option<&'a str>,
    /// `Access-Control-Request-Headers`; several lines joined by `, `.
    pub preflight_headers: Option<&'a str>,
    /// The access token that a refresh brought for this request, in place of the one it came with.
    pub renewed: Option<&'a str>,
}

impl<'a> Facts<'a> {
    /// Takes them from a request: its headers by name in lower case, each name once.
    pub fn gather(
        method: &'a str,
        url: Url<'a>,
        headers: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut facts = Self {
            method,
            path: url.path(),
            target: url.path_and_query(),
            own_origin: url.origin(),
            authorization: None,
            cookie: None,
            provenance: Provenance::default(),
            fetch_mode: None,
            fetch_dest: None,
            upgrade: None,
            preflight_method: None,
            preflight_headers: None,
            renewed: None,
        };
        for (name, value) in headers {
            let fact = match name {
                "authorization" => &mut facts.authorization,
                "cookie" => &mut facts.cookie,
                "origin" => &mut facts.provenance.origin,
                "sec-fetch-site" => &mut facts.provenance.sec_fetch_site,
                "sec-fetch-mode" => &mut facts.fetch_mode,
                "sec-fetch-dest" => &mut facts.fetch_dest,
                "upgrade" => &mut facts.upgrade,
                "access-control-request-method" => &mut facts.preflight_method,
                "access-control-request-headers" => &mut facts.preflight_headers,
                _ => continue,
            };
            *fact = Some(value);
        }
        facts
    }

    /// The method that a CORS preflight (Fetch §3.3.1) asks about; none in any other request.
    pub(crate) fn preflight_for(&self) -> Option<&'a str> {
        let is_one = self.method == "OPTIONS" && self.provenance.origin.is_some();
        self.preflight_method.filter(|_| is_one)
    }

    /// Whether the answer is to be the page that the user sees, and loading it changes nothing.
    pub(super) fn is_page_load(&self) -> bool {
        let on_top = self.fetch_dest.is_none_or(|dest| dest == "document");
        self.fetch_mode == Some("navigate") && on_top && matches!(self.method, "GET" | "HEAD")
    }
}

/// A request's URL, cut but never rewritten: what was decided on is what is sent on.
#[derive(Clone, Copy, Debug)]
pub struct Url<'a> {
    text: &'a str,
    path_start: usize,
    path_end: usize,
}

impl<'a> Url<'a> {
    /// Cuts it.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let authority = after_scheme(text).map_or(0, |(_, rest)| text.len() - rest.len());
        let rest = text.get(authority..).unwrap_or_default();
        let path_start = authority + rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let rest = text.get(path_start..).unwrap_or_default();
        let path_end = path_start + rest.find(['?', '#']).unwrap_or(rest.len());
        Self { text, path_start, path_end }
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> &'a str {
        self.text.get(..self.path_start).unwrap_or_default()
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.text.get(self.path_start..self.path_end).unwrap_or_default()
    }

    /// The path and what follows it.
    #[must_use]
    pub fn path_and_query(&self) -> &'a str {
        self.text.get(self.path_start..).unwrap_or_default()
    }

    /// The path and what follows it as the platform writes them when they are sent on: it encodes a few
    /// characters of a query (WHATWG URL, special-query percent-encode set), and none of a canonical path.
    #[must_use]
    pub fn path_and_query_as_sent(&self) -> String {
        let mut sent = String::from(self.path());
        let query = self.text.get(self.path_end..).unwrap_or_default();
        percent_encode(query, stays_in_query, &mut sent);
        sent
    }
}

const fn stays_in_query(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~') && !matches!(byte, b'"' | b'\'' | b'<' | b'>')
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

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
    fn what_is_sent_is_written_as_the_platform_writes_it() {
        for (text, sent) in [
            ("https://a.example/o'a?$filter=x%20eq%20'y'", "/o'a?$filter=x%20eq%20%27y%27"),
            ("https://a.example/x?q=\"<é>\"", "/x?q=%22%3C%C3%A9%3E%22"),
            ("https://a.example/x?a|b^c`d{e}\\f[1]~!*()?", "/x?a|b^c`d{e}\\f[1]~!*()?"),
            ("https://a.example/x?%zz%41", "/x?%zz%41"),
            ("https://a.example/x?", "/x?"),
            ("https://a.example/x", "/x"),
        ] {
            assert_eq!(Url::new(text).path_and_query_as_sent(), sent);
        }
    }
}
