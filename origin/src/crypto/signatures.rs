//! Whether a signature is good, whoever's key it is of. All cryptography is aws-lc's, here by way of
//! jsonwebtoken.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::keys::Material;
use common::token::{Algorithm, SignatureCheck};
use jsonwebtoken::DecodingKey;

/// The answer to a check.
pub(crate) fn is_good(check: &SignatureCheck<'_, '_>) -> bool {
    // RFC 8725 §3.1: the key's own algorithm; the token was not asked.
    let algorithm = match check.key.algorithm() {
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
    };
    let key = match check.key.material() {
        Material::Ed25519 { x } => DecodingKey::from_ed_der(x),
        // SEC 1 §2.3.3: an uncompressed point.
        Material::P256 { x, y } => DecodingKey::from_ec_der(&[&[4][..], x, y].concat()),
        Material::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
    };
    verify(check.signing_input, &check.signature, &key, algorithm)
}

/// Whether it is that of this key. A key that cannot be used has signed nothing.
fn verify(
    input: &str,
    signature: &[u8],
    key: &DecodingKey,
    algorithm: jsonwebtoken::Algorithm,
) -> bool {
    let signature = URL_SAFE_NO_PAD.encode(signature);
    jsonwebtoken::crypto::verify(&signature, input.as_bytes(), key, algorithm).unwrap_or(false)
}
