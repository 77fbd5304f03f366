//! Cloudflare's API for Workers KV; `wrangler dev` answers the same one locally.

use std::time::Duration;

use async_trait::async_trait;
use common::Secret;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;

use crate::config::Kv;
use crate::port::{Mailbox, MailboxFault};
use crate::telemetry::chain;

const CONNECT: Duration = Duration::from_secs(2);
const WHOLE: Duration = Duration::from_secs(5);

/// Far more than the API's answers take.
const MAX_ANSWER: usize = 16 * 1024;

/// Writes to one namespace.
pub(crate) struct KvClient {
    http: Client,
    api: Url,
    namespace: String,
    token: Secret<String>,
}

/// What the API answers in every case; only `success` means that the value is kept.
#[derive(Deserialize)]
struct Answer {
    success: bool,
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

    fn url(&self, key: &str) -> Result<Url, MailboxFault> {
        let mut url = self.api.clone();
        url.path_segments_mut()
            .map_err(|()| MailboxFault::Refused(String::from("kv.api is no base for a path")))?
            .pop_if_empty()
            .extend(["storage", "kv", "namespaces", self.namespace.as_str(), "values", key]);
        Ok(url)
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
    async fn put(&self, key: &str, document: &str) -> Result<(), MailboxFault> {
        let request = self
            .http
            .put(self.url(key)?)
            .header(AUTHORIZATION, self.authorization()?)
            .header(CONTENT_TYPE, "text/plain")
            .body(String::from(document));
        let response = request.send().await.map_err(|error| MailboxFault::Failed(chain(&error)))?;
        let status = response.status();
        match status {
            StatusCode::TOO_MANY_REQUESTS => return Err(MailboxFault::Busy),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(MailboxFault::Refused(format!("{status}: check kv.token")));
            }
            StatusCode::NOT_FOUND => {
                return Err(MailboxFault::Refused(format!(
                    "{status}: check kv.api and kv.namespace"
                )));
            }
            _ if !status.is_success() => {
                return Err(MailboxFault::Failed(format!("status {status}")));
            }
            _ => {}
        }
        let answer = bounded(response).await?;
        match serde_json::from_slice(&answer) {
            Ok(Answer { success: true }) => Ok(()),
            Ok(Answer { success: false }) => {
                Err(MailboxFault::Failed(String::from("it says that it did not succeed")))
            }
            Err(_) => Err(MailboxFault::Failed(String::from("the answer is not the API's"))),
        }
    }
}

async fn bounded(mut response: Response) -> Result<Vec<u8>, MailboxFault> {
    let mut bytes = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|e| MailboxFault::Failed(chain(&e)))?;
        let Some(chunk) = chunk else { return Ok(bytes) };
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Err(MailboxFault::Failed(String::from("the answer is too large")));
        }
        bytes.extend_from_slice(&chunk);
    }
}

#[cfg(test)]
mod tests;
