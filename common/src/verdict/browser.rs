//! What a browser gets in place of 401: the page to sign in at.

use super::{Facts, Refusal};
use crate::cookie::Tries;
use crate::text::percent_encode;

/// Where to sign in.
const PAGE: &str = "/auth/login";
/// Redirects in a row from one path that lead nowhere before the refusal itself is shown: some page
/// behind sends people back here, signed in as it believes, and here they are refused again.
const MOST_HERE: u8 = 3;
/// The same from any path: a loop may lead over several, and so may the tabs of one browser. Browsers
/// themselves give up after 20.
const MOST_IN_ALL: u8 = 16;
/// A longer way back is not remembered, in bytes: it would not fit into the address of the page.
const LONGEST_RETURN: usize = 2048;

/// A redirect to the page to sign in at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    location: String,
    cookie: String,
}

impl Login {
    /// For the status, 303: whatever the method was, the page is to be loaded (RFC 9110 §15.4.4).
    pub const STATUS: u16 = 303;

    /// For `Location`.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.location
    }

    /// For `Set-Cookie`: how often this was tried lately.
    #[must_use]
    pub fn cookie(&self) -> &str {
        &self.cookie
    }
}

/// Adds to a 401 where a browser that loads a page is sent instead.
pub(super) fn sent_to_login(refusal: Refusal, facts: &Facts<'_>) -> Refusal {
    if refusal.code().status() != 401 || !facts.is_page_load() {
        return refusal;
    }
    let tries = facts.cookie.map(|cookies| Tries::read(cookies, facts.path)).unwrap_or_default();
    if tries.here >= MOST_HERE || tries.in_all >= MOST_IN_ALL {
        return refusal;
    }
    let mut location = String::from(PAGE);
    if facts.target.len() <= LONGEST_RETURN {
        location.push_str("?return_to=");
        percent_encode(facts.target, may_stand_in_query, &mut location);
    }
    Refusal {
        login: Some(Box::new(Login { location, cookie: tries.one_more(facts.path) })),
        ..refusal
    }
}

/// RFC 3986 §2.3: what need not be encoded; the slash may stand in a query as well (§3.4).
const fn may_stand_in_query(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/')
}
