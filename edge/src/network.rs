//! The edge's own questions over the network.

use js_sys::futures::JsFuture;
use wasm_bindgen::JsCast;
use web_sys::{
    AbortSignal, Request, RequestCache, RequestInit, RequestRedirect, Response, WorkerGlobalScope,
};

use crate::fault::Fault;

/// How long an answer may take, its body included.
const PATIENCE_MS: u32 = 2_000;

/// A question that does not wait for ever.
pub(crate) fn question(url: &str, init: &RequestInit) -> Result<Request, Fault> {
    init.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE_MS)));
    Request::new_with_str_and_init(url, init).map_err(Fault::js("building a request"))
}

/// Sends it; nobody may answer in another's place by a redirect.
pub(crate) async fn send(
    request: &Request,
    cache: Option<RequestCache>,
) -> Result<Response, Fault> {
    let init = RequestInit::new();
    init.set_redirect(RequestRedirect::Manual);
    if let Some(cache) = cache {
        init.set_cache(cache);
    }
    let scope = js_sys::global().unchecked_into::<WorkerGlobalScope>();
    let answer = JsFuture::from(scope.fetch_with_request_and_init(request, &init)).await;
    Ok(answer.map_err(Fault::js("sending a request"))?.unchecked_into())
}
