//! Asks the origin what only it can know.

use common::Epoch;
use common::revocation::{MAX_HEAD, MAX_SEGMENT, SegmentName};
use common::token::Ids;
use common::verdict::OriginSilent;
use serde::{Deserialize, Serialize};
use web_sys::{Headers, RequestCache, RequestInit, Response};

use crate::body;
use crate::fault::Fault;
use crate::network::{question, send};
use crate::settings::Settings;

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

/// Proves to the origin that it is this edge that speaks.
fn vouch(headers: &Headers, settings: &Settings) -> Result<(), Fault> {
    set(headers, "x-portcullis-edge", settings.edge_secret.expose())
}

fn set(headers: &Headers, name: &str, value: &str) -> Result<(), Fault> {
    headers.set(name, value).map_err(Fault::js("setting a header"))
}
