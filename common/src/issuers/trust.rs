//! Who vouches for a token: our own issuer or another, each by its own rules and keys.

use std::sync::Arc;

use super::{Issuer, IssuerIndex, Issuers, Keyring};
use crate::UnixSeconds;
use crate::keys::KeySet;
use crate::token::access::Unsigned;
use crate::token::{AccessRules, Claims, Jws, MAX_TOKEN, TokenError, Verified};

/// All that may vouch for an access token at one time.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'w> {
    /// Our own issuer.
    pub rules: &'w AccessRules,
    /// Its keys.
    pub keys: &'w KeySet,
    /// The others.
    pub issuers: &'w Issuers,
    /// Their keys.
    pub keyring: &'w Keyring,
    /// Whether another issuer's keys were already looked for on behalf of this request.
    pub looked: bool,
    /// The time.
    pub now: UnixSeconds,
}

/// What was read of a token.
#[derive(Debug)]
pub enum Reading<'a, 'k> {
    /// All is good but the signature, which nobody has checked.
    Unsigned(Box<Unsigned<'a, 'k>>),
    /// This issuer's keys have to be looked for first.
    Keys(IssuerIndex),
}

/// Why a token is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// It is not good.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Nobody can tell: its issuer's keys are not known here.
    #[error("its issuer's keys are not known here")]
    KeysUnknown,
}

impl<'w> Trust<'w> {
    /// Judges everything about a token that costs no cryptography.
    ///
    /// # Errors
    /// What is wrong with it, or `KeysUnknown`.
    pub fn read<'a>(self, text: &'a str) -> Result<Reading<'a, 'w>, Untrusted> {
        let jws = Jws::parse(text, MAX_TOKEN)?;
        let own = |jws, claims| {
            let read = Unsigned::read(text, jws, claims, self.keys, self.rules, self.now)?;
            Ok(Reading::Unsigned(Box::new(read)))
        };
        if self.issuers.is_empty() {
            return own(jws, None);
        }
        let claims = Claims::parse(jws.unverified_payload())?;
        match claims.unverified_issuer().and_then(|name| self.issuers.named(name)) {
            None => own(jws, Some(claims)),
            Some((index, issuer)) => self.read_foreign(text, jws, claims, index, issuer),
        }
    }

    /// Looks again at what may have changed since a token was verified: its time, and its issuer's
    /// keys. `Some` when those have to be looked for first.
    ///
    /// # Errors
    /// What is wrong with it by now, or `KeysUnknown`.
    pub fn still_good(self, token: &Verified) -> Result<Option<IssuerIndex>, Untrusted> {
        let keys = match token.issuer {
            None => self.keys,
            Some(index) => match self.keys_of(index)? {
                Some(keys) => keys,
                None => return Ok(Some(index)),
            },
        };
        token.still_good(keys, self.rules.leeway, self.now)?;
        Ok(None)
    }

    /// Claims come before keys, so that what is no good anyhow sends nobody to look for keys.
    fn read_foreign<'a>(
        self,
        text: &'a str,
        jws: Jws<'a>,
        claims: Claims,
        index: IssuerIndex,
        issuer: &Issuer,
    ) -> Result<Reading<'a, 'w>, Untrusted> {
        let content = issuer.read(index, &jws.header, claims, self.now)?;
        let Some(keys) = self.keys_of(index)? else {
            return Ok(Reading::Keys(index));
        };
        match issuer.key(&jws.header, keys, self.now) {
            Ok(key) => {
                let content = content(Arc::clone(key));
                let unsigned = Unsigned::new(text, jws.check(key)?, content);
                Ok(Reading::Unsigned(Box::new(unsigned)))
            }
            Err(_) if !self.looked && self.keyring.ring(index).may_search(self.now) => {
                Ok(Reading::Keys(index))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Another issuer's keys; `None` when they have to be looked for first.
    fn keys_of(self, index: IssuerIndex) -> Result<Option<&'w KeySet>, Untrusted> {
        let ring = self.keyring.ring(index);
        if !self.looked && ring.looks_first(self.now) {
            return Ok(None);
        }
        ring.keys(self.now).map(Some).ok_or(Untrusted::KeysUnknown)
    }
}
