//! Signatures, verified by the platform's `WebCrypto`, by way of `js/crypto.js`.

use common::base64url;
use common::keys::{Key, Material};
use common::token::SignatureCheck;
use wasm_bindgen::JsValue;

mod raw {
    use super::JsValue;
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen(module = "portcullis:crypto")]
    extern "C" {
        #[wasm_bindgen(catch)]
        pub(super) async fn verify(
            algorithm: &str,
            jwk: &str,
            signature: Vec<u8>,
            text: &str,
        ) -> Result<JsValue, JsValue>;
    }
}

/// Whether the signature is that of the key. What the platform cannot do, a key that it does not
/// take included, is a no.
pub async fn verify(check: &SignatureCheck<'_, '_>) -> bool {
    let algorithm = check.key.algorithm().as_str();
    let signature = check.signature.clone();
    let answer = raw::verify(algorithm, &jwk(check.key), signature, check.signing_input).await;
    answer.is_ok_and(|good| good.is_truthy())
}

/// The key's numbers as a JWK (RFC 7517), and nothing else.
pub(crate) fn jwk(key: &Key) -> String {
    let (kind, numbers): (_, [(_, &[u8]); 2]) = match key.material() {
        Material::Ed25519 { x } => (r#""OKP","crv":"Ed25519""#, [("x", x), ("", &[])]),
        Material::P256 { x, y } => (r#""EC","crv":"P-256""#, [("x", x), ("y", y)]),
        Material::Rsa { n, e } => (r#""RSA""#, [("n", n), ("e", e)]),
    };
    let mut jwk = [r#"{"kty":"#, kind].concat();
    for (name, number) in numbers.iter().filter(|(name, _)| !name.is_empty()) {
        jwk += &[",\"", name, "\":\"", &base64url::encode(number), "\""].concat();
    }
    jwk + "}"
}
