//! Asking a provider: JSON, of bounded size and in bounded time, from the address given and no other.

use std::time::Duration;

use common::json::Json;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};

use crate::port::ProviderFault;
use crate::telemetry::chain;

const CONNECT: Duration = Duration::from_secs(3);
const WHOLE: Duration = Duration::from_secs(8);

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 256 * 1024;

/// Asks.
#[derive(Clone)]
pub(super) struct Fetch(Client);

impl Fetch {
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            // Codes and secrets go to the address that was checked and nowhere else.
            .redirect(Policy::none())
            // GitHub answers nobody without a name.
            .user_agent("portcullis")
            .build()?;
        Ok(Self(http))
    }

    /// The bytes of a document, which `what` it is for the words of a fault.
    pub(super) async fn document(&self, what: &str, url: Url) -> Result<Vec<u8>, ProviderFault> {
        let (status, body) = self.ask(what, self.0.get(url)).await?;
        good(what, status).map(|()| body)
    }

    /// A document of what an access token gives access to.
    pub(super) async fn with_token(
        &self,
        what: &str,
        url: Url,
        access_token: &str,
    ) -> Result<Json, ProviderFault> {
        let request =
            self.0.get(url).header(AUTHORIZATION, secret(&format!("Bearer {access_token}"))?);
        let (status, body) = self.ask(what, request).await?;
        good(what, status)?;
        json(what, &body)
    }

    /// What comes of a form, refusals included.
    pub(super) async fn form(
        &self,
        what: &str,
        url: Url,
        authorization: Option<&str>,
        fields: &[(&str, &str)],
    ) -> Result<(StatusCode, Json), ProviderFault> {
        let body = serde_urlencoded::to_string(fields)
            .map_err(|_| failed(what, "cannot be asked by a form"))?;
        let mut request =
            self.0.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, secret(authorization)?);
        }
        let (status, body) = self.ask(what, request).await?;
        Ok((status, json(what, &body)?))
    }

    async fn ask(
        &self,
        what: &str,
        request: RequestBuilder,
    ) -> Result<(StatusCode, Vec<u8>), ProviderFault> {
        let response = request.header(ACCEPT, "application/json").send().await;
        // The address can hold nothing secret, but the words of a failed request are long with it.
        let response = response.map_err(|error| failed(what, &chain(&error.without_url())))?;
        let status = response.status();
        if !is_json(response.headers()) {
            return Err(failed(what, &format!("answered {status}, and no JSON")));
        }
        Ok((status, bounded(what, response).await?))
    }
}

fn secret(text: &str) -> Result<HeaderValue, ProviderFault> {
    let mut value = HeaderValue::try_from(text).map_err(|_| {
        ProviderFault::Failed(String::from("what the provider gave cannot stand in a header"))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// RFC 6749 §5.1, RFC 7517 §8.5.2.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let essence = only.to_str().ok().and_then(|text| text.split(';').next()).unwrap_or_default();
    ["application/json", "application/jwk-set+json"]
        .iter()
        .any(|json| essence.trim().eq_ignore_ascii_case(json))
}

async fn bounded(what: &str, mut response: Response) -> Result<Vec<u8>, ProviderFault> {
    let mut bytes = Vec::new();
    loop {
        let chunk = response.chunk().await;
        let chunk = chunk.map_err(|error| failed(what, &chain(&error.without_url())))?;
        let Some(chunk) = chunk else { return Ok(bytes) };
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Err(failed(what, "answered more than is read"));
        }
        bytes.extend_from_slice(&chunk);
    }
}

fn good(what: &str, status: StatusCode) -> Result<(), ProviderFault> {
    if status == StatusCode::OK { Ok(()) } else { Err(failed(what, &format!("answered {status}"))) }
}

/// By the one strict reading: no name twice, nothing behind it.
pub(super) fn json(what: &str, body: &[u8]) -> Result<Json, ProviderFault> {
    let text = std::str::from_utf8(body).ok();
    text.and_then(|text| Json::parse(text).ok())
        .ok_or_else(|| failed(what, "answered something that is not clean JSON"))
}

/// A fault in words: what of the provider, and what it did.
pub(super) fn failed(what: &str, did: &str) -> ProviderFault {
    ProviderFault::Failed(format!("the {what} {did}"))
}
