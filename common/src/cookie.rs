//! Our two cookies: their names, reading them without being fooled, setting and clearing them.

use core::hash::{Hash as _, Hasher as _};
use core::time::Duration;
use std::hash::DefaultHasher;

/// One of our cookies. The `__Host-` prefix (RFC 6265bis §4.1.3.2) keeps subdomains from setting
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The access token.
    Access,
    /// The refresh token.
    Refresh,
}

/// A request carried the same cookie twice: one of them was planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two cookies of one name")]
pub struct Ambiguous;

/// The values of our cookies in one `Cookie` header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ours<'a> {
    /// The access token.
    pub access: Option<&'a str>,
    /// The refresh token.
    pub refresh: Option<&'a str>,
}

impl Cookie {
    const ALL: [Self; 2] = [Self::Access, Self::Refresh];

    /// The name, byte for byte.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Access => "__Host-at",
            Self::Refresh => "__Host-rt",
        }
    }

    /// The `Set-Cookie` value that sets it; without `max_age` it goes when the browser closes.
    #[must_use]
    pub fn set(self, value: &str, max_age: Option<Duration>) -> String {
        let mut text = format!("{}={value}", self.name());
        if let Some(span) = max_age {
            text += "; Max-Age=";
            text += &span.as_secs().to_string();
        }
        text + ATTRIBUTES
    }

    /// The `Set-Cookie` value that clears it, with the same attributes.
    #[must_use]
    pub fn clear(self) -> String {
        self.set("", Some(Duration::ZERO))
    }
}

/// The `Set-Cookie` values that clear whatever is kept under our names. A script can plant a cookie beside
/// one of ours only in the jar that browsers keep for each site around (CHIPS), so that one is cleared too.
pub fn clear_all() -> impl Iterator<Item = String> {
    Cookie::ALL.into_iter().flat_map(|cookie| {
        let partitioned = cookie.clear() + "; Partitioned";
        [cookie.clear(), partitioned]
    })
}

/// Counts the redirects to the page to sign in at, for as long as they follow each other.
const TRIES: &str = "__Host-login-tries";
const TRIES_LAST: Duration = Duration::from_secs(20);

/// How often a browser was sent to sign in lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// In a row from the path that it is sent from now.
    pub here: u8,
    /// From any path: several tabs may be opened at once.
    pub in_all: u8,
}

impl Tries {
    /// Reads them of the value of the `Cookie` header, for this path. What is not as we write it counts
    /// nothing.
    #[must_use]
    pub fn read(header: &str, path: &str) -> Self {
        let value = pairs(header).find(|(name, _)| *name == TRIES).map(|(_, value)| value);
        let read = |value: &str| {
            let (here, rest) = value.split_once('.')?;
            let (in_all, last) = rest.split_once('.')?;
            let is_here = last.parse() == Ok(spot(path));
            Some(Self {
                here: if is_here { here.parse().ok()? } else { 0 },
                in_all: in_all.parse().ok()?,
            })
        };
        value.and_then(read).unwrap_or_default()
    }

    /// The `Set-Cookie` value that remembers one more for a short while.
    #[must_use]
    pub fn one_more(self, path: &str) -> String {
        let [here, in_all] = [self.here, self.in_all].map(|tries| tries.saturating_add(1));
        let (last, span) = (spot(path), TRIES_LAST.as_secs());
        format!("{TRIES}={here}.{in_all}.{last}; Max-Age={span}{ATTRIBUTES}")
    }
}

/// A number for a path, to know it again: what browsers keep is no place for a path itself.
fn spot(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

const ATTRIBUTES: &str = "; Path=/; Secure; HttpOnly; SameSite=Lax";

/// Finds our cookies in the value of the `Cookie` header (RFC 6265 §4.2.1).
///
/// # Errors
/// `Ambiguous` when one of them is there twice, also when two header lines were joined by a comma.
pub fn ours(header: &str) -> Result<Ours<'_>, Ambiguous> {
    let mut found = Ours::default();
    for (name, value) in pairs(header) {
        let slot = match Cookie::ALL.into_iter().find(|c| c.name() == name) {
            Some(Cookie::Access) => &mut found.access,
            Some(Cookie::Refresh) => &mut found.refresh,
            None => continue,
        };
        if slot.is_some() || value.contains(',') {
            return Err(Ambiguous);
        }
        *slot = Some(value);
    }
    Ok(found)
}

/// Names that are ours.
const OURS: [&str; 3] = [Cookie::Access.name(), Cookie::Refresh.name(), TRIES];

/// The header without our cookies, the others as they came; `None` when nothing is left. Whatever
/// holds one of our names in any place goes, however it is wrapped: upstream never sees a token.
#[must_use]
pub fn without_ours(header: &str) -> Option<String> {
    let kept: Vec<&str> = header
        .split(';')
        .map(trim)
        .filter(|pair| !pair.is_empty() && !OURS.iter().any(|name| holds(pair, name)))
        .collect();
    if kept.is_empty() { None } else { Some(kept.join("; ")) }
}

/// Whether the one is somewhere in the other.
fn holds(text: &str, wanted: &str) -> bool {
    text.as_bytes().windows(wanted.len()).any(|part| part == wanted.as_bytes())
}

fn pairs(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((trim(name), trim(value)))
    })
}

/// RFC 6265bis §5.6 trims spaces and tabs, nothing else: other white space is part of a name.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn cks_02_only_the_exact_name_is_ours_and_only_once() {
        let at = |header| ours(header).map(|found| found.access);
        for (header, expected) in [
            ("__Host-at=a", Ok(Some("a"))),
            ("x=1; __Host-at=a; y=2", Ok(Some("a"))),
            ("x=1;__Host-at=a;y", Ok(Some("a"))),
            ("__Host-at=a=b", Ok(Some("a=b"))),
            ("__Host-at=\"a\"", Ok(Some("\"a\""))),
            ("$Version=1; __Host-at=a", Ok(Some("a"))),
            ("", Ok(None)),
            ("__host-at=a", Ok(None)),
            ("\u{2000}__Host-at=a", Ok(None)),
            ("=__Host-at=a", Ok(None)),
            ("__Host-at", Ok(None)),
            ("x__Host-at=a", Ok(None)),
            ("__Host-at=a; __Host-at=a", Err(Ambiguous)),
            ("__Host-at=a; x=1; __Host-at=b", Err(Ambiguous)),
            ("__Host-at=a, __Host-at=b", Err(Ambiguous)),
            ("__Host-at=; __Host-at=b", Err(Ambiguous)),
        ] {
            assert_eq!(at(header), expected, "{header}");
        }
    }

    #[test]
    fn cks_07_nothing_of_ours_goes_on() {
        for (header, expected) in [
            ("a=1; __Host-at=x; b=2; __Host-rt=y", Some("a=1; b=2")),
            ("__Host-at=x", None),
            ("theme=dark, __Host-rt=y", None),
            ("=__Host-rt=y; c=3", Some("c=3")),
            ("a=1;b=2", Some("a=1; b=2")),
            ("", None),
        ] {
            assert_eq!(without_ours(header).as_deref(), expected, "{header}");
        }
    }

    #[test]
    fn cks_01_every_cookie_has_every_attribute() {
        assert_eq!(
            Cookie::Refresh.set("t", Some(Duration::from_mins(1))),
            "__Host-rt=t; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            Cookie::Access.clear(),
            "__Host-at=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        let session = Cookie::Access.set("t", None);
        assert_eq!(session, "__Host-at=t; Path=/; Secure; HttpOnly; SameSite=Lax");
    }
}
