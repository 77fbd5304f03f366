//! The key of refresh tokens, which only the origin holds.

use std::path::PathBuf;

use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use super::key_file::{self, KeyError};

/// A symmetric key, for HMAC with SHA-256 (RFC 7518 §3.2).
pub(super) struct SymmetricKey(hmac::Key);

impl SymmetricKey {
    /// The key in this file; a new one is made when there is no file.
    pub(super) fn open(path: PathBuf) -> Result<Self, KeyError> {
        let text = key_file::read_or_make(&path, make)?;
        parse(&text).map_err(|what| KeyError::Broken { path, what })
    }

    /// The tag of this text.
    pub(super) fn tag(&self, text: &str) -> hmac::Tag {
        hmac::sign(&self.0, text.as_bytes())
    }

    /// Whether `tag` is that of this text; found out in constant time.
    pub(super) fn made(&self, tag: &[u8], text: &str) -> bool {
        hmac::verify(&self.0, text.as_bytes(), tag).is_ok()
    }
}

/// Its file: RFC 7518 §6.4.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretJwk {
    kty: String,
    k: String,
}

impl Drop for SecretJwk {
    fn drop(&mut self) {
        self.k.zeroize();
    }
}

fn make() -> Result<Secret<String>, &'static str> {
    let jwk = SecretJwk { kty: "oct".into(), k: URL_SAFE_NO_PAD.encode(random_bytes()?.expose()) };
    serde_json::to_string(&jwk).map(Secret::new).map_err(|_| "it does not serialise")
}

fn parse(text: &Secret<String>) -> Result<SymmetricKey, &'static str> {
    let jwk: SecretJwk = serde_json::from_str(text.expose()).map_err(|_| "not a symmetric JWK")?;
    // RFC 7518 §3.2: no key shorter than the hash, and the decoding takes no other length.
    let bytes = Secret::new(decode(&jwk.k)?);
    if jwk.kty == "oct" {
        Ok(SymmetricKey(hmac::Key::new(hmac::HMAC_SHA256, bytes.expose())))
    } else {
        Err("not a symmetric key")
    }
}

/// What each of our keys is made of.
pub(super) fn random_bytes() -> Result<Secret<[u8; 32]>, &'static str> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| "the system gives no random bytes")?;
    Ok(Secret::new(bytes))
}

/// The 32 bytes that each number of our keys has.
pub(super) fn decode(text: &str) -> Result<[u8; 32], &'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| "not base64url")?;
    bytes.try_into().map_err(|_| "not 32 bytes long")
}
