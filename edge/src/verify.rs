//! Signatures, verified by the platform's `WebCrypto`.

use std::cell::RefCell;

use common::keys::Key;
use common::token::{Algorithm, SignatureCheck};
use js_sys::futures::JsFuture;
use js_sys::{Array, JSON, Object};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};

/// How many imported keys are kept. An issuer has a handful.
const MAX_KEYS: usize = 64;

thread_local! {
    /// Importing a key costs as much as verifying, so it is done once for each.
    static IMPORTED: RefCell<Vec<(Key, CryptoKey)>> = const { RefCell::new(Vec::new()) };
}

/// Whether the signature is that of the key. What the platform cannot do, a key that it does not
/// take included, is a no.
pub async fn verify(check: &SignatureCheck<'_, '_>) -> bool {
    try_verify(check).await.unwrap_or(false)
}

async fn try_verify(check: &SignatureCheck<'_, '_>) -> Result<bool, JsValue> {
    let subtle = js_sys::global().unchecked_into::<WorkerGlobalScope>().crypto()?.subtle();
    let key = imported(&subtle, check.key).await?;
    let promise = subtle.verify_with_object_and_u8_array_and_u8_array(
        &algorithm(check.key.algorithm())?,
        &key,
        &check.signature,
        check.signing_input.as_bytes(),
    )?;
    Ok(JsFuture::from(promise).await?.is_truthy())
}

async fn imported(subtle: &SubtleCrypto, key: &Key) -> Result<CryptoKey, JsValue> {
    // The whole key is compared, not its name: a name may come to mean another key.
    let known = IMPORTED.with_borrow(|all| {
        all.iter()
            .find(|(own, _)| own.material() == key.material() && own.algorithm() == key.algorithm())
            .map(|(_, imported)| imported.clone())
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let promise = subtle.import_key_with_object(
        "jwk",
        &jwk(key)?,
        &algorithm(key.algorithm())?,
        false,
        &Array::of1(&"verify".into()),
    )?;
    let imported: CryptoKey = JsFuture::from(promise).await?.unchecked_into();
    IMPORTED.with_borrow_mut(|all| {
        if all.len() >= MAX_KEYS {
            all.clear();
        }
        all.push((key.clone(), imported.clone()));
    });
    Ok(imported)
}

fn jwk(key: &Key) -> Result<Object, JsValue> {
    let text = serde_json::to_string(&key.numbers()).map_err(|error| error.to_string())?;
    Ok(JSON::parse(&text)?.unchecked_into())
}

/// The parameters that `importKey` and `verify` take for an algorithm: each reads its own members
/// of the one object and passes over the others (Web Cryptography API §§23-26).
fn algorithm(algorithm: Algorithm) -> Result<Object, JsValue> {
    let text = match algorithm {
        Algorithm::EdDsa => r#"{"name":"Ed25519"}"#,
        Algorithm::Es256 => r#"{"name":"ECDSA","namedCurve":"P-256","hash":"SHA-256"}"#,
        Algorithm::Rs256 => r#"{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-256"}"#,
        // RFC 7518 §3.5: the salt is as long as the hash.
        Algorithm::Ps256 => r#"{"name":"RSA-PSS","hash":"SHA-256","saltLength":32}"#,
    };
    Ok(JSON::parse(text)?.unchecked_into())
}
