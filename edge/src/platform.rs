//! What is asked of the platform, by way of `js/platform.js`.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::fault::Fault;

mod raw {
    use super::{Env, JsValue, wasm_bindgen};

    #[wasm_bindgen(module = "portcullis:platform")]
    extern "C" {
        #[wasm_bindgen(catch)]
        pub(super) async fn ask(
            method: &str,
            url: &str,
            headers: &str,
            body: &str,
            past_caches: bool,
            most: u32,
        ) -> Result<JsValue, JsValue>;
        #[wasm_bindgen(catch, js_name = kvGet)]
        pub(super) async fn kv_get(env: &Env, key: &str, ttl: u32) -> Result<JsValue, JsValue>;
        #[wasm_bindgen(catch, js_name = kvPut)]
        pub(super) async fn kv_put(
            env: &Env,
            key: &str,
            value: &str,
            ttl: u32,
        ) -> Result<JsValue, JsValue>;
        #[wasm_bindgen(catch)]
        pub(super) async fn sleep(milliseconds: u32) -> Result<JsValue, JsValue>;
    }
}

#[wasm_bindgen]
extern "C" {
    /// The Worker's bindings.
    pub type Env;

    /// Tells the operator what went wrong, and that it was serious.
    #[wasm_bindgen(js_namespace = console)]
    pub(crate) fn error(text: &str);
    /// Tells the operator what went wrong.
    #[wasm_bindgen(js_namespace = console)]
    pub(crate) fn warn(text: &str);
}

/// A question over the network.
#[derive(Debug)]
pub(crate) struct Question<'q> {
    pub(crate) method: &'q str,
    pub(crate) url: &'q str,
    /// `name:value`, a line each.
    pub(crate) headers: &'q str,
    pub(crate) body: &'q str,
    /// Whether no cache may answer it.
    pub(crate) past_caches: bool,
    /// How many bytes of an answer are read.
    pub(crate) most: usize,
}

/// The answer to one.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Empty unless the status is a good one.
    pub(crate) body: Vec<u8>,
    /// Its `Set-Cookie` values, a line each.
    pub(crate) cookies: String,
    /// What it says of the session.
    pub(crate) session: String,
}

impl Answer {
    /// The body of a good answer.
    pub(crate) fn good(self, doing: &'static str) -> Result<Vec<u8>, Fault> {
        match self.status {
            200..300 => Ok(self.body),
            status => Err(Fault::new(doing, format!("it answered {status}"))),
        }
    }
}

/// Asks. No redirect is followed, and the answer must come within two seconds.
pub(crate) async fn ask(question: &Question<'_>) -> Result<Answer, Fault> {
    let Question { method, url, headers, body, past_caches, most } = *question;
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let answer = raw::ask(method, url, headers, body, past_caches, most).await;
    let answer: Array = answer.map_err(Fault::js("asking over the network"))?.unchecked_into();
    Ok(Answer {
        status: answer.get(0).as_f64().map_or(0, status),
        body: bytes(answer.get(1)),
        cookies: answer.get(2).as_string().unwrap_or_default(),
        session: answer.get(3).as_string().unwrap_or_default(),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a status has three digits"
)]
const fn status(number: f64) -> u16 {
    number as u16
}

/// What lies in KV under a key, within two seconds; for so many seconds a cache may have it.
pub(crate) async fn kv_get(env: &Env, key: &str, ttl: u32) -> Result<Option<Vec<u8>>, Fault> {
    let found = raw::kv_get(env, key, ttl).await.map_err(Fault::js("reading KV"))?;
    Ok((!found.is_undefined()).then(|| bytes(found)))
}

/// Writes to KV, which forgets it after so many seconds.
pub(crate) async fn kv_put(env: &Env, key: &str, value: &str, ttl: u32) -> Result<(), Fault> {
    raw::kv_put(env, key, value, ttl).await.map(drop).map_err(Fault::js("writing to KV"))
}

/// Waits.
pub(crate) async fn sleep(milliseconds: u32) {
    // A timer that fails is one that is over.
    drop(raw::sleep(milliseconds).await);
}

fn bytes(array: JsValue) -> Vec<u8> {
    array.unchecked_into::<Uint8Array>().to_vec()
}
