//! Who is asking, by the access token itself.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use common::keys::{Jwk, KeySet, UnusableKey, UnusableKeySet};
use common::problem::Code;
use common::token::access::{LEEWAY, MAX_LIFE, Unsigned};
use common::token::{AccessRules, TokenError, Verified};
use common::verdict::bearer;

#[cfg(feature = "fetch")]
use crate::issuer::Issuer;
use crate::{Identity, Refusal, signature};

/// Verifies the access tokens of one issuer for one app, by the rules of the edge.
#[derive(Debug)]
pub struct Verifier {
    rules: AccessRules,
    keys: Keys,
}

#[derive(Debug)]
enum Keys {
    Given(Arc<KeySet>),
    #[cfg(feature = "fetch")]
    Fetched(Issuer),
}

/// Why keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnusableKeys {
    /// The public key of the assertions.
    #[error("the public key for assertions is not what `origin keys assertion` prints: {0}")]
    Assertion(UnusableKey),
    /// The text is no JWK Set.
    #[error("the keys are no JWK Set (RFC 7517)")]
    NoSet(#[source] serde_json::Error),
    /// The set cannot be trusted.
    #[error(transparent)]
    Set(#[from] UnusableKeySet),
    /// They could not be fetched.
    #[cfg(feature = "fetch")]
    #[error("the keys cannot be fetched")]
    Fetch(#[from] reqwest::Error),
    /// The answer was no set of keys.
    #[cfg(feature = "fetch")]
    #[error("the keys cannot be fetched: the issuer answered {0}")]
    Status(u16),
    /// The answer was too long.
    #[cfg(feature = "fetch")]
    #[error("the keys cannot be fetched: the answer is longer than {0} bytes")]
    TooLong(usize),
}

impl Verifier {
    /// Verifies by the keys of this JWK Set, which never change: for tests, or an issuer that is
    /// not reached from here.
    ///
    /// # Errors
    /// When it is no set, or holds a secret key or two of one name.
    pub fn with_keys(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        jwks: &str,
    ) -> Result<Self, UnusableKeys> {
        let keys = Keys::Given(Arc::new(key_set(jwks.as_bytes())?));
        Ok(Self { rules: rules(issuer, audience), keys })
    }

    /// Verifies by the keys that the issuer publishes at this URL: Portcullis at
    /// `https://…/.well-known/jwks.json`. They are fetched when the first token comes, again every
    /// five minutes, and at most once in ten seconds when a token names a key that is not known.
    ///
    /// # Errors
    /// When the system has no root certificates to check the issuer's by.
    #[cfg(feature = "fetch")]
    pub fn fetching(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        jwks_url: impl Into<String>,
    ) -> Result<Self, UnusableKeys> {
        let keys = Keys::Fetched(Issuer::new(jwks_url.into())?);
        Ok(Self { rules: rules(issuer, audience), keys })
    }

    /// Who is asking, by the bearer token of these headers.
    pub(crate) async fn read(&self, headers: &HeaderMap) -> Result<Option<Identity>, Refusal> {
        let values = headers.get_all(header::AUTHORIZATION).iter();
        let values: Result<Vec<&str>, _> = values.map(|value| value.to_str()).collect();
        let joined = values.map_err(|_| Refusal::Invalid)?.join(", ");
        let text = bearer(Some(&joined)).map_err(|refusal| match refusal.code() {
            Code::CredentialsAmbiguous => Refusal::Ambiguous,
            _ => Refusal::Invalid,
        })?;
        let Some(text) = text else { return Ok(None) };
        let verified = match self.verify(text, &*self.keys().await?) {
            Err(TokenError::Key) => self.verify(text, &*self.newer_keys().await?),
            judged => judged,
        };
        match verified {
            Ok(token) => Ok(Some(identity(token))),
            Err(TokenError::Expired) => Err(Refusal::Expired),
            Err(_) => Err(Refusal::Invalid),
        }
    }

    fn verify(&self, text: &str, keys: &KeySet) -> Result<Verified, TokenError> {
        let unsigned = Unsigned::parse(text, keys, &self.rules, signature::now())?;
        let good = signature::is_good(&unsigned.check);
        unsigned.answered(good)
    }

    #[cfg_attr(
        not(feature = "fetch"),
        expect(clippy::unused_async, reason = "fetching them takes time")
    )]
    async fn keys(&self) -> Result<Arc<KeySet>, Refusal> {
        match &self.keys {
            Keys::Given(keys) => Ok(Arc::clone(keys)),
            #[cfg(feature = "fetch")]
            Keys::Fetched(issuer) => issuer.keys().await.ok_or(Refusal::KeysUnknown),
        }
    }

    /// For a token that names a key which is not among those in hand.
    #[cfg_attr(
        not(feature = "fetch"),
        expect(clippy::unused_async, reason = "fetching them takes time")
    )]
    async fn newer_keys(&self) -> Result<Arc<KeySet>, Refusal> {
        match &self.keys {
            Keys::Given(keys) => Ok(Arc::clone(keys)),
            #[cfg(feature = "fetch")]
            Keys::Fetched(issuer) => issuer.newer_keys().await.ok_or(Refusal::KeysUnknown),
        }
    }
}

fn rules(issuer: impl Into<String>, audience: impl Into<String>) -> AccessRules {
    AccessRules {
        issuer: issuer.into(),
        audience: audience.into(),
        max_life: MAX_LIFE,
        leeway: LEEWAY,
    }
}

fn identity(token: Verified) -> Identity {
    Identity {
        subject: token.subject.to_string(),
        session: token.ids.sid,
        token_id: token.ids.jti,
        expires: token.expires_at(),
        roles: token.roles,
        email_verified: token.email_verified,
    }
}

/// Reads a JWK Set.
pub(crate) fn key_set(json: &[u8]) -> Result<KeySet, UnusableKeys> {
    #[derive(serde::Deserialize)]
    struct Jwks {
        keys: Vec<Jwk>,
    }
    let jwks: Jwks = serde_json::from_slice(json).map_err(UnusableKeys::NoSet)?;
    Ok(KeySet::from_jwks(&jwks.keys)?)
}
