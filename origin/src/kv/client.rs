//! Cloudflare's API for Workers KV; `wrangler dev` answers the same one locally.

use std::time::Duration;

use async_trait::async_trait;
use common::Secret;
use common::revocation::MAX_HEAD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::config::Kv;
use crate::port::{Mailbox, MailboxFault};
use crate::telemetry::chain;

const CONNECT: Duration = Duration::from_secs(2);
const WHOLE: Duration = Duration::from_secs(3);

/// Far more than the API's answers take; one page of keys is the longest.
const MAX_ANSWER: usize = 512 * 1024;

/// The shortest `expiration_ttl` that KV takes.
const SHORTEST: Duration = Duration::from_mins(1);

/// Writes to one namespace.
pub(crate) struct KvClient {
    http: Client,
    api: Url,
    namespace: String,
    token: Secret<String>,
}

/// What the API answers in every case; only `success` means that the value is kept.
#[derive(Deserialize)]
struct Answer<T> {
    success: bool,
    result: Option<T>,
    result_info: Option<ResultInfo>,
}

#[derive(Deserialize)]
struct ResultInfo {
    cursor: Option<String>,
}

#[derive(Deserialize)]
struct KeyName {
    name: String,
}

impl KvClient {
    pub(crate) fn new(kv: &Kv) -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            // The token goes to the host it was given for and nowhere else.
            .redirect(Policy::none())
            .build()?;
        let (api, namespace, token) = (kv.api.clone(), kv.namespace.clone(), kv.token.clone());
        Ok(Self { http, api, namespace, token })
    }

    /// The namespace, and what of it.
    fn url(&self, what: &[&str]) -> Result<Url, MailboxFault> {
        let mut url = self.api.clone();
        url.path_segments_mut()
            .map_err(|()| MailboxFault::Refused(String::from("kv.api is no base for a path")))?
            .pop_if_empty()
            .extend(["storage", "kv", "namespaces", self.namespace.as_str()])
            .extend(what);
        Ok(url)
    }

    /// Sends a request; the answer is one that was not refused.
    async fn send(&self, request: RequestBuilder) -> Result<Response, MailboxFault> {
        let request = request.header(AUTHORIZATION, self.authorization()?);
        let response = request.send().await.map_err(|error| MailboxFault::Failed(chain(&error)))?;
        let status = response.status();
        match status {
            StatusCode::TOO_MANY_REQUESTS => Err(MailboxFault::Busy),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(MailboxFault::Refused(format!("{status}: check kv.token")))
            }
            _ => Ok(response),
        }
    }

    fn authorization(&self) -> Result<HeaderValue, MailboxFault> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", self.token.expose()))
            .map_err(|_| MailboxFault::Refused(String::from("kv.token is no header value")))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

#[async_trait]
impl Mailbox for KvClient {
    async fn put(
        &self,
        key: &str,
        document: Vec<u8>,
        keep: Option<Duration>,
    ) -> Result<(), MailboxFault> {
        let mut url = self.url(&["values", key])?;
        if let Some(keep) = keep {
            let seconds = keep.max(SHORTEST).as_secs().to_string();
            url.query_pairs_mut().append_pair("expiration_ttl", &seconds);
        }
        let request = self.http.put(url).header(CONTENT_TYPE, "application/octet-stream");
        let response = self.send(request.body(document)).await?;
        let answer = answer(response).await?;
        envelope::<IgnoredAny>(&answer).map(drop)
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, MailboxFault> {
        let response = self.send(self.http.get(self.url(&["values", key])?)).await?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => bounded(response, MAX_HEAD).await.map(Some),
            status => Err(MailboxFault::Failed(format!("status {status}"))),
        }
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, MailboxFault> {
        let (mut names, mut cursor) = (Vec::new(), String::new());
        loop {
            let mut url = self.url(&["keys"])?;
            url.query_pairs_mut().append_pair("prefix", prefix);
            if !cursor.is_empty() {
                url.query_pairs_mut().append_pair("cursor", &cursor);
            }
            let body = answer(self.send(self.http.get(url)).await?).await?;
            let page: Answer<Vec<KeyName>> = envelope(&body)?;
            names.extend(page.result.unwrap_or_default().into_iter().map(|key| key.name));
            match page.result_info.and_then(|info| info.cursor) {
                Some(next) if !next.is_empty() && next != cursor => cursor = next,
                _ => return Ok(names),
            }
        }
    }
}

/// The body of an answer that is the API's.
async fn answer(response: Response) -> Result<Vec<u8>, MailboxFault> {
    match response.status() {
        StatusCode::NOT_FOUND => Err(MailboxFault::Refused(format!(
            "{}: check kv.api and kv.namespace",
            StatusCode::NOT_FOUND
        ))),
        status if status.is_success() => bounded(response, MAX_ANSWER).await,
        status => Err(MailboxFault::Failed(format!("status {status}"))),
    }
}

fn envelope<T: DeserializeOwned>(body: &[u8]) -> Result<Answer<T>, MailboxFault> {
    match serde_json::from_slice::<Answer<T>>(body) {
        Ok(answer) if answer.success => Ok(answer),
        Ok(_) => Err(MailboxFault::Failed(String::from("it says that it did not succeed"))),
        Err(_) => Err(MailboxFault::Failed(String::from("the answer is not the API's"))),
    }
}

async fn bounded(mut response: Response, most: usize) -> Result<Vec<u8>, MailboxFault> {
    let mut bytes = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|e| MailboxFault::Failed(chain(&e)))?;
        let Some(chunk) = chunk else { return Ok(bytes) };
        if bytes.len() + chunk.len() > most {
            return Err(MailboxFault::Failed(String::from("the answer is too large")));
        }
        bytes.extend_from_slice(&chunk);
    }
}

#[cfg(test)]
mod tests;
