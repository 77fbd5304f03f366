//! The authorization request and the exchange of its code (RFC 6749 §4.1), with PKCE always (RFC 7636).

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::Secret;
use common::json::Json;
use reqwest::{StatusCode, Url};
use url::form_urlencoded;

use super::apple;
use super::fetch::{Fetch, failed};
use crate::config::Credential;
use crate::port::{Brought, Clock, ProviderFault, Ties};

/// What we are at a provider.
pub(super) struct Client {
    pub(super) id: String,
    pub(super) credential: Credential,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) clock: Arc<dyn Clock>,
}

/// How we prove it (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProofIn {
    /// The header `Authorization`.
    Header,
    /// The form.
    Form,
}

/// What came of the code.
pub(super) struct Granted {
    pub(super) access_token: Secret<String>,
    pub(super) id_token: Option<Secret<String>>,
}

impl Client {
    /// The address to send a browser to.
    pub(super) fn departure(&self, endpoint: &Url, ties: &Ties, more: &[(&str, &str)]) -> String {
        // RFC 7636 §4.2: the hash, never the verifier itself.
        let challenge = digest(&SHA256, ties.verifier.expose().as_bytes());
        let mut url = endpoint.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", &ties.state)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(challenge))
            .append_pair("code_challenge_method", "S256");
        if !self.scope.is_empty() {
            query.append_pair("scope", &self.scope);
        }
        query.extend_pairs(more);
        drop(query);
        url.into()
    }

    /// Redeems a code.
    pub(super) async fn exchange(
        &self,
        fetch: &Fetch,
        endpoint: &Url,
        proof: ProofIn,
        ties: &Ties,
        brought: &Brought,
    ) -> Result<Granted, ProviderFault> {
        let secret = match &self.credential {
            Credential::Secret(secret) => secret.clone(),
            Credential::Apple(key) => apple::client_secret(key, &self.id, self.clock.now())?,
        };
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", brought.code.expose()),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", ties.verifier.expose()),
            // Naver wants it again; others pass over what they do not know (RFC 6749 §3.2).
            ("state", &ties.state),
        ];
        let basic = (proof == ProofIn::Header).then(|| basic(&self.id, &secret));
        if basic.is_none() {
            form.extend([("client_id", &*self.id), ("client_secret", secret.expose())]);
        }
        let authorization = basic.as_ref().map(|basic| basic.expose().as_str());
        let (status, answer) = fetch.form(TOKEN, endpoint.clone(), authorization, &form).await?;
        granted(status, answer)
    }
}

const TOKEN: &str = "token endpoint";

/// RFC 6749 §2.3.1: both are form-encoded first.
fn basic(id: &str, secret: &Secret<String>) -> Secret<String> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(id), encode(secret.expose()));
    Secret::new(format!("Basic {}", STANDARD.encode(pair)))
}

fn granted(status: StatusCode, answer: Json) -> Result<Granted, ProviderFault> {
    let Json::Object(mut answer) = answer else { return Err(failed(TOKEN, "answered no object")) };
    let mut text = |name| match answer.take(name) {
        Some(Json::Text(text)) => Some(text),
        _ => None,
    };
    // GitHub and naver say what is wrong with 200.
    if let Some(error) = text("error") {
        return Err(match error.as_str() {
            "invalid_grant" | "bad_verification_code" => ProviderFault::Code,
            _ => failed(TOKEN, &format!("answered {}", name_of(&error))),
        });
    }
    if status != StatusCode::OK {
        return Err(failed(TOKEN, &format!("answered {status}")));
    }
    // RFC 6749 §7.1: a token of a type that is not understood must not be used.
    let is_bearer = text("token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    let access_token = text("access_token").filter(|token| {
        is_bearer && !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let access_token = access_token.ok_or_else(|| failed(TOKEN, "gave no bearer token"))?;
    let id_token = text("id_token").map(Secret::new);
    Ok(Granted { access_token: Secret::new(access_token), id_token })
}

/// The name of an error, for the log: its own if it is one (RFC 6749 §5.2 and its extensions).
fn name_of(error: &str) -> &str {
    let is_name = error.len() <= 40 && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if is_name { error } else { "an error of no name" }
}
