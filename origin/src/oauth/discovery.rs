//! What a provider of OpenID Connect says of itself (OpenID Connect Discovery, RFC 8414), and its keys.

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::json::{Json, Object};
use common::keys::KeySet;
use common::token::Algorithm;
use common::token::id_token::IssuerName;
use reqwest::Url;
use tokio::sync::Mutex;

use super::exchange::ProofIn;
use super::fetch::{Fetch, failed, json};
use crate::config::{Preset, is_secure};
use crate::port::ProviderFault;

/// How long what it says of itself is gone by.
const METADATA_FRESH: Duration = Duration::from_hours(1);
/// How long its keys are: one that it withdrew is not good for longer.
const KEYS_FRESH: Duration = Duration::from_mins(5);
/// How soon to look for a key that is not in hand.
const COOL_DOWN: Duration = Duration::from_secs(10);
/// How soon to ask again what was not answered.
const RETRY: Duration = Duration::from_secs(2);

const DISCOVERY: &str = "discovery document";

/// What it says of itself, judged.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) issuer: IssuerName,
    pub(super) authorize: Url,
    pub(super) token: Url,
    pub(super) userinfo: Option<Url>,
    pub(super) proof: ProofIn,
    /// Whether it names itself when it sends a browser back (RFC 9207 §3).
    pub(super) tells_issuer: bool,
    /// Whether it has to say when somebody proved who they are, if it is asked for a proof (OpenID Connect Core
    /// §3.1.2.1). Those that never do leave the claim out of their list, and some that do.
    pub(super) tells_proof: bool,
    jwks: Url,
    algorithms: Vec<Algorithm>,
}

/// A provider that is found by its issuer.
pub(super) struct Discovery {
    fetch: Fetch,
    issuer: String,
    hosts: Vec<String>,
    preset: Option<Preset>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Arc<Metadata>, Instant)>,
    keys: Option<(Arc<KeySet>, Instant)>,
    failed_at: Option<Instant>,
}

impl Discovery {
    pub(super) fn new(
        fetch: Fetch,
        issuer: String,
        hosts: Vec<String>,
        preset: Option<Preset>,
    ) -> Self {
        Self { fetch, issuer, hosts, preset, known: Mutex::default() }
    }

