//! Reads the body of an answer to one of the edge's own questions, up to a limit: whoever answers may
//! be broken, or somebody else.

use js_sys::futures::JsFuture;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ReadableStreamDefaultReader, Response};

use crate::fault::Fault;

const DOING: &str = "reading the origin's answer";

/// The body, if it has no more bytes than `most`.
pub(crate) async fn bytes(response: &Response, most: usize) -> Result<Vec<u8>, Fault> {
    let Some(stream) = response.body() else { return Ok(Vec::new()) };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut bytes = Vec::new();
    while let Some(chunk) = next(&reader).await.map_err(Fault::js(DOING))? {
        bytes.extend(chunk.to_vec());
        if bytes.len() > most {
            // Whether the other side takes note makes no difference here.
            drop(reader.cancel());
            return Err(Fault::new(DOING, format!("it is longer than {most} bytes")));
        }
    }
    Ok(bytes)
}

/// The same as text.
pub(crate) async fn text(response: &Response, most: usize) -> Result<String, Fault> {
    String::from_utf8(bytes(response, most).await?)
        .map_err(|error| Fault::new(DOING, error.to_string()))
}

async fn next(reader: &ReadableStreamDefaultReader) -> Result<Option<Uint8Array>, JsValue> {
    let step = JsFuture::from(reader.read()).await?;
    if Reflect::get(&step, &"done".into())?.is_truthy() {
        return Ok(None);
    }
    Ok(Some(Uint8Array::new(&Reflect::get(&step, &"value".into())?)))
}
