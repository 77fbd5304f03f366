//! Access tokens (RFC 9068): what we write, and what of it we accept.

use core::time::Duration;
use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;

use super::claims::{Claims, Times};
use super::{Jws, MAX_TOKEN, SignatureCheck, TokenError, Typ};
use crate::issuers::{IssuerIndex, Person};
use crate::keys::{Key, KeySet};
use crate::{SessionId, Subject, TokenId, UnixSeconds};

/// How far clocks may be apart.
pub const LEEWAY: Duration = Duration::from_secs(30);

/// The longest life an issuer may be configured to give.
pub const MAX_LIFE: Duration = Duration::from_hours(1);

/// The claims that our issuer signs.
#[derive(Clone, Debug, Serialize)]
pub struct AccessClaims<'a> {
    /// Our issuer's URL.
    pub iss: &'a str,
    /// The app.
    pub aud: &'a str,
    /// The user.
    pub sub: &'a Subject,
    /// The client the token was given to (RFC 9068 §2.2).
    pub client_id: &'a str,
    /// When it was made.
    pub iat: UnixSeconds,
    /// When it ends.
    pub exp: UnixSeconds,
    /// Its own id.
    pub jti: TokenId,
    /// Its session.
    pub sid: SessionId,
    /// The user's roles.
    pub roles: &'a [String],
    /// Whether the user's e-mail address was proven.
    pub email_verified: bool,
}

/// Which access tokens are accepted. There is no default: each value is somebody's decision.
#[derive(Clone, Debug)]
pub struct AccessRules {
    /// The issuer, to the letter.
    pub issuer: String,
    /// The audience, to the letter.
    pub audience: String,
    /// The longest life the issuer gives.
    pub max_life: Duration,
    /// How far clocks may be apart.
    pub leeway: Duration,
}

/// An access token whose header, key and claims are good and whose signature nobody has checked.
#[derive(Debug)]
pub struct Unsigned<'a, 'k> {
    text: &'a str,
    /// The question to be answered.
    pub check: SignatureCheck<'a, 'k>,
    content: Verified,
}

impl<'a, 'k> Unsigned<'a, 'k> {
    /// Judges everything about a token that costs no cryptography, cheapest first.
    ///
    /// # Errors
    /// What is wrong with it. `Expired` only when nothing else that is judged here is wrong.
    pub fn parse(
        text: &'a str,
        keys: &'k KeySet,
        rules: &AccessRules,
        now: UnixSeconds,
    ) -> Result<Self, TokenError> {
        Self::read(text, Jws::parse(text, MAX_TOKEN)?, None, keys, rules, now)
    }

    /// The same for a token whose form, and maybe claims, were read before.
    pub(crate) fn read(
        text: &'a str,
        jws: Jws<'a>,
        claims: Option<Claims>,
        keys: &'k KeySet,
        rules: &AccessRules,
        now: UnixSeconds,
    ) -> Result<Self, TokenError> {
        jws.header.expect(Typ::Access)?;
        // No `kid`, no guess: trying every key would let the sender choose (RFC 8725 §3.8).
        let kid = jws.header.kid.as_ref().ok_or(TokenError::Key)?;
        let key = keys.at(kid, now).ok_or(TokenError::Key)?;
        let claims = claims.map_or_else(|| Claims::parse(jws.unverified_payload()), Ok)?;
        let content = Verified::read(claims, Arc::clone(key), rules, now)?;
        Ok(Self { text, check: jws.check(key)?, content })
    }

    pub(crate) const fn new(
        text: &'a str,
        check: SignatureCheck<'a, 'k>,
        content: Verified,
    ) -> Self {
        Self { text, check, content }
    }

    /// The whole token.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Takes the verifier's answer; only a `true` lets the content out.
    ///
    /// # Errors
    /// `Signature` when it was false.
    pub fn answered(self, signature_is_good: bool) -> Result<Verified, TokenError> {
        self.put().1.answered(signature_is_good).1
    }

