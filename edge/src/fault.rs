//! What can fail at the platform's border.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// What was thrown, as text.
    #[wasm_bindgen(js_name = String)]
    fn text_of(thrown: &JsValue) -> String;
}

/// A call into the platform failed. The text is the platform's, for the log only.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {said}")]
pub(crate) struct Fault {
    doing: &'static str,
    said: String,
}

impl Fault {
    /// What was being done, and what the platform said.
    pub(crate) fn new(doing: &'static str, said: impl Into<String>) -> Self {
        Self { doing, said: said.into() }
    }

    /// For `map_err` on a JavaScript exception.
    pub(crate) fn js(doing: &'static str) -> impl Fn(JsValue) -> Self {
        move |thrown| Self::new(doing, text_of(&thrown))
    }
}
