//! Which host a request is for, and which hosts a rule is for.

use core::fmt;
use std::borrow::Cow;

use crate::text::after_scheme;

/// The host of a request: lower-case, without port and final dot, so that one host has one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host<'a>(Cow<'a, str>);

/// No host, or one that two programs could read differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host is not acceptable")]
pub struct InvalidHost;

impl<'a> Host<'a> {
    /// The host of an origin as browsers write it: `https://app.example:8443`.
    ///
    /// # Errors
    /// For an empty host, user information, empty labels, a port that is none, and bytes that no
    /// host name or address has.
    pub fn of_origin(origin: &'a str) -> Result<Self, InvalidHost> {
        let (_, authority) = after_scheme(origin).ok_or(InvalidHost)?;
        Self::of_authority(authority)
    }

    /// The host of `Host` (RFC 9110 §7.2): a name or address and perhaps a port.
    fn of_authority(authority: &'a str) -> Result<Self, InvalidHost> {
        let (host, port) = if authority.starts_with('[') {
            let end = authority.find(']').ok_or(InvalidHost)? + 1;
            authority.split_at_checked(end).ok_or(InvalidHost)?
        } else {
            let end = authority.find(':').unwrap_or(authority.len());
            authority.split_at_checked(end).ok_or(InvalidHost)?
        };
        let port_is_good = match port.strip_prefix(':') {
            Some(digits) => !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()),
            None => port.is_empty(),
        };
        // "app.example." is the same host, written out to the root (RFC 1034 §3.1).
        let host = host.strip_suffix('.').unwrap_or(host);
        if !port_is_good || !(is_name(host) || is_ipv6(host)) {
            return Err(InvalidHost);
        }
        let has_upper = host.bytes().any(|b| b.is_ascii_uppercase());
        Ok(Self(if has_upper { host.to_ascii_lowercase().into() } else { host.into() }))
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Labels with dots between, of the bytes that DNS names in use consist of.
fn is_name(host: &str) -> bool {
    host.split('.').all(|label| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    })
}

fn is_ipv6(host: &str) -> bool {
    let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.is_some_and(|text| {
        text.contains(':') && text.bytes().all(|b| b.is_ascii_hexdigit() || b":.".contains(&b))
    })
}

/// The hosts a rule is for. More specific is greater.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hosts {
    Any,
    /// Every host below this one, at any depth, and not this one itself.
    Below {
        /// How many labels are given: the more, the more specific.
        labels: usize,
        parent: String,
    },
    One(String),
}

impl Hosts {
    /// Reads `app.example` or `*.example`.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidHost> {
        let (name, wildcard) = match text.strip_prefix("*.") {
            Some(parent) => (parent, true),
            None => (text, false),
        };
        // Written as requests are compared, so that the file shows what it means.
        let canonical = Host::of_authority(name)?;
        if canonical.as_str() != name || (wildcard && is_address(name)) {
            return Err(InvalidHost);
        }
        let name = String::from(name);
        Ok(if wildcard {
            Self::Below { labels: name.split('.').count(), parent: name }
        } else {
            Self::One(name)
        })
    }

    pub(super) fn cover(&self, host: &Host<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Below { parent, .. } => host
                .as_str()
                .strip_suffix(parent.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            Self::One(name) => host.as_str() == name,
        }
    }
}

/// Nothing is below an address. No top-level domain ends in a digit (RFC 3696 §2).
fn is_address(name: &str) -> bool {
    name.starts_with('[') || name.ends_with(|c: char| c.is_ascii_digit())
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => Ok(()),
            Self::Below { parent, .. } => write!(f, "*.{parent}"),
            Self::One(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn pth_12_one_host_has_one_name_or_is_refused() {
        for (origin, expected) in [
            ("https://app.example", Some("app.example")),
            ("https://APP.Example", Some("app.example")),
            ("https://app.example.", Some("app.example")),
            ("https://app.example.:443", Some("app.example")),
            ("https://app.example:443", Some("app.example")),
            ("http://localhost:8787", Some("localhost")),
            ("http://127.0.0.1:8787", Some("127.0.0.1")),
            ("http://[::1]:8787", Some("[::1]")),
            ("http://[::FFFF:1.2.3.4]", Some("[::ffff:1.2.3.4]")),
            ("https://my_host", Some("my_host")),
            ("https://", None),
            ("https://.", None),
            ("https://app.example..", None),
            ("https://.app.example", None),
            ("https://app..example", None),
            ("https://user@app.example", None),
            ("https://app.example@evil.example", None),
            ("https://app.example:", None),
            ("https://app.example:x", None),
            ("https://app.example:443:1", None),
            ("https://app.example,evil.example", None),
            ("https://app%2eexample", None),
            ("https://app.example/x", None),
            ("https://app.ex\u{e4}mple", None),
            ("https://app example", None),
            ("https://[::1", None),
            ("https://[::1]x", None),
            ("https://[app]", None),
            ("https://[::1].", None),
            ("https://*.example", None),
            ("app.example", None),
            ("", None),
        ] {
            let host = Host::of_origin(origin);
            assert_eq!(host.as_ref().ok().map(Host::as_str), expected, "{origin}");
        }
    }

    #[test]
    fn a_pattern_covers_whole_labels() {
        let covers = |pattern: &str, host: &str| {
            let host = format!("https://{host}");
            Hosts::parse(pattern).unwrap().cover(&Host::of_origin(&host).unwrap())
        };
        for (pattern, host, expected) in [
            ("app.example", "app.example", true),
            ("app.example", "APP.example.:8443", true),
            ("app.example", "x.app.example", false),
            ("*.example", "app.example", true),
            ("*.example", "a.b.example", true),
            ("*.example", "example", false),
            ("*.example", "evilexample", false),
            ("*.app.example", "evilapp.example", false),
        ] {
            assert_eq!(covers(pattern, host), expected, "{pattern} {host}");
        }
        for wrong in [
            "",
            "*",
            "*.",
            "App.example",
            "app.example.",
            "app.example:443",
            "https://app.example",
            "a.*.example",
            "*app.example",
            "*.*.example",
            "app/x",
            "*.127.0.0.1",
            "*.[::1]",
        ] {
            assert_eq!(Hosts::parse(wrong), Err(InvalidHost), "{wrong}");
        }
    }
}
