//! The JOSE header.

use serde::Serialize;

use super::TokenError;
use crate::KeyId;
use crate::json::{self, Json};

/// Members that change how the rest is to be read, or bring a key along. None is ever honoured, so
/// a token that bears one is refused: `crit` and `b64` (RFC 7515 §4.1.11, RFC 7797), `zip`
/// (RFC 8725 §2.4 of decompression), key material and where to get it (RFC 8725 §3.9), and a
/// nested token (`cty`, RFC 7519 §5.2).
const FORBIDDEN: [&str; 8] = ["crit", "b64", "zip", "jku", "jwk", "x5u", "x5c", "cty"];

/// What is read of a header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    /// The algorithm as the token names it; compared with the key's, never followed.
    pub alg: String,
    /// The kind of token, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typ: Option<String>,
    /// The key's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<KeyId>,
}

impl Header {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, TokenError> {
        let mut members = json::object(bytes).ok_or(TokenError::Header)?;
        if FORBIDDEN.iter().any(|name| members.has(name)) {
            return Err(TokenError::Header);
        }
        let mut text = |name| match members.take(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(TokenError::Header),
        };
        Ok(Self {
            alg: text("alg")?.ok_or(TokenError::Header)?,
            typ: text("typ")?,
            kid: text("kid")?.map(KeyId::try_from).transpose().map_err(|_| TokenError::Key)?,
        })
    }

    /// Refuses any other kind of token (RFC 8725 §3.11).
    ///
    /// # Errors
    /// `Type` unless the header names `typ`.
    pub fn expect(&self, typ: Typ) -> Result<(), TokenError> {
        self.expect_named(typ.as_str())
    }

    /// The same for a type that is named by text.
    pub(crate) fn expect_named(&self, typ: &str) -> Result<(), TokenError> {
        // RFC 7515 §4.1.9: a media type, so its case does not matter and "application/" may be
        // left out or not.
        let named = self.typ.as_deref().ok_or(TokenError::Type)?;
        let prefix = named.get(..12).filter(|p| p.eq_ignore_ascii_case("application/"));
        let short = prefix.map_or(Some(named), |p| named.get(p.len()..));
        match short {
            Some(short) if short.eq_ignore_ascii_case(typ) => Ok(()),
            _ => Err(TokenError::Type),
        }
    }
}

/// The kinds of token of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typ {
    /// An access token (RFC 9068 §2.1).
    Access,
    /// A refresh token.
    Refresh,
    /// The edge's word to the app about one request.
    Assertion,
    /// The signed head.
    Head,
}

impl Typ {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Access, Self::Refresh, Self::Assertion, Self::Head];

    /// The text of `typ`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Refresh => "rt+jwt",
            Self::Assertion => "portcullis-assertion+jwt",
            Self::Head => "portcullis-head+jwt",
        }
    }
}
