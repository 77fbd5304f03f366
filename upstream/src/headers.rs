//! The identity headers as the edge sets them, and nothing that only looks like them.

use axum::http::{HeaderMap, HeaderName};
use common::{UnixSeconds, identity};

use crate::{Identity, Refusal};

const SUBJECT: &str = "x-auth-subject";
const SESSION: &str = "x-auth-session";
const TOKEN_ID: &str = "x-auth-token-id";
const ROLES: &str = "x-auth-roles";
const EMAIL_VERIFIED: &str = "x-auth-email-verified";
const EXPIRES: &str = "x-auth-expires";

/// More than any issuer's address and a name of its own take together.
const MAX_SUBJECT: usize = 2048;

/// Who is asking, by the headers alone.
///
/// # Errors
/// `NotTheEdges` for what the edge never sends: a header twice, in another spelling, without the
/// others, or with a value of another shape. Such a request came some other way.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<Identity>, Refusal> {
    let mut named = false;
    for name in headers.keys().filter(|name| identity::is_ours(name.as_str())) {
        if !is_the_edges(name) {
            return Err(Refusal::NotTheEdges);
        }
        named = true;
    }
    if !named {
        return Ok(None);
    }
    let one = |name| one(headers, name);
    let identity = Identity {
        subject: one(SUBJECT)?.filter(|text| is_subject(text)).map(String::from).ok_or(WRONG)?,
        session: one(SESSION)?.map(str::parse).transpose().map_err(|_| WRONG)?,
        token_id: one(TOKEN_ID)?.map(str::parse).transpose().map_err(|_| WRONG)?,
        roles: one(ROLES)?.and_then(roles).ok_or(WRONG)?,
        email_verified: one(EMAIL_VERIFIED)?.map(str::parse).ok_or(WRONG)?.map_err(|_| WRONG)?,
        expires: one(EXPIRES)?.and_then(seconds).ok_or(WRONG)?,
    };
    Ok(Some(identity))
}

const WRONG: Refusal = Refusal::NotTheEdges;

/// Takes out all that looks like an identity header, so that no handler reads by mistake what is not
/// trusted here.
#[cfg(feature = "signed")]
pub(crate) fn remove(headers: &mut HeaderMap) {
    let names: Vec<HeaderName> =
        headers.keys().filter(|name| identity::is_ours(name.as_str())).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// A later edge may say more, in the same spelling. What begins with `x-portcullis-` is between edge
/// and origin, and another character for `-` is how a forger reaches an app that reads variables
/// (CVE-2025-64484).
fn is_the_edges(name: &HeaderName) -> bool {
    let in_our_spelling = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    name.as_str().starts_with("x-auth-") && name.as_str().bytes().all(in_our_spelling)
}

/// The value of a header that must not come twice.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| WRONG),
        (Some(_), Some(_)) => Err(WRONG),
    }
}

pub(crate) fn is_subject(text: &str) -> bool {
    (1..=MAX_SUBJECT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Words with a comma between; none at all is a user without roles.
fn roles(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split(',')
        .map(|role| {
            let is_word = !role.is_empty() && role.bytes().all(|byte| byte.is_ascii_graphic());
            is_word.then(|| role.into())
        })
        .collect()
}

fn seconds(text: &str) -> Option<UnixSeconds> {
    // Digits alone: no sign, which Rust's own reading takes.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().map(UnixSeconds::new)
}
