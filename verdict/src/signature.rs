//! Whether a signature is good, by the library that the origin signs with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::keys::{Key, Material};
use common::token::{Algorithm, SignatureCheck};
use jsonwebtoken::DecodingKey;

/// Asks the library.
pub(crate) fn is_good(check: &SignatureCheck<'_, '_>) -> bool {
    let signature = URL_SAFE_NO_PAD.encode(&check.signature);
    let message = check.signing_input.as_bytes();
    let (key, algorithm) = (key(check.key), algorithm(check.key));
    jsonwebtoken::crypto::verify(&signature, message, &key, algorithm).unwrap_or(false)
}

const fn algorithm(key: &Key) -> jsonwebtoken::Algorithm {
    match key.algorithm() {
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
    }
}

fn key(key: &Key) -> DecodingKey {
    match key.material() {
        Material::Ed25519 { x } => DecodingKey::from_ed_der(x),
        // SEC 1 §2.3.3: the point, uncompressed.
        Material::P256 { x, y } => {
            DecodingKey::from_ec_der(&[&[4][..], x.as_slice(), y.as_slice()].concat())
        }
        Material::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
    }
}
