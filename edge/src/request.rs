//! A request as it came: one text, read where it stands.

use common::verdict::{Facts, Url};

/// What is asked of the gate.
#[derive(Clone, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: Url<'a>,
    pub(crate) headers: Headers<'a>,
}

impl<'a> Asked<'a> {
    /// Reads the method, the URL and the headers, a line each. The platform lets no line break into any
    /// of them. What is no such text is nothing that anybody asked for: the gate refuses its host.
    pub(crate) fn read(asked: &'a [u8]) -> Self {
        let mut lines = str::from_utf8(asked).unwrap_or_default().split_terminator('\n');
        let mut line = || lines.next().unwrap_or_default();
        let (method, url) = (line(), line());
        Self { method, url: Url::new(url), headers: Headers::read(lines) }
    }

    /// What the verdict depends on; with the access token that a refresh brought, if one did.
    pub(crate) fn facts(&self, renewed: Option<&'a str>) -> Facts<'a> {
        Facts { renewed, ..Facts::gather(self.method, self.url, self.headers.iter()) }
    }
}

/// A request's headers: names in lower case, each once. The platform joins several lines of one name by
/// `, `.
#[derive(Clone, Debug)]
pub(crate) struct Headers<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Headers<'a> {
    /// Of lines `name:value`.
    fn read(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut headers = Vec::with_capacity(16);
        for line in lines {
            headers.extend(line.split_once(':'));
        }
        Self(headers)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().copied()
    }

    pub(crate) fn get(&self, wanted: &str) -> Option<&'a str> {
        self.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_cut_at_the_first_colon() {
        let asked = Asked::read(b"GET\nhttp://a:8787/x\nhost:a:8787\nx-empty:\ncookie:a=b; c=d\n");
        assert_eq!((asked.method, asked.url.path()), ("GET", "/x"));
        assert_eq!(asked.headers.get("host"), Some("a:8787"));
        assert_eq!(asked.headers.get("x-empty"), Some(""));
        assert_eq!(asked.headers.get("cookie"), Some("a=b; c=d"));
        assert_eq!(asked.headers.get("x"), None);
    }

    #[test]
    fn what_is_no_text_asks_for_nothing() {
        let asked = Asked::read(b"GET\nhttp://a/\xff\n");
        assert_eq!((asked.method, asked.url.origin()), ("", ""));
    }
}
