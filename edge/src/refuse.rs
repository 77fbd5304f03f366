//! Answers that the edge gives itself.

use common::problem::{Code, Problem};
use common::verdict::Preflight;
use web_sys::{Headers, Response, ResponseInit};

use crate::fault::Fault;

/// The answer to a request that is not let through.
pub(crate) fn refuse(code: Code, scope: Option<&str>, realm: &str) -> Result<Response, Fault> {
    let setting = Fault::js("writing the refusal");
    let headers = Headers::new().map_err(&setting)?;
    let set = |name, value: &str| headers.set(name, value).map_err(&setting);
    set("content-type", Problem::MEDIA_TYPE)?;
    set("cache-control", "no-store")?;
    if let Some(challenge) = code.challenge(realm, scope) {
        set("www-authenticate", &challenge)?;
    }
    if let Some(seconds) = code.retry_after() {
        set("retry-after", &seconds.to_string())?;
    }
    let init = ResponseInit::new();
    init.set_status(code.status());
    init.set_headers(&headers);
    Response::new_with_opt_str_and_init(Some(&Problem::new(code).to_json()), &init)
        .map_err(&setting)
}

/// Answers a CORS preflight.
pub(crate) fn preflight(preflight: &Preflight) -> Result<Response, Fault> {
    let init = ResponseInit::new();
    init.set_status(204);
    let response = Response::new_with_opt_str_and_init(None, &init)
        .map_err(Fault::js("making the response"))?;
    let headers = response.headers();
    for (name, value) in preflight.lines() {
        headers.set(name, &value).map_err(Fault::js("setting a header"))?;
    }
    Ok(response)
}
