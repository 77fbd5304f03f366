//! Asks the origin what only it can know.

use common::cookie::Cookie;
use common::json::{Json, Object};
use common::revocation::{MAX_HEAD, MAX_SEGMENT, SegmentName};
use common::token::Ids;
use common::verdict::{OriginSilent, Refreshed};
use common::{Epoch, Secret};

use crate::fault::Fault;
use crate::platform::{self, Answer, Question};
use crate::request::Asked;
use crate::settings::Settings;

const ASKING: &str = "asking the origin";
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
    let mut url = format!("{}/.well-known/portcullis/head", settings.vars.origin_url);
    if let Some(epoch) = newer_than {
        url += "?epoch=";
        url += &epoch.to_string();
    }
    let head = get(&url, MAX_HEAD).await?;
    String::from_utf8(head).map(Some).map_err(|_| Fault::new(ASKING, "its head is no text"))
}

/// The content of a segment, by its name. It never changes, so any cache may have it.
pub(crate) async fn segment(settings: &Settings, name: SegmentName) -> Result<Vec<u8>, Fault> {
    let url = format!("{}/.well-known/portcullis/segments/{name}", settings.vars.origin_url);
    get(&url, MAX_SEGMENT).await
}

async fn get(url: &str, most: usize) -> Result<Vec<u8>, Fault> {
    let question = Question { method: "GET", url, headers: "", body: "", past_caches: false, most };
    platform::ask(&question).await?.good(ASKING)
}

/// Asks whether any of a token's ids is revoked, exactly.
pub(crate) async fn is_revoked(settings: &Settings, ids: Ids) -> Result<bool, OriginSilent> {
    let ids: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    ask_revoked(settings, &ids.join(",")).await.map_err(|fault| {
        platform::warn(&fault.to_string());
        OriginSilent
    })
}

async fn ask_revoked(settings: &Settings, ids: &str) -> Result<bool, Fault> {
    let doing = "asking the origin what is revoked";
    let headers = format!("content-type:application/json\n{}", vouch(settings));
    let body = format!("{{\"ids\":[{ids}]}}");
    let answer = post(settings, "/auth/edge/revoked", &headers, &body, MAX_ANSWER).await?;
    let mut members = object(&answer.good(doing)?).ok_or_else(|| unreadable(doing))?;
    match members.take("revoked") {
        Some(Json::List(revoked)) => Ok(!revoked.is_empty()),
        _ => Err(unreadable(doing)),
    }
}

/// A question that no cache may answer.
async fn post(
    settings: &Settings,
    path: &str,
    headers: &str,
    body: &str,
    most: usize,
) -> Result<Answer, Fault> {
    let url = [&settings.vars.origin_url, path].concat();
    let question = Question { method: "POST", url: &url, headers, body, past_caches: true, most };
    platform::ask(&question).await
}

fn object(answer: &[u8]) -> Option<Object> {
    match Json::parse(core::str::from_utf8(answer).ok()?).ok()? {
        Json::Object(members) => Some(members),
        _ => None,
    }
}

fn unreadable(doing: &'static str) -> Fault {
    Fault::new(doing, "its answer is not what an origin of this version says")
}

/// New tokens of a session.
#[derive(Debug)]
pub(crate) struct Rotation {
    pub(crate) access: Secret<String>,
    /// The `Set-Cookie` values that bring both to the browser.
    pub(crate) cookies: Vec<String>,
}

/// Rotates a refresh token for the request that brought it.
pub(crate) async fn refresh(
    settings: &Settings,
    asked: &Asked<'_>,
    token: &str,
) -> Result<Rotation, Refreshed> {
    let asked = ask_refresh(settings, asked, token).await;
    asked.unwrap_or_else(|fault| {
        platform::warn(&fault.to_string());
        Err(Refreshed::Silent(OriginSilent))
    })
}

async fn ask_refresh(
    settings: &Settings,
    asked: &Asked<'_>,
    token: &str,
) -> Result<Result<Rotation, Refreshed>, Fault> {
    let doing = "refreshing a session";
    // The gate has judged where the request comes from.
    let cookie = format!("cookie:{}={token}\nsec-fetch-site:same-origin\n", Cookie::Refresh.name());
    let mut headers = cookie + &vouch(settings);
    // The agent is one thing by which the origin tells one device from another; the place is shown to
    // its user.
    for (name, from) in [
        ("user-agent", "user-agent"),
        ("x-portcullis-client-ip", "cf-connecting-ip"),
        ("x-portcullis-place", "@place"),
    ] {
        if let Some(value) = asked.headers.get(from) {
            headers += &[name, ":", value, "\n"].concat();
        }
    }
    let answer = post(settings, "/auth/refresh", &headers, "", MAX_TOKENS).await?;
    if answer.status == 401 {
        // Only the origin can say that a session is over; a token that it does not take, because it lost
        // a key perhaps, is no reason to sign anybody out.
        let ended = answer.session == "ended";
        return Ok(Err(if ended { Refreshed::Ended } else { Refreshed::Refused }));
    }
    let cookies = answer.cookies.lines().map(String::from).collect();
    let tokens = object(&answer.good(doing)?).and_then(|mut members| members.take("access_token"));
    match tokens {
        Some(Json::Text(access)) => Ok(Ok(Rotation { access: Secret::new(access), cookies })),
        _ => Err(unreadable(doing)),
    }
}

/// Proves to the origin that it is this edge that speaks.
fn vouch(settings: &Settings) -> String {
    format!("x-portcullis-edge:{}\n", settings.edge_secret.expose())
}
