//! Whether a signature is good. All cryptography is aws-lc's, by way of jsonwebtoken.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::UnixSeconds;
use common::keys::{Key, Material};
use common::token::{Algorithm, SignatureCheck};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::crypto::verify;

/// The answer to a check.
pub(crate) fn is_good(check: &SignatureCheck<'_, '_>) -> bool {
    let (key, algorithm) = library_key(check.key);
    let signature = URL_SAFE_NO_PAD.encode(&check.signature);
    verify(&signature, check.signing_input.as_bytes(), &key, algorithm).unwrap_or(false)
}

fn library_key(key: &Key) -> (DecodingKey, jsonwebtoken::Algorithm) {
    // RFC 8725 §3.1: the key's own algorithm; the token was not asked.
    let algorithm = match key.algorithm() {
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
    };
    let key = match key.material() {
        Material::Ed25519 { x } => DecodingKey::from_ed_der(x),
        // SEC 1 §2.3.3: an uncompressed point.
        Material::P256 { x, y } => DecodingKey::from_ec_der(&[&[4][..], x, y].concat()),
        Material::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
    };
    (key, algorithm)
}

/// The machine's clock. By one from before 1970 nothing is valid.
pub(crate) fn now() -> UnixSeconds {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixSeconds::new(since.as_secs())
}
