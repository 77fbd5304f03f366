//! Sends a request on to the app. Needs a permit; takes off what only the gate may say, puts on
//! what it says.

use common::cookie;
use common::identity::is_forgeable;
use common::verdict::Permit;
use js_sys::Array;
use js_sys::futures::JsFuture;
use wasm_bindgen::JsCast;
use web_sys::{
    Headers, Request, RequestCache, RequestInit, RequestRedirect, Response, WorkerGlobalScope,
};

use crate::facts::OwnedFacts;
use crate::fault::Fault;
use crate::settings::Settings;

/// Forwards a request to the app and brings its answer, body unread.
pub(crate) async fn forward(
    permit: &Permit<'_>,
    request: &Request,
    facts: &OwnedFacts,
    settings: &Settings,
) -> Result<Response, Fault> {
    let url = format!("{}{}", settings.app_url, facts.url().path_and_query());
    let copy = copy_of(request, &url)?;
    let headers = copy.headers();
    remove_forgeable(&headers)?;
    remove_credentials(&headers)?;
    let setting = Fault::js("setting a header");
    for (name, value) in permit.identity() {
        headers.set(name, value).map_err(&setting)?;
    }
    if let Some(token) = permit.bearer() {
        headers.set("authorization", &format!("Bearer {token}")).map_err(&setting)?;
    }
    // With the bearer token taken off, a cache would share one user's answer with the next.
    let cache = if permit.is_public() { None } else { Some(RequestCache::NoStore) };
    send(&copy, cache).await
}

/// The same request to another place: method, headers and body as they came.
pub(crate) fn copy_of(request: &Request, url: &str) -> Result<Request, Fault> {
    // A Request has every member that its initialiser is read for, its unread body among them.
    Request::new_with_str_and_init(url, request.unchecked_ref::<RequestInit>())
        .map_err(Fault::js("copying the request"))
}

/// Sends a request; redirects are the client's to follow.
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
    Ok(answer.map_err(Fault::js("sending the request on"))?.unchecked_into())
}

/// Takes off, on every route, what could be taken for a header of ours.
pub(crate) fn remove_forgeable(headers: &Headers) -> Result<(), Fault> {
    let names: Vec<String> = Array::from(&headers.keys())
        .iter()
        .filter_map(|name| name.as_string())
        .filter(|name| is_forgeable(name))
        .collect();
    for name in names {
        headers.delete(&name).map_err(Fault::js("removing a header"))?;
    }
    Ok(())
}

/// Takes off the bearer token and our cookies; other schemes and cookies are the app's own.
fn remove_credentials(headers: &Headers) -> Result<(), Fault> {
    let reading = Fault::js("reading a header");
    let changing = Fault::js("changing a header");
    if let Some(authorization) = headers.get("authorization").map_err(&reading)?
        && common::verdict::names_bearer(&authorization)
    {
        headers.delete("authorization").map_err(&changing)?;
    }
    if let Some(cookies) = headers.get("cookie").map_err(&reading)? {
        match cookie::without_ours(&cookies) {
            Some(rest) if rest == cookies => {}
            Some(rest) => headers.set("cookie", &rest).map_err(&changing)?,
            None => headers.delete("cookie").map_err(&changing)?,
        }
    }
    Ok(())
}
