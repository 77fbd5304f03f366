//! What the gate is taken to know: a real head, a set of keys, or nothing but what the request
//! needs to be followed to its end.

use core::time::Duration;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::keys::{Jwk, Key};
use common::revocation::{Blocklist, Epoch, Head, HeadClaims, UnverifiedHead};
use common::token::{Jws, MAX_TOKEN, join, signing_input};
use common::{KeyId, UnixSeconds};
use serde::Deserialize;

use crate::{Config, Error, signature};

/// Where keys and revocations come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Nothing is at hand: signatures and revocation are not checked.
    Nothing,
    /// A key set: a file, a URL, or `-` for standard input.
    Jwks(String),
    /// A signed head, from the same places, and the anchor's public key if not that of the
    /// configuration.
    Head(String, Option<String>),
}

/// What the gate is taken to know.
#[derive(Clone, Debug)]
pub struct Knowledge {
    /// A head to decide by: a real one without its segments, or one made up of the keys at hand.
    pub head: Head,
    /// Whether signatures can be checked.
    pub has_keys: bool,
    /// Whether it is known what is revoked, and how many segments of older ids were left out.
    pub segments_left_out: Option<usize>,
}

impl Knowledge {
    /// Gathers what a source has to say. `token` is only looked at where there is none.
    ///
    /// # Errors
    /// When a document cannot be had, or is not what it should be.
    pub fn gather(
        source: &Source,
        config: &Config,
        token: Option<&str>,
        now: UnixSeconds,
    ) -> Result<Self, Error> {
        let issuer = config.rules.issuer.as_str();
        match source {
            Source::Nothing => Ok(Self {
                head: made_up(issuer, any_key(token), now)?,
                has_keys: false,
                segments_left_out: None,
            }),
            Source::Jwks(place) => {
                #[derive(Deserialize)]
                struct KeySet {
                    keys: Vec<Jwk>,
                }
                let set: KeySet = serde_json::from_str(&read(place)?)
                    .map_err(|error| Error::argument("--jwks", format!("no JWK set: {error}")))?;
                let head = made_up(issuer, set.keys, now)?;
                Ok(Self { head, has_keys: true, segments_left_out: None })
            }
            Source::Head(place, anchor) => {
                let anchor = anchor.as_deref().or(config.anchor.as_deref()).ok_or_else(|| {
                    let problem = "needed to trust a head, and ANCHOR_KEY is not in the \
                                   configuration: `origin keys anchor` prints it";
                    Error::argument("--anchor", problem)
                })?;
                let (head, left_out) = without_segments(&read(place)?, &key(anchor)?, issuer, now)?;
                Ok(Self { head, has_keys: true, segments_left_out: Some(left_out) })
            }
        }
    }
}

/// The text of a file, of what a URL answers, or of standard input.
pub(crate) fn read(place: &str) -> Result<String, Error> {
    let failed = |source| Error::File { path: place.into(), source };
    let text = if place == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(failed)?;
        text
    } else if place.starts_with("https://") || place.starts_with("http://") {
        fetch(place)?
    } else {
        fs::read_to_string(Path::new(place)).map_err(failed)?
    };
    Ok(text.trim().into())
}

fn fetch(url: &str) -> Result<String, Error> {
    let failed = |problem: String| Error::Fetch { url: url.into(), problem };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(error.to_string()))?;
    let answer = runtime.block_on(async {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        client.get(url).send().await?.error_for_status()?.text().await
    });
    answer.map_err(|error| failed(error.without_url().to_string()))
}

fn key(text: &str) -> Result<Key, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(|bytes| Key::ed25519(kid("anchor"), bytes)).ok_or_else(|| {
        Error::argument(
            "--anchor",
            "expected 32 bytes in base64url, as `origin keys anchor` prints them",
        )
    })
}

fn kid(text: &str) -> KeyId {
    KeyId::try_from(String::from(text)).expect("a short word is a key's name")
}

/// A head by its anchor's signature, less its segments, which are not at hand: says how many.
fn without_segments(
    text: &str,
    anchor: &Key,
    issuer: &str,
    now: UnixSeconds,
) -> Result<(Head, usize), Error> {
    let unverified = UnverifiedHead::parse(text, anchor)?;
    let good = signature::is_good(&unverified.check);
    unverified.answered(good, issuer, now)?;
    let payload = text.split('.').nth(1).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    let mut claims: HeadClaims = serde_json::from_slice(&payload)?;
    let segments = core::mem::take(&mut claims.segments);
    let left_out = segments.iter().filter(|segment| segment.expires_at > now).count();
    Ok((head_of(&claims, now)?, left_out))
}

/// A head that says nothing of revocation.
pub(crate) fn made_up(issuer: &str, keys: Vec<Jwk>, now: UnixSeconds) -> Result<Head, Error> {
    let claims = HeadClaims {
        iss: issuer.into(),
        epoch: Epoch::new(0),
        issued_at: now,
        keys,
        sessions_before: None,
        tail: Blocklist::encode(&[]),
        segments: Vec::new(),
    };
    head_of(&claims, now)
}

fn head_of(claims: &HeadClaims, now: UnixSeconds) -> Result<Head, Error> {
    let anchor = Key::ed25519(kid("anchor"), [0; 32]);
    let text = join(signing_input(&HeadClaims::header(kid("anchor")), claims)?, &[0; 64]);
    let announced = UnverifiedHead::parse(&text, &anchor)?.answered(true, &claims.iss, now)?;
    Ok(announced.complete(&[], now)?)
}

/// A key by the name that the token uses, so that what follows after the key can be looked at.
fn any_key(token: Option<&str>) -> Vec<Jwk> {
    let header = token.and_then(|text| Jws::parse(text, MAX_TOKEN).ok()).map(|jws| jws.header);
    header
        .and_then(|header| header.kid)
        .map(|kid| Jwk::ed25519(&[1; 32], kid))
        .into_iter()
        .collect()
}