    /// Parts the question from what waits for its answer, for a verifier that takes its time.
    #[must_use]
    pub fn put(self) -> (SignatureCheck<'a, 'k>, Unanswered) {
        (self.check, Unanswered { text: self.text.into(), content: self.content })
    }
}

/// A token while its [`SignatureCheck`] is being answered.
#[derive(Debug)]
pub struct Unanswered {
    text: Box<str>,
    content: Verified,
}

impl Unanswered {
    /// Takes the verifier's answer; only a `true` lets the content out. With the whole token.
    pub fn answered(self, signature_is_good: bool) -> (Box<str>, Result<Verified, TokenError>) {
        let content = if signature_is_good { Ok(self.content) } else { Err(TokenError::Signature) };
        (self.text, content)
    }
}

/// A verified access token. Whether it is revoked, expired meanwhile, or its key withdrawn has to
/// be asked each time it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub(crate) key: Arc<Key>,
    pub(crate) times: Times,
    /// Which of the other issuers made it; none of them: our own.
    pub issuer: Option<IssuerIndex>,
    /// The user.
    pub subject: Person,
    /// By which ids it may be revoked.
    pub ids: Ids,
    /// The client it was given to. Ours always names it.
    pub client_id: Option<String>,
    /// The user's roles.
    pub roles: Vec<String>,
    /// What it was granted, word by word.
    pub scope: Vec<String>,
    /// Whether the user's e-mail address was proven.
    pub email_verified: bool,
}

impl Verified {
    fn read(
        mut claims: Claims,
        key: Arc<Key>,
        rules: &AccessRules,
        now: UnixSeconds,
    ) -> Result<Self, TokenError> {
        claims.issuer(&rules.issuer)?;
        claims.audience(|aud| aud == rules.audience)?;
        Ok(Self {
            key,
            issuer: None,
            subject: Person::Own(claims.id("sub")?),
            ids: Ids { sid: Some(claims.id("sid")?), jti: Some(claims.id("jti")?), sub: None },
            // RFC 6749 §A.1 allows any visible ASCII; a subject's rules are those and narrower.
            client_id: Some(claims.id::<Subject>("client_id")?.into()),
            roles: claims.words("roles")?,
            scope: claims.scope(),
            email_verified: claims.flag("email_verified")?,
            times: claims.times(now, rules.leeway, rules.max_life)?,
        })
    }

    /// When it was made.
    #[must_use]
    pub const fn issued_at(&self) -> UnixSeconds {
        self.times.issued_at
    }

    /// When it ends.
    #[must_use]
    pub const fn expires_at(&self) -> UnixSeconds {
        self.times.expires_at
    }

    /// Whether its time has passed, by every clock that may be asked.
    #[must_use]
    pub fn is_over(&self, now: UnixSeconds) -> bool {
        self.times.over(now, LEEWAY)
    }

    /// Looks again at what time and keys may have changed since it was verified.
    ///
    /// # Errors
    /// `Key` when its key is gone or withdrawn; `Expired` when its time has passed.
    pub fn still_good(
        &self,
        keys: &KeySet,
        leeway: Duration,
        now: UnixSeconds,
    ) -> Result<(), TokenError> {
        if !keys.holds(&self.key, now) {
            return Err(TokenError::Key);
        }
        if self.times.over(now, leeway) { Err(TokenError::Expired) } else { Ok(()) }
    }
}

/// The ids by which a token may be revoked: what the block log, the tail and the segments hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ids {
    /// The session. Other issuers' tokens need not name one.
    pub sid: Option<SessionId>,
    /// The token itself. Other issuers' tokens need not have one.
    pub jti: Option<TokenId>,
    /// The user, where the issuer is another: there is no list of that issuer's sessions, so all of
    /// a user's tokens are revoked by the user's name.
    pub sub: Option<Uuid>,
}

impl Ids {
    /// Those that the token has.
    pub fn iter(&self) -> impl Iterator<Item = Uuid> {
        let (sid, jti) = (self.sid.map(SessionId::uuid), self.jti.map(TokenId::uuid));
        [sid, jti, self.sub].into_iter().flatten()
    }
}
