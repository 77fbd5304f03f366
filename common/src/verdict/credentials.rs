//! Which credential a request shows.

use super::{Facts, Refusal};
use crate::cookie::Ours;
use crate::problem::Code;

/// The access token and how it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential<'a> {
    /// Somebody put it there on purpose.
    Bearer(&'a str),
    /// The browser sent it along.
    Cookie(&'a str),
}

impl<'a> Credential<'a> {
    /// The token.
    #[must_use]
    pub const fn text(self) -> &'a str {
        match self {
            Self::Bearer(text) | Self::Cookie(text) => text,
        }
    }
}

/// The credential that counts: what is ambient never overrides what is deliberate.
pub(super) fn of<'a>(facts: &Facts<'a>, cookies: Ours<'a>) -> Result<Credential<'a>, Refusal> {
    match (bearer(facts.authorization)?, facts.renewed.or(cookies.access)) {
        (Some(text), _) => Ok(Credential::Bearer(facts.renewed.unwrap_or(text))),
        (None, Some(text)) => Ok(Credential::Cookie(text)),
        (None, None) => Err(Code::TokenMissing.into()),
    }
}

/// The bearer token (RFC 6750 §2.1) of the `Authorization` header, several lines joined by `, `;
/// other schemes are somebody else's business.
///
/// # Errors
/// `credentials_ambiguous` for two credentials of which one is a bearer's; `token_invalid` for a
/// bearer without a token.
pub fn bearer(authorization: Option<&str>) -> Result<Option<&str>, Refusal> {
    let Some(header) = authorization else {
        return Ok(None);
    };
    // Two header lines arrive as one, joined by a comma, which no token has.
    if !names_bearer(header) {
        return Ok(None);
    }
    if header.contains(',') {
        return Err(Code::CredentialsAmbiguous.into());
    }
    // RFC 9110 §11.4: one or more spaces behind the scheme. In front of it HTTP takes blanks off; what
    // else looks like one stays, and is none.
    let credentials = header.get(SCHEME.len()..).filter(|_| is_bearer(header));
    let token = credentials.and_then(|rest| rest.strip_prefix(' '));
    match token.map(|token| token.trim_matches(' ')) {
        Some(token) if !token.is_empty() => Ok(Some(token)),
        _ => Err(Code::TokenInvalid.into()),
    }
}

/// Whether an `Authorization` header, or one of several joined by commas, is of the bearer scheme.
#[must_use]
pub fn names_bearer(header: &str) -> bool {
    header.split(',').any(|part| is_bearer(part.trim_start()))
}

const SCHEME: &str = "Bearer";

/// RFC 9110 §11.1: the scheme's case does not matter, but it must end where it ends.
fn is_bearer(part: &str) -> bool {
    part.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
        && part.as_bytes().get(SCHEME.len()).is_none_or(|next| !next.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Url;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn brr_03_05_schemes_and_doubles() {
        for (header, expected) in [
            ("Bearer x", Ok(Some("x"))),
            ("bearer x", Ok(Some("x"))),
            ("BEARER x", Ok(Some("x"))),
            ("Bearer  x", Ok(Some("x"))),
            ("Bearer x ", Ok(Some("x"))),
            ("Bearer x y", Ok(Some("x y"))),
            ("Basic dTpw", Ok(None)),
            ("DPoP x", Ok(None)),
            ("Digest username=\"u\", realm=\"r\"", Ok(None)),
            ("Bearerx", Ok(None)),
            ("", Ok(None)),
            ("Bearer", Err(Code::TokenInvalid)),
            ("Bearer ", Err(Code::TokenInvalid)),
            ("Bearer\tx", Err(Code::TokenInvalid)),
            ("Bearer=x", Err(Code::TokenInvalid)),
            ("       Bearer x", Err(Code::TokenInvalid)),
            ("\u{a0}\u{a0}\u{a0} Bearer x", Err(Code::TokenInvalid)),
            ("Bearer a, Bearer b", Err(Code::CredentialsAmbiguous)),
            ("Bearer a, b", Err(Code::CredentialsAmbiguous)),
            ("Basic dTpw, bearer b", Err(Code::CredentialsAmbiguous)),
            ("Bearer a,", Err(Code::CredentialsAmbiguous)),
        ] {
            assert_eq!(bearer(Some(header)).map_err(|r| r.code()), expected, "{header}");
        }
    }

    #[test]
    fn what_is_deliberate_wins_over_what_is_ambient() {
        let cookies = Ours { access: Some("c"), refresh: None };
        let shown = |authorization, cookies| {
            let bare = Facts::gather("GET", Url::new("/"), core::iter::empty());
            of(&Facts { authorization, ..bare }, cookies)
        };
        assert_eq!(shown(Some("Bearer b"), cookies), Ok(Credential::Bearer("b")));
        assert_eq!(shown(Some("Basic b"), cookies), Ok(Credential::Cookie("c")));
        assert_eq!(shown(None, cookies), Ok(Credential::Cookie("c")));
        assert_eq!(shown(None, Ours::default()), Err(Code::TokenMissing.into()));
    }
}
