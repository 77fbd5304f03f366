//! Signing and hashing, by way of `js/crypto.js`.

use common::Secret;
use common::revocation::Digest;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

mod raw {
    use super::{JsValue, wasm_bindgen};

    #[wasm_bindgen(module = "portcullis:crypto")]
    extern "C" {
        #[wasm_bindgen(catch)]
        pub(super) async fn sign(jwk: &str, text: &str) -> Result<JsValue, JsValue>;
        #[wasm_bindgen(catch)]
        pub(super) async fn mac(secret: &str, text: &str) -> Result<JsValue, JsValue>;
        #[wasm_bindgen(catch, js_name = verifyMac)]
        pub(super) async fn verify_mac(
            secret: &str,
            text: &str,
            code: Vec<u8>,
        ) -> Result<JsValue, JsValue>;
        #[wasm_bindgen(catch)]
        pub(super) async fn digest(bytes: Vec<u8>) -> Result<JsValue, JsValue>;
    }
}

/// The Ed25519 signature of a text by a private JWK; `None` when the platform makes none.
pub(crate) async fn sign(jwk: &Secret<String>, text: &str) -> Option<Vec<u8>> {
    bytes(raw::sign(jwk.expose(), text).await)
}

/// The message authentication code of a text, HMAC with SHA-256 and the secret that edge and origin
/// share; `None` when the platform makes none.
pub(crate) async fn mac(secret: &Secret<String>, text: &str) -> Option<Vec<u8>> {
    bytes(raw::mac(secret.expose(), text).await)
}

/// Whether this is that code, compared by the platform in constant time.
pub(crate) async fn verify_mac(secret: &Secret<String>, text: &str, code: Vec<u8>) -> bool {
    raw::verify_mac(secret.expose(), text, code).await.is_ok_and(|good| good.is_truthy())
}

/// The SHA-256 of these bytes; `None` when the platform gives none.
pub(crate) async fn sha256(of: &[u8]) -> Option<Digest> {
    bytes(raw::digest(of.to_vec()).await)?.try_into().ok()
}

fn bytes(answer: Result<JsValue, JsValue>) -> Option<Vec<u8>> {
    answer.ok().map(|array| array.unchecked_into::<Uint8Array>().to_vec())
}
