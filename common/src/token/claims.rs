//! Reading single claims, each to its exact shape.

use core::time::Duration;

use super::TokenError;
use crate::UnixSeconds;
use crate::json::{self, Json, Object};

/// Claims that were read as clean JSON, to be taken one by one.
pub(crate) struct Claims(Object);

impl Claims {
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, TokenError> {
        json::object(payload).map(Self).ok_or(TokenError::Claims)
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<String, TokenError> {
        match self.0.take(name) {
            Some(Json::Text(text)) => Ok(text),
            _ => Err(TokenError::Claims),
        }
    }

    /// A text that need not be there, but if so has 1 to 255 bytes and no control characters.
    pub(crate) fn name(&mut self, name: &str) -> Result<Option<String>, TokenError> {
        match self.0.take(name) {
            None => Ok(None),
            Some(Json::Text(text)) if is_name(&text) => Ok(Some(text)),
            Some(_) => Err(TokenError::Claims),
        }
    }

    /// Whether there is a claim of this name, of whatever shape.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.has(name)
    }

    /// The claim at the end of a path of names, outermost first.
    pub(crate) fn at(&self, path: &[String]) -> Option<&Json> {
        let (first, inner) = path.split_first()?;
        inner.iter().try_fold(self.0.get(first)?, |value, name| value.as_object()?.get(name))
    }

    /// A text that is an identifier of ours.
    pub(crate) fn id<T: TryFrom<String>>(&mut self, name: &str) -> Result<T, TokenError> {
        T::try_from(self.text(name)?).map_err(|_| TokenError::Claims)
    }

    /// The same, where it need not be there.
    pub(super) fn optional_id<T: TryFrom<String>>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, TokenError> {
        if self.0.has(name) { self.id(name).map(Some) } else { Ok(None) }
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, TokenError> {
        match self.0.take(name) {
            Some(Json::Bool(flag)) => Ok(flag),
            _ => Err(TokenError::Claims),
        }
    }

    /// A whole number, not negative. RFC 7519 §2 would allow fractions of a second: nobody needs
    /// them, and two judges that round differently disagree.
    pub(crate) fn number(&mut self, name: &str) -> Result<u64, TokenError> {
        self.optional_number(name)?.ok_or(TokenError::Claims)
    }

    fn optional_number(&mut self, name: &str) -> Result<Option<u64>, TokenError> {
        match self.0.take(name) {
            None => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or(TokenError::Claims),
        }
    }

    /// `iss`, exactly (RFC 9068 §4): no list, no trailing slash, no other case.
    pub(crate) fn issuer(&mut self, expected: &str) -> Result<(), TokenError> {
        match self.0.take("iss") {
            Some(Json::Text(iss)) if iss == expected => Ok(()),
            _ => Err(TokenError::Issuer),
        }
    }

    /// What was not taken.
    pub(super) fn rest(self) -> Json {
        Json::Object(self.0)
    }

    /// Whom the token says it is from. Not verified: good for choosing who has to vouch for it.
    pub(crate) fn unverified_issuer(&self) -> Option<&str> {
        self.0.get("iss").and_then(Json::as_text)
    }

    /// `aud` is, or is a list of texts that holds, one that is `ours` (RFC 7519 §4.1.3).
    pub(crate) fn audience(&mut self, ours: impl Fn(&str) -> bool) -> Result<(), TokenError> {
        let found = match self.0.take("aud") {
            Some(Json::Text(aud)) => ours(&aud),
            Some(list) => list.into_texts().is_some_and(|list| list.iter().any(|aud| ours(aud))),
            None => false,
        };
        if found { Ok(()) } else { Err(TokenError::Audience) }
    }

    /// `iat`, `nbf`, `exp` against `now`. Expiry is judged last, so that "expired" is said only
    /// of a token with nothing else wrong in its times.
    pub(crate) fn times(
        &mut self,
        now: UnixSeconds,
        leeway: Duration,
        max_life: Duration,
    ) -> Result<Times, TokenError> {
        let issued_at = UnixSeconds::new(self.number("iat")?);
        let expires_at = UnixSeconds::new(self.number("exp")?);
        let not_before = self.optional_number("nbf")?.map(UnixSeconds::new);
        let latest_start = now.plus(leeway);
        // A token from the future or with a life beyond what the issuer gives was not made by it.
        if issued_at > latest_start
            || expires_at <= issued_at
            || expires_at.since(issued_at) > max_life
            || not_before.is_some_and(|nbf| nbf > latest_start)
        {
            return Err(TokenError::Times);
        }
        let times = Times { issued_at, expires_at };
        if times.over(now, leeway) { Err(TokenError::Expired) } else { Ok(times) }
    }

    /// A list of words that can stand in a header side by side: visible ASCII without comma.
    pub(crate) fn words(&mut self, name: &str) -> Result<Vec<String>, TokenError> {
        let words = self.0.take(name).and_then(Json::into_texts);
        words.filter(|words| words.iter().all(|word| is_word(word))).ok_or(TokenError::Claims)
    }

    /// `scope` (RFC 9068 §2.2.3), words divided by one space. Anything else grants nothing.
    pub(crate) fn scope(&mut self) -> Vec<String> {
        match self.0.take("scope") {
            Some(Json::Text(scope)) => scope.split(' ').map(String::from).collect(),
            _ => Vec::new(),
        }
    }
}

fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len()) && !text.chars().any(char::is_control)
}

pub(crate) fn is_word(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b',')
}

/// When a token was made and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) issued_at: UnixSeconds,
    pub(crate) expires_at: UnixSeconds,
}

impl Times {
    /// RFC 7519 §4.1.4: "on or after" the expiration time it must not be accepted.
    pub(crate) fn over(self, now: UnixSeconds, leeway: Duration) -> bool {
        now >= self.expires_at.plus(leeway)
    }
}
