//! Message authentication codes, by the platform's `WebCrypto`: HMAC with SHA-256 and the secret that
//! edge and origin share.

use common::Secret;
use js_sys::futures::JsFuture;
use js_sys::{Array, JSON, Object, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};

/// The code of a message; `None` when the platform makes none.
pub(crate) async fn sign(secret: &Secret<String>, message: &str) -> Option<Vec<u8>> {
    try_sign(secret, message).await.ok()
}

/// Whether this is the code of the message, compared by the platform in constant time.
pub(crate) async fn verify(secret: &Secret<String>, message: &str, mac: &[u8]) -> bool {
    try_verify(secret, message, mac).await.unwrap_or(false)
}

async fn try_sign(secret: &Secret<String>, message: &str) -> Result<Vec<u8>, JsValue> {
    let subtle = subtle()?;
    let key = key(&subtle, secret, "sign").await?;
    let promise = subtle.sign_with_str_and_u8_array("HMAC", &key, message.as_bytes())?;
    Ok(Uint8Array::new(&JsFuture::from(promise).await?).to_vec())
}

async fn try_verify(secret: &Secret<String>, message: &str, mac: &[u8]) -> Result<bool, JsValue> {
    let subtle = subtle()?;
    let key = key(&subtle, secret, "verify").await?;
    let promise =
        subtle.verify_with_str_and_u8_array_and_u8_array("HMAC", &key, mac, message.as_bytes())?;
    Ok(JsFuture::from(promise).await?.is_truthy())
}

fn subtle() -> Result<SubtleCrypto, JsValue> {
    Ok(js_sys::global().unchecked_into::<WorkerGlobalScope>().crypto()?.subtle())
}

async fn key(
    subtle: &SubtleCrypto,
    secret: &Secret<String>,
    usage: &str,
) -> Result<CryptoKey, JsValue> {
    let algorithm: Object = JSON::parse(r#"{"name":"HMAC","hash":"SHA-256"}"#)?.unchecked_into();
    let bytes = Uint8Array::from(secret.expose().as_bytes());
    let usages = Array::of1(&usage.into());
    let promise = subtle.import_key_with_object("raw", &bytes, &algorithm, false, &usages)?;
    Ok(JsFuture::from(promise).await?.unchecked_into())
}
