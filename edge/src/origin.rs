//! Talks to the origin: passes its own requests to it, and asks it what only it can know.

use common::Epoch;
use common::revocation::{MAX_HEAD, MAX_SEGMENT, SegmentName};
use common::token::Ids;
use common::verdict::{OriginPermit, OriginSilent};
use serde::{Deserialize, Serialize};
use web_sys::{AbortSignal, Headers, Request, RequestCache, RequestInit, Response};

use crate::body;
use crate::facts::OwnedFacts;
use crate::fault::Fault;
use crate::forward::{self, copy_of, send};
use crate::settings::Settings;

/// How long the origin may take to answer the edge's own questions.
const PATIENCE_MS: u32 = 2_000;
/// Far more than two ids take.
const MAX_ANSWER: usize = 4096;

/// Passes a request of the origin's own on to it, with what this edge vouches for.
pub(crate) async fn pass(
    _permit: OriginPermit,
    request: &Request,
    facts: &OwnedFacts,
    settings: &Settings,
) -> Result<Response, Fault> {
    let url = format!("{}{}", settings.origin_url, facts.url().path_and_query());
    let copy = copy_of(request, &url)?;
    let headers = copy.headers();
    let client = headers.get("cf-connecting-ip").map_err(Fault::js("reading a header"))?;
    forward::remove_forgeable(&headers)?;
    vouch(&headers, settings)?;
    if let Some(address) = client {
        set(&headers, "x-portcullis-client-ip", &address)?;
    }
    send(&copy, Some(RequestCache::NoStore)).await
}

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

/// A request of the edge's own, which does not wait for ever.
fn question(url: &str, init: &RequestInit) -> Result<Request, Fault> {
    init.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE_MS)));
    Request::new_with_str_and_init(url, init).map_err(Fault::js("building a request"))
}

/// Proves to the origin that it is this edge that speaks.
fn vouch(headers: &Headers, settings: &Settings) -> Result<(), Fault> {
    set(headers, "x-portcullis-edge", settings.edge_secret.expose())
}

fn set(headers: &Headers, name: &str, value: &str) -> Result<(), Fault> {
    headers.set(name, value).map_err(Fault::js("setting a header"))
}
