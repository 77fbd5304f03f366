//! An Ed25519 key pair: made, read from its private JWK, named and shown.

use std::path::PathBuf;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::keys::Jwk;
use common::{KeyId, Secret};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use super::key_file::{self, KeyError};
use super::symmetric_key::{decode, random_bytes};

/// A new key pair for the assertions of an edge, which this origin does not keep.
pub(crate) struct AssertionKey {
    /// The value of `ASSERTION_KEY`: private and public half, joined by a dot.
    pub(crate) secret: Secret<String>,
    /// What apps verify by.
    pub(crate) public: String,
}

impl AssertionKey {
    /// One of the system's randomness.
    ///
    /// # Errors
    /// Why it could not be made.
    pub(crate) fn make() -> Result<Self, &'static str> {
        let jwk = PrivateJwk::make()?;
        // WebCrypto imports a private Ed25519 key as a JWK only with both (RFC 8037 §2).
        Ok(Self { secret: Secret::new(format!("{}.{}", jwk.d, jwk.x)), public: jwk.x.clone() })
    }
}

/// An Ed25519 key pair and its name.
pub(super) struct KeyPair {
    pub(super) id: KeyId,
    pub(super) public: [u8; 32],
    /// Ready to sign: reading a key costs about as much as a signature.
    pub(super) private: Ed25519KeyPair,
}

impl KeyPair {
    /// The pair in this file; a new one is made when there is no file.
    pub(super) fn open(path: PathBuf) -> Result<Self, KeyError> {
        let text = key_file::read_or_make(&path, || PrivateJwk::make().and_then(|jwk| jwk.text()))?;
        let pair = serde_json::from_str::<PrivateJwk>(text.expose())
            .map_err(|_| "not a private Ed25519 JWK")
            .and_then(|jwk| jwk.pair());
        pair.map_err(|what| KeyError::Broken { path, what })
    }

    /// The public half.
    pub(super) fn jwk(&self) -> Jwk {
        Jwk::ed25519(&self.public, self.id.clone())
    }
}

/// A key pair as it is kept: RFC 8037 §2. Members of other programs are not understood, so not
/// accepted.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PrivateJwk {
    kty: String,
    crv: String,
    x: String,
    d: String,
}

impl Drop for PrivateJwk {
    fn drop(&mut self) {
        self.d.zeroize();
    }
}

impl PrivateJwk {
    /// A new pair, of the system's randomness.
    pub(super) fn make() -> Result<Self, &'static str> {
        let seed = random_bytes()?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose())
            .map_err(|_| "the library refuses the seed")?;
        Ok(Self {
            kty: "OKP".into(),
            crv: "Ed25519".into(),
            x: URL_SAFE_NO_PAD.encode(pair.public_key()),
            d: URL_SAFE_NO_PAD.encode(seed.expose()),
        })
    }

    /// The pair, found to be one.
    pub(super) fn pair(&self) -> Result<KeyPair, &'static str> {
        if self.kty != "OKP" || self.crv != "Ed25519" {
            return Err("not an Ed25519 key");
        }
        let seed = Secret::new(decode(&self.d)?);
        let public = decode(&self.x)?;
        let private = Ed25519KeyPair::from_seed_and_public_key(seed.expose(), &public)
            .map_err(|_| "its public half does not belong to its private half")?;
        let id = thumbprint(&self.x).ok_or("its thumbprint is no key id")?;
        Ok(KeyPair { id, public, private })
    }

    fn text(&self) -> Result<Secret<String>, &'static str> {
        serde_json::to_string(self).map(Secret::new).map_err(|_| "it does not serialise")
    }
}

/// RFC 7638 §3: the SHA-256 of the required members, in this order, without white space.
fn thumbprint(x: &str) -> Option<KeyId> {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    let hash = digest::digest(&digest::SHA256, members.as_bytes());
    KeyId::try_from(URL_SAFE_NO_PAD.encode(hash)).ok()
}
