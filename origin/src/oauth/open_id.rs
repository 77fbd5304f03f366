//! A provider that speaks OpenID Connect.

use std::sync::Arc;

use async_trait::async_trait;
use common::UnixSeconds;
use common::json::{Json, Object};
use common::token::TokenError;
use common::token::id_token::{IdClaims, IdTokenRules, UnsignedIdToken};

use super::discovery::{Discovery, Metadata};
use super::exchange::{Client, Granted};
use super::fetch::{Fetch, failed};
use super::{in_time, person};
use crate::config::Preset;
use crate::crypto::signatures;
use crate::port::{Brought, Proven, Provider, ProviderFault, RECENT, Stranger, Ties};

pub(super) struct OpenId {
    fetch: Fetch,
    client: Client,
    discovery: Discovery,
    preset: Option<Preset>,
    allowed: Vec<String>,
}

impl OpenId {
    pub(super) fn new(
        fetch: Fetch,
        client: Client,
        issuer: &str,
        hosts: &[String],
        preset: Option<Preset>,
        allowed: Vec<String>,
    ) -> Self {
        let discovery = Discovery::new(fetch.clone(), issuer.into(), hosts.to_vec(), preset);
        Self { fetch, client, discovery, preset, allowed }
    }

    /// RFC 9207 §2.4: a provider that names itself always does, and never as another.
    fn check_issuer(metadata: &Metadata, brought: &Brought) -> Result<(), ProviderFault> {
        match &brought.iss {
            Some(iss) if metadata.issuer.may_be(iss) => Ok(()),
            None if !metadata.tells_issuer => Ok(()),
            _ => Err(failed("authorization response", "came from another issuer")),
        }
    }

    async fn verified(
        &self,
        metadata: &Metadata,
        text: &str,
        rules: &IdTokenRules<'_>,
    ) -> Result<IdClaims, ProviderFault> {
        let keys = self.discovery.keys(metadata, None).await?;
        let now = self.client.clock.now();
        let read = |keys: &_| {
            let unsigned = UnsignedIdToken::parse(text, keys, rules, now)?;
            let good = signatures::is_good(&unsigned.check);
            unsigned.answered(good)
        };
        let claims = match read(&keys) {
            // A key that came since the last look.
            Err(TokenError::Key) => read(&*self.discovery.keys(metadata, Some(&keys)).await?),
            read => read,
        };
        claims.map_err(|error| failed("ID token", &format!("is not acceptable: {error}")))
    }

    /// What it says besides, where the ID token says nothing of an address.
    async fn asked(
        &self,
        metadata: &Metadata,
        granted: &Granted,
        subject: &str,
    ) -> Result<Option<Object>, ProviderFault> {
        const USERINFO: &str = "userinfo endpoint";
        let Some(url) = metadata.userinfo.clone() else { return Ok(None) };
        let answer = self.fetch.with_token(USERINFO, url, granted.access_token.expose()).await?;
        let Json::Object(claims) = answer else {
            return Err(failed(USERINFO, "answered no object"));
        };
        // OpenID Connect Core §5.3.2: the access token could have been somebody else's.
        if claims.get("sub").and_then(Json::as_text) == Some(subject) {
            Ok(Some(claims))
        } else {
            Err(failed(USERINFO, "speaks of somebody else"))
        }
    }

    async fn person(&self, ties: &Ties, brought: &Brought) -> Result<Stranger, ProviderFault> {
        let metadata = self.discovery.metadata().await?;
        Self::check_issuer(&metadata, brought)?;
        let exchange =
            self.client.exchange(&self.fetch, &metadata.token, metadata.proof, ties, brought);
        let granted = exchange.await?;
        let id_token = granted.id_token.as_ref();
        let id_token = id_token.ok_or_else(|| failed("token endpoint", "gave no ID token"))?;
        let rules = IdTokenRules {
            issuer: &metadata.issuer,
            told_issuer: brought.iss.as_deref(),
            client_id: &self.client.id,
            nonce: &ties.nonce,
            access_token: granted.access_token.expose(),
        };
        let IdClaims { issuer, subject, others } =
            self.verified(&metadata, id_token.expose(), &rules).await?;
        let Json::Object(claims) = others else { return Err(failed("ID token", "has no claims")) };
        if self.preset == Some(Preset::Google) {
            self.check_hosted_domain(&claims)?;
        }
        let proven = match claims.get("auth_time") {
            // One that says something else by it does tell, and has told nothing.
            Some(at) => at.as_u64().map_or(Proven::Untold, |at| Proven::At(UnixSeconds::new(at))),
            None if metadata.tells_proof => Proven::Untold,
            None => Proven::Unknown,
        };
        // Both come from one place: an address that one vouches for, and another's word for it, are not
        // one statement. Microsoft's userinfo never says whether an address is verified.
        let says_all = claims.has("email")
            && (claims.has("email_verified") || self.preset == Some(Preset::Microsoft));
        let asked = if says_all { None } else { self.asked(&metadata, &granted, &subject).await? };
        let claims = asked.filter(|asked| asked.has("email")).unwrap_or(claims);
        let stranger = person::of_claims(issuer, subject, &claims, self.preset, proven);
        if self.preset == Some(Preset::Google) {
            return Ok(stranger);
        }
        person::of_domains(stranger, &self.allowed)
    }

    /// The claim `hd` alone says whose Workspace somebody is of; an address can be on any account, and the
    /// parameter of that name is but a wish.
    fn check_hosted_domain(&self, claims: &Object) -> Result<(), ProviderFault> {
        let domain = claims.get("hd").and_then(Json::as_text);
        let fits = domain.is_some_and(|domain| self.allowed.iter().any(|one| one == domain));
        if self.allowed.is_empty() || fits { Ok(()) } else { Err(ProviderFault::NotLetIn) }
    }
}

#[async_trait]
impl Provider for OpenId {
    async fn departure(&self, ties: &Ties, afresh: bool) -> Result<String, ProviderFault> {
        let metadata: Arc<Metadata> = in_time(self.discovery.metadata()).await?;
        let max_age = RECENT.as_secs().to_string();
        let mut more = vec![("nonce", ties.nonce.as_str())];
        if afresh {
            // OpenID Connect Core §3.1.2.1. The age alone would do, and some tell when it was though they do not list
            // that, but others know only the prompt. It asks for a password each time, for nothing where none tells.
            more.push(("max_age", &max_age));
            if metadata.tells_proof {
                more.push(("prompt", "login"));
            }
        }
        match (self.preset, self.allowed.as_slice()) {
            // Apple tells an address only so.
            (Some(Preset::Apple), _) => more.push(("response_mode", "form_post")),
            (Some(Preset::Google), [domain]) => more.push(("hd", domain)),
            _ => {}
        }
        Ok(self.client.departure(&metadata.authorize, ties, &more))
    }

    async fn arrival(&self, ties: &Ties, brought: &Brought) -> Result<Stranger, ProviderFault> {
        in_time(self.person(ties, brought)).await
    }
}
