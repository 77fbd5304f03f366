//! Assertions: the edge's signed word to the app about one request. Whoever gets hold of one can
//! say nothing with it but that same request, for half a minute.

use core::time::Duration;

use super::claims::{Claims, Times};
use super::{Jws, SignatureCheck, TokenError, Typ, Verified};
use crate::json::Writer;
use crate::keys::{Jwk, Key, UnusableKey};
use crate::{KeyId, SessionId, TokenId, UnixSeconds, base64url};

/// The request header that an assertion travels in.
pub const HEADER: &str = "x-auth-assertion";

/// How long an assertion lives: as long as a request may take from the edge to the app.
pub const LIFE: Duration = Duration::from_secs(30);

/// How far the clocks of edge and app may be apart. Both are servers' clocks, kept by NTP.
pub const LEEWAY: Duration = Duration::from_secs(5);

/// The longest assertion that is looked at, in bytes. It bears the request's whole target, of which
/// the edge takes up to 16 KiB, in base64.
pub const MAX: usize = 32 * 1024;

/// More than an issuer's address and a name of its own take together, in bytes.
const MAX_SUBJECT: usize = 2048;

/// The name of the one key that signs them.
const KID: &str = "assertion";

/// The request that an assertion is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The method, to the letter (RFC 9110 §9.1: its case matters).
    pub method: &'a str,
    /// The path and the query, byte for byte as they are sent to the app.
    pub target: &'a str,
}

/// The claims that the edge signs.
#[derive(Clone, Debug)]
pub struct AssertionClaims<'a> {
    /// The edge's own issuer: who asserts.
    pub iss: &'a str,
    /// The app.
    pub aud: &'a str,
    /// The user, as in `x-auth-subject`.
    pub sub: &'a str,
    /// The session, unless the token names none.
    pub sid: Option<SessionId>,
    /// The access token that the request came with, unless it has no id.
    pub jti: Option<TokenId>,
    /// The user's roles.
    pub roles: &'a [String],
    /// Whether the user's e-mail address was proven.
    pub email_verified: bool,
    /// When that access token ends.
    pub token_exp: UnixSeconds,
    /// The request's method.
    pub htm: &'a str,
    /// The request's path and query.
    pub htu: &'a str,
    /// When the assertion was made.
    pub iat: UnixSeconds,
    /// When it ends.
    pub exp: UnixSeconds,
}

impl<'a> AssertionClaims<'a> {
    /// What is to be signed of a request that came with this token.
    #[must_use]
    pub fn new(
        issuer: &'a str,
        audience: &'a str,
        token: &'a Verified,
        asked: Asked<'a>,
        now: UnixSeconds,
    ) -> Self {
        Self {
            iss: issuer,
            aud: audience,
            sub: token.subject.as_str(),
            sid: token.ids.sid,
            jti: token.ids.jti,
            roles: &token.roles,
            email_verified: token.email_verified,
            token_exp: token.expires_at(),
            htm: asked.method,
            htu: asked.target,
            iat: now,
            exp: now.plus(LIFE),
        }
    }

    /// What is signed: header and claims (RFC 7515 §5.1).
    #[must_use]
    pub fn signing_input(&self) -> String {
        let header = Writer::default()
            .text("alg", super::Algorithm::EdDsa.as_str())
            .text("typ", Typ::Assertion.as_str())
            .text("kid", KID);
        let claims = Writer::default()
            .text("iss", self.iss)
            .text("aud", self.aud)
            .text("sub", self.sub)
            .optional("sid", self.sid.map(String::from).as_deref())
            .optional("jti", self.jti.map(String::from).as_deref())
            .texts("roles", self.roles)
            .flag("email_verified", self.email_verified)
            .number("token_exp", self.token_exp.get())
            .text("htm", self.htm)
            .text("htu", self.htu)
            .number("iat", self.iat.get())
            .number("exp", self.exp.get());
        let [header, claims] = [header, claims].map(|part| base64url::encode(part.finish()));
        header + "." + &claims
    }
}

/// Which assertions are accepted.
#[derive(Clone, Debug)]
pub struct AssertionRules {
    key: Key,
    audience: String,
}