    /// What it says of itself.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, ProviderFault> {
        // One asks; whoever waits meanwhile wants the same answer, and has it when the lock is free.
        let mut known = self.known.lock().await;
        if let Some((metadata, at)) = &known.metadata
            && at.elapsed() < METADATA_FRESH
        {
            return Ok(Arc::clone(metadata));
        }
        known.may_ask()?;
        let asked = self.ask_metadata().await;
        let metadata = Arc::new(known.asked(asked)?);
        known.metadata = Some((Arc::clone(&metadata), Instant::now()));
        Ok(metadata)
    }

    /// Its keys; newer ones than `old`, where those do not do, if it is time to look for any.
    pub(super) async fn keys(
        &self,
        metadata: &Metadata,
        old: Option<&Arc<KeySet>>,
    ) -> Result<Arc<KeySet>, ProviderFault> {
        let mut known = self.known.lock().await;
        if let Some((keys, at)) = &known.keys {
            let is_other = old.is_none_or(|old| !Arc::ptr_eq(old, keys));
            let good_for = if is_other { KEYS_FRESH } else { COOL_DOWN };
            if at.elapsed() < good_for {
                return Ok(Arc::clone(keys));
            }
        }
        known.may_ask()?;
        let asked = self.ask_keys(metadata).await;
        let keys = Arc::new(known.asked(asked)?);
        known.keys = Some((Arc::clone(&keys), Instant::now()));
        Ok(keys)
    }

    async fn ask_metadata(&self) -> Result<Metadata, ProviderFault> {
        let address =
            format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let url = Url::parse(&address).map_err(|_| failed(DISCOVERY, "has no address"))?;
        let document = self.fetch.document(DISCOVERY, url).await?;
        match json(DISCOVERY, &document)? {
            Json::Object(document) => self.read(&document),
            _ => Err(failed(DISCOVERY, "is no object")),
        }
    }

    async fn ask_keys(&self, metadata: &Metadata) -> Result<KeySet, ProviderFault> {
        let document = self.fetch.document("key set", metadata.jwks.clone()).await?;
        KeySet::from_document(&document, &metadata.algorithms)
            .map_err(|error| failed("key set", &format!("cannot be used: {error}")))
    }

    fn read(&self, document: &Object) -> Result<Metadata, ProviderFault> {
        let text = |name| document.get(name).and_then(Json::as_text);
        let texts = |name| document.get(name).and_then(|list| list.clone().into_texts());
        let endpoint = |name| {
            let text = text(name).ok_or_else(|| failed(DISCOVERY, &format!("has no {name}")))?;
            self.endpoint(text).ok_or_else(|| {
                failed(
                    DISCOVERY,
                    &format!("has a {name} that is not by https on a host of the issuer's"),
                )
            })
        };
        let named = text("issuer").unwrap_or_default();
        let issuer = self.named(named).ok_or_else(|| failed(DISCOVERY, "is of another issuer"))?;
        let proofs = texts("token_endpoint_auth_methods_supported");
        // RFC 8414 §2: the header, where nothing is said.
        let by_header = proofs.is_none_or(|all| all.iter().any(|one| one == "client_secret_basic"));
        let userinfo = document.has("userinfo_endpoint").then(|| endpoint("userinfo_endpoint"));
        let claims = texts("claims_supported");
        let tells_proof = claims.is_none_or(|all| all.iter().any(|one| one == "auth_time"));
        let tells_issuer = document.get("authorization_response_iss_parameter_supported");
        Ok(Metadata {
            issuer,
            authorize: endpoint("authorization_endpoint")?,
            token: endpoint("token_endpoint")?,
            jwks: endpoint("jwks_uri")?,
            userinfo: userinfo.transpose()?,
            proof: if by_header { ProofIn::Header } else { ProofIn::Form },
            tells_issuer: tells_issuer == Some(&Json::Bool(true)),
            tells_proof,
            algorithms: algorithms(texts("id_token_signing_alg_values_supported")),
        })
    }

    /// RFC 8414 §3.3: the issuer that was asked for, to the letter. Microsoft's documents for all tenants
    /// name none of them.
    fn named(&self, named: &str) -> Option<IssuerName> {
        if self.preset == Some(Preset::Microsoft) && named.contains(TENANT) {
            let (before, after) = named.split_once(TENANT)?;
            let middle = self.issuer.strip_prefix(before)?.strip_suffix(after)?;
            return ["common", "organizations"]
                .contains(&middle)
                .then(|| IssuerName::OfTenant { before: before.into(), after: after.into() });
        }
        (named == self.issuer).then(|| match self.preset {
            Some(Preset::Google) => IssuerName::WithOrWithoutScheme(named.into()),
            _ => IssuerName::Exactly(named.into()),
        })
    }

    /// A document that somebody tampered with must not lead codes and secrets elsewhere, nor us to ask
    /// what only this machine can reach.
    fn endpoint(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok().filter(is_secure)?;
        let own = Url::parse(&self.issuer).ok()?;
        let is_named = url.scheme() == "https"
            && url.port().is_none()
            && url.host_str().is_some_and(|host| self.hosts.iter().any(|named| named == host));
        (url.origin() == own.origin() || is_named).then_some(url)
    }
}

const TENANT: &str = "{tenantid}";

impl Known {
    /// What did not answer a moment ago is left alone: not every sign-in is a question more.
    fn may_ask(&self) -> Result<(), ProviderFault> {
        match self.failed_at {
            Some(at) if at.elapsed() < RETRY => {
                Err(ProviderFault::Failed(String::from("the provider did not answer a moment ago")))
            }
            _ => Ok(()),
        }
    }

    fn asked<T>(&mut self, answer: Result<T, ProviderFault>) -> Result<T, ProviderFault> {
        self.failed_at = answer.is_err().then(Instant::now);
        answer
    }
}

/// Those that it signs with and that are read here. An RSA key that does not say what it is for is for the
/// one of them that is; RS256 where nothing is said (OpenID Connect Core §15.1).
fn algorithms(named: Option<Vec<String>>) -> Vec<Algorithm> {
    let named = named.unwrap_or_else(|| vec![String::from("RS256")]);
    let ours = Algorithm::ALL.into_iter();
    ours.filter(|ours| named.iter().any(|name| ours.is_named(name))).collect()
}
