//! What the gate is taken to know: a real head, a set of keys, or nothing but what the request
//! needs to be followed to its end.

use core::time::Duration;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::issuers::{IssuerIndex, Jwks, Keyring};
use common::keys::{Jwk, Key, KeySet};
use common::revocation::{Blocklist, Epoch, Head, HeadClaims, HeadError, UnverifiedHead};
use common::token::{Jws, MAX_TOKEN, join, signing_input};
use common::vars::anchor_key;
use common::{KeyId, UnixSeconds};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Config, Error, signature};

/// Where keys and revocations come from. Each is a file, a URL, or `-` for standard input.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The origin's signed head.
    pub head: Option<String>,
    /// The anchor's public key, if not that of the configuration.
    pub anchor: Option<String>,
    /// The key set of the token's issuer.
    pub jwks: Option<String>,
}

/// What the gate is taken to know.
#[derive(Clone, Debug)]
pub struct Knowledge {
    /// A head to decide by: a real one without its segments, or one made up of the keys at hand.
    pub head: Head,
    /// Keys of other issuers.
    pub keyring: Keyring,
    /// Whether the token's signature can be checked.
    pub has_keys: bool,
    /// Whether it is known what is revoked, and how many segments of older ids were left out.
    pub segments_left_out: Option<usize>,
}

impl Knowledge {
    /// Gathers what the sources have to say. Where they say nothing of the token's key, one is made
    /// up, so that what comes after the key can be looked at.
    ///
    /// # Errors
    /// When a document cannot be had, or is not what it should be.
    pub fn gather(
        sources: &Sources,
        config: &Config,
        token: Option<&str>,
        now: UnixSeconds,
    ) -> Result<Self, Error> {
        let issuer = config.vars.rules.issuer.as_str();
        let given = sources.jwks.as_deref().map(key_set).transpose()?;
        let has_keys = given.is_some();
        let keys = given.unwrap_or_else(|| any_key(token));
        let foreign = token.and_then(|token| foreign(token, config));
        let keyring = match foreign {
            Some(index) => keyring_of(index, &keys, now)?,
            None => Keyring::default(),
        };
        let Some(place) = &sources.head else {
            let keys = if foreign.is_none() { keys } else { Vec::new() };
            let head = made_up(issuer, keys, now)?;
            return Ok(Self { head, keyring, has_keys, segments_left_out: None });
        };
        let given = sources.anchor.as_deref().map(anchor).transpose()?;
        let anchor = given.or_else(|| config.anchor.clone()).ok_or_else(|| {
            let problem = "needed to trust a head, and ANCHOR_KEY is not in the configuration: \
                               `origin keys anchor` prints it";
            Error::argument("--anchor", problem)
        })?;
        let (head, left_out) = without_segments(&read(place)?, &anchor, issuer, now)?;
        let has_keys = has_keys || foreign.is_none();
        Ok(Self { head, keyring, has_keys, segments_left_out: Some(left_out) })
    }
}

/// These keys, fetched just now of another issuer.
fn keyring_of(index: IssuerIndex, keys: &[Jwk], now: UnixSeconds) -> Result<Keyring, Error> {
    let keys =
        KeySet::from_jwks(keys).map_err(|error| Error::argument("--jwks", error.to_string()))?;
    let mut keyring = Keyring::default();
    keyring.begin(index, now);
    keyring.end(index, Some(Jwks { keys, fetched_at: now }));
    Ok(keyring)
}

/// Keys that a token of another issuer may name, if it comes from one.
pub(crate) fn any_keyring(
    token: Option<&str>,
    config: &Config,
    now: UnixSeconds,
) -> Result<Keyring, Error> {
    let foreign = token.and_then(|token| foreign(token, config));
    foreign.map_or_else(|| Ok(Keyring::default()), |index| keyring_of(index, &any_key(token), now))
}

/// Which of the other issuers a token says it comes from.
pub(crate) fn foreign(token: &str, config: &Config) -> Option<IssuerIndex> {
    let jws = Jws::parse(token, MAX_TOKEN).ok()?;
    let claims: Value = serde_json::from_slice(jws.unverified_payload()).ok()?;
    let name = claims.get("iss")?.as_str()?;
    config.vars.issuers.iter().find(|(_, issuer)| issuer.name() == name).map(|(index, _)| index)
}

fn key_set(place: &str) -> Result<Vec<Jwk>, Error> {
    #[derive(Deserialize)]
    struct Document {
        keys: Vec<Jwk>,
    }
    let document: Document = serde_json::from_str(&read(place)?)
        .map_err(|error| Error::argument("--jwks", format!("no JWK set: {error}")))?;
    Ok(document.keys)
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

fn anchor(text: &str) -> Result<Key, Error> {
    let expected = "expected 32 bytes in base64url, as `origin keys anchor` prints them";
    anchor_key(text).ok_or_else(|| Error::argument("--anchor", expected))
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
    let mut claims = HeadClaims::parse(&payload).map_err(HeadError::from)?;
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

/// A key of the name and algorithm that the token uses. Nobody signs with it.
fn any_key(token: Option<&str>) -> Vec<Jwk> {
    let Some(jws) = token.and_then(|text| Jws::parse(text, MAX_TOKEN).ok()) else {
        return Vec::new();
    };
    let (alg, kid) = (jws.header.alg, jws.header.kid.map(String::from));
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (x, n) = (number(&[1; 32]), number(&[255; 256]));
    let key = match alg.as_str() {
        "ES256" => json!({"kty": "EC", "crv": "P-256", "x": x, "y": x}),
        "RS256" | "PS256" => json!({"kty": "RSA", "n": n, "e": "AQAB"}),
        _ => json!({"kty": "OKP", "crv": "Ed25519", "x": x}),
    };
    let named = json!({"alg": alg, "kid": kid});
    let members = [key, named].into_iter().filter_map(|part| part.as_object().cloned()).flatten();
    serde_json::from_value(members.collect()).into_iter().collect()
}
