//! GitHub and naver: OAuth 2.0, and a way of their own to say who somebody is. Nothing is signed, so what
//! counts is that the answer came over TLS for the token that our own code was redeemed for.

use async_trait::async_trait;
use common::json::{Json, Object};

use super::exchange::{Client, ProofIn};
use super::fetch::{Fetch, failed};
use super::{in_time, person};
use crate::config::Endpoints;
use crate::port::{Brought, Email, Proven, Provider, ProviderFault, Stranger, Ties};

const USER: &str = "user endpoint";

/// By which names they go in identities, and in an authorization response (RFC 9207).
const GITHUB: [&str; 2] = ["https://github.com", "https://github.com/login/oauth"];
const NAVER: &str = "https://nid.naver.com";

pub(super) struct GitHub {
    pub(super) fetch: Fetch,
    pub(super) client: Client,
    pub(super) endpoints: Endpoints,
    pub(super) allowed: Vec<String>,
}

pub(super) struct Naver {
    pub(super) fetch: Fetch,
    pub(super) client: Client,
    pub(super) endpoints: Endpoints,
    pub(super) allowed: Vec<String>,
}

impl GitHub {
    async fn person(&self, ties: &Ties, brought: &Brought) -> Result<Stranger, ProviderFault> {
        check_issuer(brought, &GITHUB)?;
        let Endpoints { token, user, emails, .. } = &self.endpoints;
        let granted =
            self.client.exchange(&self.fetch, token, ProofIn::Form, ties, brought).await?;
        let access_token = granted.access_token.expose();
        let user = self.fetch.with_token(USER, user.clone(), access_token).await?;
        // The number; a login name can be given up and taken by another.
        let id = user.as_object().and_then(|user| user.get("id")).and_then(Json::as_u64);
        let id = id.ok_or_else(|| failed(USER, "names no id"))?;
        let name = user.as_object().and_then(|user| user.get("name")).and_then(Json::as_text);
        let email = match emails {
            Some(url) => {
                let list =
                    self.fetch.with_token("e-mail endpoint", url.clone(), access_token).await?;
                primary(&list)
            }
            None => None,
        };
        let stranger = Stranger {
            issuer: self.issuer(),
            subject: id.to_string(),
            email_verified: email.is_some(),
            email,
            name: name.map(String::from),
            proven: Proven::Unknown,
        };
        person::of_domains(stranger, &self.allowed)
    }

    /// One of its own kind on a company's machines has people of its own.
    fn issuer(&self) -> String {
        self.endpoints.authorize.origin().ascii_serialization()
    }
}

/// The address that is the main one and verified; the others are nobody's word.
fn primary(list: &Json) -> Option<Email> {
    let Json::List(list) = list else { return None };
    let is = |entry: &Object, name| entry.get(name) == Some(&Json::Bool(true));
    let mut entries = list.iter().filter_map(Json::as_object);
    let primary = entries.find(|entry| is(entry, "primary") && is(entry, "verified"))?;
    Email::parse(primary.get("email")?.as_text()?).ok()
}

impl Naver {
    async fn person(&self, ties: &Ties, brought: &Brought) -> Result<Stranger, ProviderFault> {
        check_issuer(brought, &[NAVER])?;
        let Endpoints { token, user, .. } = &self.endpoints;
        let granted =
            self.client.exchange(&self.fetch, token, ProofIn::Form, ties, brought).await?;
        let answer =
            self.fetch.with_token(USER, user.clone(), granted.access_token.expose()).await?;
        let member = |name| answer.as_object().and_then(|answer| answer.get(name));
        let is_good = member("resultcode").and_then(Json::as_text) == Some("00");
        let user = member("response").and_then(Json::as_object).filter(|_| is_good);
        let text = |name| user.and_then(|user| user.get(name)).and_then(Json::as_text);
        let subject = text("id").filter(|id| (1..=255).contains(&id.len()));
        let subject = subject.ok_or_else(|| failed(USER, "names no id"))?;
        let stranger = Stranger {
            issuer: self.endpoints.authorize.origin().ascii_serialization(),
            subject: subject.into(),
            email: text("email").and_then(|text| Email::parse(text).ok()),
            // Naver lets people write any address there, and does not say whether it is theirs.
            email_verified: false,
            name: text("name").or_else(|| text("nickname")).map(String::from),
            proven: Proven::Unknown,
        };
        person::of_domains(stranger, &self.allowed)
    }
}

fn check_issuer(brought: &Brought, names: &[&str]) -> Result<(), ProviderFault> {
    match &brought.iss {
        Some(iss) if !names.contains(&iss.as_str()) => {
            Err(failed("authorization response", "came from another issuer"))
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl Provider for GitHub {
    async fn departure(&self, ties: &Ties, _: bool) -> Result<String, ProviderFault> {
        Ok(self.client.departure(&self.endpoints.authorize, ties, &[]))
    }

    async fn arrival(&self, ties: &Ties, brought: &Brought) -> Result<Stranger, ProviderFault> {
        in_time(self.person(ties, brought)).await
    }
}

#[async_trait]
impl Provider for Naver {
    async fn departure(&self, ties: &Ties, _: bool) -> Result<String, ProviderFault> {
        Ok(self.client.departure(&self.endpoints.authorize, ties, &[]))
    }

    async fn arrival(&self, ties: &Ties, brought: &Brought) -> Result<Stranger, ProviderFault> {
        in_time(self.person(ties, brought)).await
    }
}
