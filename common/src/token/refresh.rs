//! Refresh tokens: read and written by the origin alone, authenticated by HS256 with a key of its
//! own. The same session state signs to the same bytes, so a lost answer can be given again.

use serde::Serialize;

use super::claims::Claims;
use super::{Header, Jws, MAX_TOKEN, Mac, TokenError, Typ};
use crate::{SessionId, Subject, TokenId, UnixSeconds};

/// The algorithm's name in the header; no other is accepted.
pub const ALG: &str = "HS256";

/// The claims that our issuer authenticates.
#[derive(Clone, Debug, Serialize)]
pub struct RefreshClaims<'a> {
    /// Our issuer's URL.
    pub iss: &'a str,
    /// The same: nobody else reads it.
    pub aud: &'a str,
    /// The user.
    pub sub: &'a Subject,
    /// The session.
    pub sid: SessionId,
    /// How often the session was rotated.
    #[serde(rename = "gen")]
    pub generation: u64,
    /// This token among those of its generation.
    pub jti: TokenId,
    /// When it was made.
    pub iat: UnixSeconds,
    /// When the session dies unless it is used.
    pub exp: UnixSeconds,
}

/// The header that goes with them.
#[must_use]
pub fn header() -> Header {
    Header { alg: ALG.into(), typ: Some(Typ::Refresh.as_str().into()), kid: None }
}

/// A refresh token whose MAC nobody has checked.
#[derive(Debug)]
pub struct Unauthenticated<'a> {
    /// The question to be answered.
    pub mac: Mac<'a>,
    content: Presented,
}

/// A refresh token that our issuer made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// The user.
    pub subject: Subject,
    /// The session.
    pub sid: SessionId,
    /// How often the session was rotated.
    pub generation: u64,
    /// This token among those of its generation.
    pub jti: TokenId,
    /// When it ends.
    pub expires_at: UnixSeconds,
}

impl<'a> Unauthenticated<'a> {
    /// Reads a token. Its expiry is not judged here: the store knows the session's ends by its own
    /// clock, and a logout must work with an old token too.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &'a str, issuer: &str) -> Result<Self, TokenError> {
        let jws = Jws::parse(text, MAX_TOKEN)?;
        jws.header.expect(Typ::Refresh)?;
        if jws.header.alg != ALG || jws.header.kid.is_some() {
            return Err(TokenError::Algorithm);
        }
        let mut claims = Claims::parse(jws.unverified_payload())?;
        claims.issuer(issuer)?;
        claims.audience(|aud| aud == issuer)?;
        let content = Presented {
            subject: claims.id("sub")?,
            sid: claims.id("sid")?,
            generation: claims.number("gen")?,
            jti: claims.id("jti")?,
            expires_at: UnixSeconds::new(claims.number("exp")?),
        };
        claims.number("iat")?;
        Ok(Self { mac: jws.into_mac(), content })
    }

    /// Takes the verifier's answer; only a `true` lets the content out.
    ///
    /// # Errors
    /// `Signature` when it was false.
    pub fn answered(self, mac_is_good: bool) -> Result<Presented, TokenError> {
        if mac_is_good { Ok(self.content) } else { Err(TokenError::Signature) }
    }
}
