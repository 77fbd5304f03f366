//! The keys of one issuer: reading its JWK Set, finding the key that a token means.

use std::sync::Arc;

use super::{Jwk, Key, is_secret};
use crate::json::{self, Json};
use crate::token::Algorithm;
use crate::{KeyId, UnixSeconds};

/// The keys of one issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet(Vec<Arc<Key>>);

/// Why a whole set is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableKeySet {
    /// Two usable keys of one name.
    #[error("two keys have the same kid")]
    DuplicateId,
    /// A symmetric or private key: whoever can read the set could sign.
    #[error("the set holds a secret key")]
    Secret,
    /// No JWK Set (RFC 7517 §5) at all.
    #[error("it is no JWK Set: expected one JSON object with a list `keys` and no name twice")]
    Form,
    /// More keys than any issuer needs.
    #[error("the set holds more than {MAX_KEYS} keys")]
    TooMany,
}

/// The most keys that a set of another issuer may have.
pub const MAX_KEYS: usize = 64;

impl KeySet {
    /// Reads a set, passing over keys of kinds that are not enabled (RFC 7517 §5).
    ///
    /// # Errors
    /// When the set as a whole cannot be trusted.
    pub fn from_jwks(jwks: &[Jwk]) -> Result<Self, UnusableKeySet> {
        let mut set = Self::default();
        for jwk in jwks {
            if jwk.is_secret || jwk.kty == "oct" {
                return Err(UnusableKeySet::Secret);
            }
            if let Ok(key) = Key::from_jwk(jwk) {
                set.add(key)?;
            }
        }
        Ok(set)
    }

    /// Reads the document of another issuer, passing over keys that are of no use here: of kinds
    /// that are not enabled, for other algorithms than `algorithms`, or unreadable (RFC 7517 §5).
    ///
    /// # Errors
    /// When the set as a whole cannot be trusted.
    pub fn from_document(
        document: &[u8],
        algorithms: &[Algorithm],
    ) -> Result<Self, UnusableKeySet> {
        let mut members = json::object(document).ok_or(UnusableKeySet::Form)?;
        let Some(Json::List(keys)) = members.take("keys") else {
            return Err(UnusableKeySet::Form);
        };
        if keys.len() > MAX_KEYS {
            return Err(UnusableKeySet::TooMany);
        }
        let is_rsa = |a: &&Algorithm| matches!(a, Algorithm::Rs256 | Algorithm::Ps256);
        let mut for_rsa = algorithms.iter().filter(is_rsa);
        let rsa = for_rsa.next().copied().filter(|_| for_rsa.next().is_none());
        let mut set = Self::default();
        for jwk in keys {
            // Also of a key that would be passed over: a set that shows secrets is nobody's to trust.
            if jwk.as_object().is_some_and(is_secret) {
                return Err(UnusableKeySet::Secret);
            }
            let key = Jwk::read(jwk).ok().and_then(|jwk| Key::read(&jwk, rsa).ok());
            if let Some(key) = key.filter(|key| algorithms.contains(&key.algorithm)) {
                set.add(key)?;
            }
        }
        Ok(set)
    }

    fn add(&mut self, key: Key) -> Result<(), UnusableKeySet> {
        if key.id.is_some() && self.0.iter().any(|other| other.id == key.id) {
            return Err(UnusableKeySet::DuplicateId);
        }
        self.0.push(Arc::new(key));
        Ok(())
    }

    /// The key of this name, if it may be used at `now`.
    #[must_use]
    pub fn at(&self, id: &KeyId, now: UnixSeconds) -> Option<&Arc<Key>> {
        self.0.iter().find(|key| key.id.as_ref() == Some(id) && key.valid_at(now))
    }

    /// The one key of this algorithm, if there are not several.
    #[must_use]
    pub fn only(&self, algorithm: Algorithm, now: UnixSeconds) -> Option<&Arc<Key>> {
        let mut fitting =
            self.0.iter().filter(|key| key.algorithm == algorithm && key.valid_at(now));
        fitting.next().filter(|_| fitting.next().is_none())
    }

    /// Whether this very key, not only its name, is in the set and may be used at `now`.
    #[must_use]
    pub fn holds(&self, key: &Key, now: UnixSeconds) -> bool {
        self.0.iter().any(|own| {
            own.id == key.id
                && own.algorithm == key.algorithm
                && own.material == key.material
                && own.valid_at(now)
        })
    }

    /// All keys, also those not valid now.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter().map(Arc::as_ref)
    }
}
