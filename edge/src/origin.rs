//! Asks the origin what only it can know.

use common::cookie::Cookie;
use common::revocation::{MAX_HEAD, MAX_SEGMENT, SegmentName};
use common::token::Ids;
use common::verdict::OriginSilent;
use common::{Epoch, Secret};
use js_sys::{Array, Function, Reflect};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Headers, RequestCache, RequestInit, Response};

use crate::body;
use crate::fault::Fault;
use crate::network::{question, send};
use crate::request::Asked;
use crate::settings::Settings;

/// Far more than a token and a user take.
const MAX_TOKENS: usize = 64 * 1024;
/// Far more than two ids take.
const MAX_ANSWER: usize = 4096;

/// The signed head as the origin has it now; `newer_than` keeps a cache on the way from answering
/// with one that is known to be old.
pub(crate) async fn head(
    settings: &Settings,
    newer_than: Option<Epoch>,
) -> Result<Option<String>, Fault> {
    let mut url = format!("{}/.well-known/portcullis/head", settings.origin_url);
    if let Some(epoch) = newer_than {
        url += "?epoch=";
        url += &epoch.to_string();
    }
    body::text(&get(&url).await?, MAX_HEAD).await.map(Some)
}

/// The content of a segment, by its name. It never changes, so any cache may have it.
pub(crate) async fn segment(settings: &Settings, name: SegmentName) -> Result<Vec<u8>, Fault> {
    let url = format!("{}/.well-known/portcullis/segments/{name}", settings.origin_url);
    body::bytes(&get(&url).await?, MAX_SEGMENT).await
}

async fn get(url: &str) -> Result<Response, Fault> {
    let response = send(&question(url, &RequestInit::new())?, None).await?;
    if response.ok() {
        Ok(response)
    } else {
        Err(Fault::new("asking the origin", format!("it answered {}", response.status())))
    }
}

#[derive(Serialize)]
struct RevokedQuestion {
    ids: Vec<String>,
}

#[derive(Deserialize)]
struct RevokedAnswer {
    revoked: Vec<String>,
}

/// Asks whether any of a token's ids is revoked, exactly.
pub(crate) async fn is_revoked(settings: &Settings, ids: Ids) -> Result<bool, OriginSilent> {
    let ids = ids.iter().map(|id| id.to_string()).collect();
    ask_revoked(settings, RevokedQuestion { ids }).await.map_err(|fault| {
        worker::console_warn!("{fault}");
        OriginSilent
    })
}

async fn ask_revoked(settings: &Settings, ids: RevokedQuestion) -> Result<bool, Fault> {
    let doing = "asking the origin what is revoked";
    let failed = |error: serde_json::Error| Fault::new(doing, error.to_string());
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&serde_json::to_string(&ids).map_err(failed)?.into());
    let request = question(&format!("{}/auth/edge/revoked", settings.origin_url), &init)?;
    set(&request.headers(), "content-type", "application/json")?;
    vouch(&request.headers(), settings)?;
    let response = send(&request, Some(RequestCache::NoStore)).await?;
    if !response.ok() {
        return Err(Fault::new(doing, format!("it answered {}", response.status())));
    }
    let answer: RevokedAnswer =
        serde_json::from_str(&body::text(&response, MAX_ANSWER).await?).map_err(failed)?;
    Ok(!answer.revoked.is_empty())
}

/// New tokens of a session.
#[derive(Debug)]
pub(crate) struct Rotation {
    pub(crate) access: Secret<String>,
    /// The `Set-Cookie` values that bring both to the browser.
    pub(crate) cookies: Vec<String>,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: Secret<String>,
}

/// Rotates a refresh token for the request that brought it. Fails with whether that is because the
/// session is over.
pub(crate) async fn refresh(
    settings: &Settings,
    asked: &Asked<'_>,
    token: &str,
) -> Result<Rotation, bool> {
    match ask_refresh(settings, asked, token).await {
        Ok(Some(rotation)) => Ok(rotation),
        Ok(None) => Err(true),
        Err(fault) => {
            worker::console_warn!("{fault}");
            Err(false)
        }
    }
}

/// Nothing when the session is over.
async fn ask_refresh(
    settings: &Settings,
    asked: &Asked<'_>,
    token: &str,
) -> Result<Option<Rotation>, Fault> {
    let doing = "refreshing a session";
    let init = RequestInit::new();
    init.set_method("POST");
    let request = question(&format!("{}/auth/refresh", settings.origin_url), &init)?;
    let headers = request.headers();
    set(&headers, "cookie", &format!("{}={token}", Cookie::Refresh.name()))?;
    // The gate has judged where the request comes from.
    set(&headers, "sec-fetch-site", "same-origin")?;
    // By which the origin tells one device from another.
    if let Some(agent) = asked.headers.get("user-agent") {
        set(&headers, "user-agent", agent)?;
    }
    vouch(&headers, settings)?;
    if let Some(address) = asked.headers.get("cf-connecting-ip") {
        set(&headers, "x-portcullis-client-ip", address)?;
    }
    let response = send(&request, Some(RequestCache::NoStore)).await?;
    match response.status() {
        200 => {}
        401 => return Ok(None),
        status => return Err(Fault::new(doing, format!("the origin answered {status}"))),
    }
    let cookies = set_cookies(&response.headers()).map_err(Fault::js(doing))?;
    let tokens: Tokens = serde_json::from_str(&body::text(&response, MAX_TOKENS).await?)
        .map_err(|error| Fault::new(doing, error.to_string()))?;
    Ok(Some(Rotation { access: tokens.access_token, cookies }))
}

/// Joined by commas they could not be told apart again.
fn set_cookies(headers: &Headers) -> Result<Vec<String>, JsValue> {
    let read: Function = Reflect::get(headers, &"getSetCookie".into())?.unchecked_into();
    Ok(Array::from(&read.call0(headers)?).iter().filter_map(|cookie| cookie.as_string()).collect())
}

/// Proves to the origin that it is this edge that speaks.
fn vouch(headers: &Headers, settings: &Settings) -> Result<(), Fault> {
    set(headers, "x-portcullis-edge", settings.edge_secret.expose())
}

fn set(headers: &Headers, name: &str, value: &str) -> Result<(), Fault> {
    headers.set(name, value).map_err(Fault::js("setting a header"))
}
