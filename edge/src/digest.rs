//! Digests, by the platform's `WebCrypto`.

use common::revocation::Digest;
use js_sys::Uint8Array;
use js_sys::futures::JsFuture;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::WorkerGlobalScope;

/// The SHA-256 of these bytes; `None` when the platform gives none.
pub(crate) async fn sha256(bytes: &[u8]) -> Option<Digest> {
    try_sha256(bytes).await.ok()?.to_vec().try_into().ok()
}

async fn try_sha256(bytes: &[u8]) -> Result<Uint8Array, JsValue> {
    let subtle = js_sys::global().unchecked_into::<WorkerGlobalScope>().crypto()?.subtle();
    let promise = subtle.digest_with_str_and_u8_array("SHA-256", bytes)?;
    Ok(Uint8Array::new(&JsFuture::from(promise).await?))
}
