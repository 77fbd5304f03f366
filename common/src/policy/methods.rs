//! Which methods a rule is for, and which nobody may use.

use core::fmt;

use crate::text::joined;

/// What most requests use; what is left is for the few that know why. RFC 9110 §9 and RFC 5789.
pub(super) const COMMON: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Whether a method is never passed on, whatever the rules say.
#[must_use]
pub fn is_never_passed(method: &str) -> bool {
    // TRACE sends a request's headers back to whoever asks (RFC 9110 §9.3.8), CONNECT makes
    // tunnels: neither has any use behind a gate.
    ["TRACE", "TRACK", "CONNECT"].iter().any(|never| never.eq_ignore_ascii_case(method))
        || !is_token(method)
        || would_be_normalised(method)
}

/// Fetch §2.2.1 writes these six in upper case on the way, so "post" would be decided on as one
/// method and sent on as another.
fn would_be_normalised(method: &str) -> bool {
    ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(method) && *known != method)
}

/// A `token` of RFC 9110 §5.6.2: what methods and header names consist of.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// The methods a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Methods(Vec<String>);

impl Methods {
    /// `None` when one of them is never passed on, or there is none.
    pub(super) fn new(names: Vec<String>) -> Option<Self> {
        let good = !names.is_empty() && !names.iter().any(|name| is_never_passed(name));
        good.then_some(Self(names))
    }

    /// Whether they speak for this one.
    pub(super) fn cover(&self, method: &str) -> bool {
        // A server that answers GET answers HEAD with the same handler (RFC 9110 §9.3.2).
        self.0.iter().any(|own| own == method || (own == "GET" && method == "HEAD"))
    }

    pub(super) fn overlap(&self, other: &Self) -> bool {
        self.0.iter().any(|own| other.cover(own)) || other.0.iter().any(|theirs| self.cover(theirs))
    }

    pub(super) fn names(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&joined(&self.0, ", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn pth_07_what_is_never_passed_on() {
        for never in [
            "TRACE", "trace", "TRACK", "Connect", "get", "Post", "", "GET ", "G\u{e4}T", "A/B",
            "A\r",
        ] {
            assert!(is_never_passed(never), "{never:?}");
        }
        for passed in ["GET", "HEAD", "PROPFIND", "propfind", "patch", "M-SEARCH", "QUERY"] {
            assert!(!is_never_passed(passed), "{passed:?}");
        }
    }
}
