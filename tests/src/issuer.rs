//! An issuer without a server behind it: tokens of its own keys, and mailboxes that hold its heads. For
//! an edge that is measured alone, among as many revocations as are wanted.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::keys::Jwk;
use common::revocation::{HeadClaims, SegmentName, SegmentRef, build_segment};
use common::{Epoch, KeyId, UnixSeconds};
use serde_json::{Map, Value, json};
use uuid::Uuid;
use xtask::Workspace;
use xtask::stack;

use crate::revoked::ids;
use crate::stub::{self, Asked, answer};
use crate::{Outcome, secrets};

/// As many ids as the origin puts into one segment.
const SEGMENT: usize = 56 * 1024;
/// How long the revocations stand, in seconds; longer than any measurement.
const STANDING: u64 = 24 * 3600;
/// How long tokens live, in seconds: as long as the edge takes.
const LIFE: u64 = 3500;

/// What signs tokens and heads.
#[derive(Debug)]
pub struct Issuer {
    name: String,
    kid: KeyId,
    signing: Ed25519KeyPair,
    anchor: Ed25519KeyPair,
}

impl Issuer {
    /// One of this name, with new keys.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new(name: &str, kid: &str) -> Outcome<Self> {
        let kid = KeyId::try_from(kid.to_owned())?;
        Ok(Self { name: name.into(), kid, signing: pair()?, anchor: pair()? })
    }

    /// Its public key, for other verifiers.
    ///
    /// # Errors
    /// When the library's key is not one of 32 bytes.
    pub fn jwks(&self) -> Outcome<Value> {
        Ok(json!({ "keys": [self.jwk()?] }))
    }

    fn jwk(&self) -> Outcome<Jwk> {
        Ok(Jwk::ed25519(self.signing.public_key().as_ref().try_into()?, self.kid.clone()))
    }

    /// A token that is good for as long as one may be, of a subject's new session.
    ///
    /// # Errors
    /// When the machine's clock stands before 1970.
    pub fn token(&self, subject: &str) -> Outcome<String> {
        self.token_until(subject, now()? + LIFE)
    }

    /// The same with an end of its own, in unix seconds.
    ///
    /// # Errors
    /// When the machine's clock stands before 1970.
    pub fn token_until(&self, subject: &str, end: u64) -> Outcome<String> {
        let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": self.kid });
        let claims = json!({
            "iss": self.name, "aud": "portcullis-app", "sub": subject, "client_id": "portcullis",
            "iat": end - LIFE, "exp": end, "jti": Uuid::new_v4(), "sid": Uuid::now_v7(),
            "roles": ["reader"], "email_verified": true,
        });
        Ok(signed(&self.signing, &serde_json::to_vec(&header)?, &serde_json::to_vec(&claims)?))
    }

    /// The vars of an edge that trusts it and has these mailboxes in front of an app.
    ///
    /// # Errors
    /// When the project's own cannot be read.
    pub fn vars(&self, mailboxes: &Mailboxes, app: u16) -> Outcome<Map<String, Value>> {
        let mut vars = stack::worker_vars(&Workspace::locate())?;
        let secret = Uuid::new_v4().to_string();
        secrets::used(&secret);
        for (name, value) in [
            ("ISSUER", self.name.clone()),
            ("ORIGIN_URL", format!("http://127.0.0.1:{}", mailboxes.port)),
            ("APP_URL", format!("http://127.0.0.1:{app}")),
            ("ANCHOR_KEY", URL_SAFE_NO_PAD.encode(self.anchor.public_key())),
            ("EDGE_SECRET", secret),
        ] {
            vars.insert(name.into(), value.into());
        }
        Ok(vars)
    }

    fn head(&self, segments: Vec<SegmentRef>, epoch: Epoch) -> Outcome<String> {
        let claims = HeadClaims {
            iss: self.name.clone(),
            epoch,
            issued_at: UnixSeconds::new(now()?),
            keys: vec![self.jwk()?],
            sessions_before: None,
            tail: String::new(),
            segments,
        };
        let header = HeadClaims::header(KeyId::try_from(String::from("anchor"))?);
        Ok(signed(&self.anchor, &serde_json::to_vec(&header)?, &serde_json::to_vec(&claims)?))
    }

    /// Serves heads that name so many revoked ids, and the segments with them, as both KV and the
    /// origin do. Each head is signed when it is asked for.
    ///
    /// # Errors
    /// When a filter cannot be built or there is no port to be had.
    pub fn mailboxes(self: &Arc<Self>, revoked: u64) -> Outcome<Mailboxes> {
        let expires_at = UnixSeconds::new(now()? + STANDING);
        let (mut contents, mut segments) = (HashMap::new(), Vec::new());
        for ids in ids(revoked).chunks(SEGMENT) {
            let content = build_segment(*Uuid::new_v4().as_bytes(), ids)?;
            let name = SegmentName::new(digest(&SHA256, &content).as_ref().try_into()?);
            let count = u32::try_from(ids.len())?;
            segments.push(SegmentRef { name, count, expires_at });
            contents.insert(name.to_string(), whole(&content));
        }
        let epoch = Epoch::new(now()? * 1000);
        let (issuer, reads) = (Arc::clone(self), Arc::new(Reads::default()));
        let counted = Arc::clone(&reads);
        let shut = Arc::new(AtomicBool::new(false));
        let is_shut = Arc::clone(&shut);
        let port = stub::serve(move |asked: Asked<'_>| {
            if is_shut.load(Ordering::Relaxed) {
                return answer("503 Shut", "", b"").into();
            }
            let path = asked.target().split('?').next().unwrap_or_default();
            let from_kv = !path.starts_with("/.well-known/") && !path.starts_with("/auth/");
            let count = if from_kv { &counted.kv } else { &counted.origin };
            count.fetch_add(1, Ordering::Relaxed);
            let name = path.rsplit(['/', ':']).next().unwrap_or_default();
            match name {
                // A filter's suspicion, which is mistaken: no token here is revoked.
                "revoked" => whole(br#"{"revoked":[]}"#),
                "head" => match issuer.head(segments.clone(), epoch) {
                    Ok(head) => whole(head.as_bytes()),
                    Err(error) => answer("500 Failed", "", error.to_string().as_bytes()).into(),
                },
                // workerd writes the colon of `segment:` as %3A.
                _ => contents
                    .get(name.trim_start_matches("segment%3A"))
                    .cloned()
                    .unwrap_or_else(|| answer("404 Not Found", "", b"").into()),
            }
        })?;
        Ok(Mailboxes { port, reads, shut })
    }
}

/// Both mailboxes, on one port.
#[derive(Debug)]
pub struct Mailboxes {
    /// The port of KV and of the origin.
    pub port: u16,
    /// How often they were asked.
    pub reads: Arc<Reads>,
    /// Whether they give nothing away any more.
    pub shut: Arc<AtomicBool>,
}

/// Requests that were counted.
#[derive(Debug, Default)]
pub struct Reads {
    /// To KV.
    pub kv: AtomicU64,
    /// To the origin.
    pub origin: AtomicU64,
}

fn whole(body: &[u8]) -> Arc<[u8]> {
    answer("200 OK", "", body).into()
}

fn pair() -> Outcome<Ed25519KeyPair> {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
    let pair = document.ok().and_then(|key| Ed25519KeyPair::from_pkcs8(key.as_ref()).ok());
    pair.ok_or_else(|| "no key pair can be made".into())
}

fn signed(pair: &Ed25519KeyPair, header: &[u8], payload: &[u8]) -> String {
    let input = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(input.as_bytes()));
    format!("{input}.{signature}")
}

/// Unix seconds.
///
/// # Errors
/// When the machine's clock stands before 1970.
pub fn now() -> Outcome<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}
