//! A request as it came: three texts, read where they stand.

use common::verdict::{Facts, Url};

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

    /// What the verdict depends on; with the access token that a refresh brought, if one did.
    pub(crate) fn facts(&self, renewed: Option<&'a str>) -> Facts<'a> {
        Facts { renewed, ..Facts::gather(self.method, self.url, self.headers.iter()) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_cut_at_the_first_colon() {
        let headers = Headers("host:a:8787\nx-empty:\ncookie:a=b; c=d\n");
        assert_eq!(headers.get("host"), Some("a:8787"));
        assert_eq!(headers.get("x-empty"), Some(""));
        assert_eq!(headers.get("cookie"), Some("a=b; c=d"));
        assert_eq!(headers.get("x"), None);
    }
}
