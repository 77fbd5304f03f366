//! A panic is a defect of ours. This instance is then not used again: what it was in the middle of
//! changing may be half changed.

use std::cell::RefCell;
use std::panic;

use js_sys::Function;
use wasm_bindgen::JsValue;

use crate::platform;

thread_local! {
    static TELL: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Calls this function when code of ours panics, before the instance goes.
pub(crate) fn tell(function: Function) {
    TELL.set(Some(function));
    panic::set_hook(Box::new(|panic| {
        platform::error(&panic.to_string());
        if let Some(tell) = TELL.take() {
            // There is nobody left to tell about its failure.
            drop(tell.call0(&JsValue::NULL));
        }
    }));
}
