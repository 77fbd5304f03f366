//! The origin's own signing key, read from its state folder: what it signs is as good as the
//! origin's, so that only what a token says can be wrong with it.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::Outcome;
use crate::cases::{Crypto, Mint};

/// The issuer's key pair.
#[derive(Debug)]
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: [u8; 32],
    kid: String,
}

impl SigningKey {
    /// Reads the key of an origin with this state folder.
    ///
    /// # Errors
    /// When there is none.
    pub fn of(state: &Path) -> Outcome<Self> {
        let file: Value =
            serde_json::from_str(&fs::read_to_string(state.join("keys/signing.json"))?)?;
        let keys = file.get("keys").and_then(Value::as_array);
        let jwk = keys.and_then(|keys| keys.first()?.get("jwk")).ok_or("no signing key")?;
        let member = |name: &str| jwk.get(name).and_then(Value::as_str).unwrap_or_default();
        let x = member("x");
        let public = URL_SAFE_NO_PAD.decode(x)?;
        let seed = URL_SAFE_NO_PAD.decode(member("d"))?;
        // RFC 7638 §3.
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let thumbprint = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, members.as_bytes());
        Ok(Self {
            pair: Ed25519KeyPair::from_seed_and_public_key(&seed, &public)
                .map_err(|_| "the signing key is no key pair")?,
            public: public.try_into().map_err(|_| "the public key has not 32 bytes")?,
            kid: URL_SAFE_NO_PAD.encode(thumbprint),
        })
    }

    /// Makes tokens with this key for an issuer.
    ///
    /// # Errors
    /// When the machine's clock stands before 1970.
    pub fn mint(&self, issuer: String) -> Outcome<Mint<'_>> {
        Ok(Mint {
            issuer,
            audience: "portcullis-app".into(),
            kid: self.kid.clone(),
            public: self.public,
            now: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
            max_life: 3600,
            crypto: self,
        })
    }
}

impl Crypto for SigningKey {
    fn sign(&self, input: &[u8]) -> Vec<u8> {
        self.pair.sign(input).as_ref().to_vec()
    }

    fn mac(&self, key: &[u8], input: &[u8]) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, input).as_ref().to_vec()
    }
}
