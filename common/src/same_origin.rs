//! Whether a request that changes state, with nothing but cookies to show, comes from our own site.

/// What a browser says about where a request comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Provenance<'a> {
    /// `Sec-Fetch-Site`.
    pub sec_fetch_site: Option<&'a str>,
    /// `Origin`.
    pub origin: Option<&'a str>,
}

/// Whether a method may change state (RFC 9110 §9.2.1 calls the others safe).
#[must_use]
pub fn changes_state(method: &str) -> bool {
    !matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
}

impl Provenance<'_> {
    /// Whether the browser vouches that the request comes from `own`, scheme, host and port as
    /// browsers write an origin. Silence is no: every browser that sends our cookies sends one of
    /// the two with such a request.
    #[must_use]
    pub fn is(self, own: &str) -> bool {
        match (self.sec_fetch_site, self.origin) {
            // No script can set this header, so it outweighs `Origin`; "none" and "same-site" are
            // not our own pages.
            (Some(site), _) => site == "same-origin",
            (None, Some(origin)) => origin == own,
            (None, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn cks_04_05_only_our_own_pages_change_state() {
        let own = "https://app.example";
        for (sec_fetch_site, origin, expected) in [
            (Some("same-origin"), None, true),
            (Some("same-origin"), Some("https://app.example"), true),
            (None, Some("https://app.example"), true),
            (Some("cross-site"), Some("https://app.example"), false),
            (Some("same-site"), None, false),
            (Some("none"), None, false),
            (Some(""), None, false),
            (None, None, false),
            (None, Some("null"), false),
            (None, Some("https://app.example.evil"), false),
            (None, Some("https://app.example:8443"), false),
            (None, Some("http://app.example"), false),
            (None, Some("https://APP.example"), false),
            (None, Some("https://app.example/"), false),
        ] {
            let provenance = Provenance { sec_fetch_site, origin };
            assert_eq!(provenance.is(own), expected, "{provenance:?}");
        }
    }
}