impl AssertionRules {
    /// Those that the edge signs for this app.
    ///
    /// # Errors
    /// When `public_key` is not the 32 bytes of an Ed25519 public key in base64url, as
    /// `origin keys assertion` prints it.
    pub fn new(public_key: &str, audience: String) -> Result<Self, UnusableKey> {
        let bytes = base64url::decode(public_key).ok_or(UnusableKey::Numbers)?;
        let x = bytes.try_into().map_err(|_| UnusableKey::Numbers)?;
        let kid = KeyId::try_from(String::from(KID)).map_err(|_| UnusableKey::Id)?;
        Ok(Self { key: Key::from_jwk(&Jwk::ed25519(&x, kid))?, audience })
    }
}

/// Why an assertion is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// It is not one of the edge's, not for this app, or over.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// It was made for another method, path or query.
    #[error("made for another request")]
    OtherRequest,
}

/// An assertion whose header and claims are good and whose signature nobody has checked.
#[derive(Debug)]
pub struct Unsigned<'a, 'k> {
    /// The question to be answered.
    pub check: SignatureCheck<'a, 'k>,
    content: Asserted,
}

impl<'a, 'k> Unsigned<'a, 'k> {
    /// Judges everything about an assertion that costs no cryptography.
    ///
    /// # Errors
    /// What is wrong with it. `Expired` only when nothing else that is judged here is wrong.
    pub fn parse(
        text: &'a str,
        rules: &'k AssertionRules,
        asked: Asked<'_>,
        now: UnixSeconds,
    ) -> Result<Self, AssertionError> {
        let jws = Jws::parse(text, MAX)?;
        jws.header.expect(Typ::Assertion)?;
        if jws.header.kid.is_none() || jws.header.kid.as_ref() != rules.key.id() {
            return Err(TokenError::Key.into());
        }
        let content = Asserted::read(jws.unverified_payload(), rules, asked, now)?;
        Ok(Self { check: jws.check(&rules.key)?, content })
    }

    /// Takes the verifier's answer; only a `true` lets the content out.
    ///
    /// # Errors
    /// `Signature` when it was false.
    pub fn answered(self, signature_is_good: bool) -> Result<Asserted, TokenError> {
        if signature_is_good { Ok(self.content) } else { Err(TokenError::Signature) }
    }
}

/// What the edge says of the request in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asserted {
    times: Times,
    /// Who says so.
    pub issuer: String,
    /// The user: visible ASCII.
    pub subject: String,
    /// The session, unless the token names none.
    pub sid: Option<SessionId>,
    /// The access token that the request came with, unless it has no id.
    pub jti: Option<TokenId>,
    /// The user's roles.
    pub roles: Vec<String>,
    /// Whether the user's e-mail address was proven.
    pub email_verified: bool,
    /// When that access token ends.
    pub token_expires_at: UnixSeconds,
}

impl Asserted {
    fn read(
        payload: &[u8],
        rules: &AssertionRules,
        asked: Asked<'_>,
        now: UnixSeconds,
    ) -> Result<Self, AssertionError> {
        let mut claims = Claims::parse(payload)?;
        claims.audience(|aud| aud == rules.audience)?;
        // As RFC 9449 §4.3 binds a proof to its request, but with the query, since apps act on it,
        // and without scheme and host, which an app behind a gate cannot know.
        if claims.text("htm")? != asked.method || claims.text("htu")? != asked.target {
            return Err(AssertionError::OtherRequest);
        }
        Ok(Self {
            // The key is one edge's: its name is told, not compared.
            issuer: claims.text("iss")?,
            // Not only users of ours: other issuers' are named after them, with a colon.
            subject: claims.text("sub").and_then(subject)?,
            sid: claims.optional_id("sid")?,
            jti: claims.optional_id("jti")?,
            roles: claims.words("roles")?,
            email_verified: claims.flag("email_verified")?,
            token_expires_at: UnixSeconds::new(claims.number("token_exp")?),
            times: claims.times(now, LEEWAY, LIFE)?,
        })
    }

    /// When it was made.
    #[must_use]
    pub const fn issued_at(&self) -> UnixSeconds {
        self.times.issued_at
    }
}

/// Fit to stand in a header, as it does beside the assertion.
fn subject(text: String) -> Result<String, TokenError> {
    let fits = (1..=MAX_SUBJECT).contains(&text.len());
    if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text)
    } else {
        Err(TokenError::Claims)
    }
}

#[cfg(test)]
mod tests;
