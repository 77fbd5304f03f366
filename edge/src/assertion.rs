//! Signs, by the platform's `WebCrypto`, what the app is told of a request by an assertion.

use common::Secret;
use common::token::assertion::{Asked as Bound, AssertionClaims, header};
use common::token::{join, signing_input};
use common::verdict::Permit;
use js_sys::futures::JsFuture;
use js_sys::{Array, JSON, Object, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CryptoKey, WorkerGlobalScope};
use worker::console_error;

use crate::clock;
use crate::request::Asked;
use crate::settings::Settings;

/// The assertion that goes with a request; none when it cannot be signed.
pub(crate) async fn of(
    permit: &Permit<'_>,
    asked: &Asked<'_>,
    settings: &Settings,
) -> Option<String> {
    let key = settings.assertion_key.as_ref()?;
    let bound = Bound { method: asked.method, target: asked.url.path_and_query() };
    let rules = &settings.rules;
    let token = permit.asserted()?;
    let claims = AssertionClaims::new(&rules.issuer, &rules.audience, token, bound, clock::now());
    let input = signing_input(&header(), &claims).ok()?;
    match sign(key, &input).await {
        Ok(signature) => Some(join(input, &signature)),
        Err(thrown) => {
            console_error!("An assertion could not be signed: {thrown:?}");
            None
        }
    }
}

async fn sign(key: &AssertionKey, input: &str) -> Result<Vec<u8>, JsValue> {
    let subtle = js_sys::global().unchecked_into::<WorkerGlobalScope>().crypto()?.subtle();
    let algorithm: Object = JSON::parse(r#"{"name":"Ed25519"}"#)?.unchecked_into();
    let jwk: Object = JSON::parse(key.jwk.expose())?.unchecked_into();
    let usages = Array::of1(&"sign".into());
    let import = subtle.import_key_with_object("jwk", &jwk, &algorithm, false, &usages)?;
    let imported: CryptoKey = JsFuture::from(import).await?.unchecked_into();
    let promise = subtle.sign_with_object_and_u8_array(&algorithm, &imported, input.as_bytes())?;
    Ok(Uint8Array::new(&JsFuture::from(promise).await?).to_vec())
}

/// The key that signs them.
#[derive(Debug)]
pub(crate) struct AssertionKey {
    /// RFC 8037 §2.
    jwk: Secret<String>,
}

impl AssertionKey {
    /// Reads what `origin keys assertion` prints: `<d>.<x>`, 32 bytes each, in base64url.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (d, x) = text.split_once('.')?;
        let fits = |part: &str| {
            part.len() == 43
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{d}","x":"{x}"}}"#);
        (fits(d) && fits(x)).then(|| Self { jwk: Secret::new(jwk) })
    }
}
