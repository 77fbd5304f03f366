//! The cryptography of the host, and jsonwebtoken as the judge.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::keys::{Key, Material};
use common::token::{Algorithm, SignatureCheck};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::Value;

use crate::cases::Crypto;

/// An issuer's key pair, always the same.
pub(crate) struct Pair(Ed25519KeyPair);

impl Pair {
    pub(crate) fn of_seed(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("any 32 bytes are a seed"))
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().expect("32 bytes")
    }
}

impl Crypto for Pair {
    fn sign(&self, input: &[u8]) -> Vec<u8> {
        self.0.sign(input).as_ref().to_vec()
    }

    fn mac(&self, key: &[u8], input: &[u8]) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, input).as_ref().to_vec()
    }
}

/// Whether the signature is good, by jsonwebtoken.
pub(crate) fn verify(check: &SignatureCheck<'_, '_>) -> bool {
    let signature = URL_SAFE_NO_PAD.encode(&check.signature);
    let (key, algorithm) = library_key(check.key);
    let message = check.signing_input.as_bytes();
    jsonwebtoken::crypto::verify(&signature, message, &key, algorithm).unwrap_or(false)
}

fn library_key(key: &Key) -> (DecodingKey, jsonwebtoken::Algorithm) {
    let algorithm = match key.algorithm() {
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
    };
    let key = match key.material() {
        Material::Ed25519 { x } => DecodingKey::from_ed_der(x),
        Material::P256 { x, y } => {
            DecodingKey::from_ec_der(&[&[4][..], x.as_slice(), y.as_slice()].concat())
        }
        Material::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
    };
    (key, algorithm)
}

/// Whether jsonwebtoken takes the whole token for good: signature, `iss`, `aud` and `nbf`, and `exp`
/// and `iat` as this same clock would see them.
pub(crate) fn accepts(token: &str, key: &Key, issuer: &str, audience: &str, now: u64) -> bool {
    let (key, algorithm) = library_key(key);
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // The library's clock is the machine's; ours is the table's.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    // It knows no other name for this algorithm (RFC 9864 is younger).
    let token = token.to_owned();
    let Ok(data) = jsonwebtoken::decode::<Value>(&token, &key, &validation) else {
        return false;
    };
    let time = |name| data.claims.get(name).and_then(Value::as_u64);
    let started = time("nbf").is_none_or(|nbf| nbf <= now + 30);
    started && time("exp").is_some_and(|exp| exp + 30 > now)
}
