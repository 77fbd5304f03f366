//! Another OIDC issuer, in this process: publishes keys of all four algorithms, signs what it is told
//! to, counts who asks for its keys, and fails as told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256,
};
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use xtask::stack::Served;

use crate::{Outcome, secrets};

/// A key pair of one algorithm.
#[derive(Debug)]
pub struct Pair {
    alg: &'static str,
    secret: SecretHalf,
}

#[derive(Debug)]
enum SecretHalf {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Pair {
    /// A new one, for `RS256`, `PS256`, `ES256` or `EdDSA`.
    ///
    /// # Errors
    /// When there is no such algorithm or no randomness.
    pub fn generate(alg: &'static str) -> Outcome<Self> {
        let secret = match alg {
            "RS256" | "PS256" => SecretHalf::Rsa(RsaKeyPair::generate(KeySize::Rsa2048)?),
            "ES256" => SecretHalf::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?),
            "EdDSA" => SecretHalf::Ed25519(Ed25519KeyPair::generate()?),
            other => return Err(format!("no algorithm {other}").into()),
        };
        Ok(Self { alg, secret })
    }

    /// The Ed25519 one of this private half (RFC 8032 §5.1.5).
    ///
    /// # Errors
    /// When it is none.
    pub fn ed25519(seed: &[u8]) -> Outcome<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)?;
        Ok(Self { alg: "EdDSA", secret: SecretHalf::Ed25519(pair) })
    }

    /// The public half, under this name.
    ///
    /// # Errors
    /// When it is not encoded as expected.
    pub fn jwk(&self, kid: &str) -> Outcome<Value> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Ok(match &self.secret {
            SecretHalf::Rsa(pair) => {
                // RFC 8017 §A.1.1: for 2048 bits and the exponent 65537 always of one length, with
                // the modulus behind 9 bytes.
                let der = pair.public_key().as_ref();
                let n =
                    der.get(9..265).filter(|_| der.ends_with(&[1, 0, 1])).ok_or("no RSA key")?;
                json!({"kty": "RSA", "kid": kid, "alg": self.alg, "use": "sig", "n": text(n),
                    "e": "AQAB"})
            }
            SecretHalf::P256(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = point.get(1..).ok_or("no point")?.split_at(32);
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "alg": self.alg, "x": text(x),
                    "y": text(y)})
            }
            SecretHalf::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "alg": self.alg,
                    "x": text(pair.public_key().as_ref())})
            }
        })
    }

    /// The public half as X.509 has it (RFC 5280 §4.1.2.7, RFC 8410 §4).
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        let (algorithm, key): (&[u8], &[u8]) = match &self.secret {
            SecretHalf::Rsa(pair) => (
                &[
                    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                    0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00,
                ],
                pair.public_key().as_ref(),
            ),
            SecretHalf::P256(pair) => (
                &[
                    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
                ],
                pair.public_key().as_ref(),
            ),
            SecretHalf::Ed25519(pair) => (
                &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00],
                pair.public_key().as_ref(),
            ),
        };
        [algorithm, key].concat()
    }

    /// Signs a token of this header and claims.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn sign(&self, header: &Value, claims: &Value) -> Outcome<String> {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let input = format!("{}.{}", encode(header), encode(claims));
        let (message, random) = (input.as_bytes(), SystemRandom::new());
        let signature = match &self.secret {
            SecretHalf::Rsa(pair) => {
                let padding = if self.alg == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature)?;
                signature
            }
            SecretHalf::P256(pair) => pair.sign(&random, message)?.as_ref().to_vec(),
            SecretHalf::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        };
        let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature));
        secrets::used(&token);
        Ok(token)
    }
}

/// How it answers who asks for its keys.
#[derive(Clone, Debug)]
pub enum Manner {
    /// With its keys.
    Well,
    /// With this status.
    Status(u16),
    /// Not at all.
    Silent,
    /// Where to find them.
    Elsewhere(String),
    /// With this text.
    Text(String),
}

#[derive(Debug)]
struct State {
    keys: Mutex<Vec<Value>>,
    manner: Mutex<Manner>,
    asked: AtomicUsize,
}

/// The issuer.
#[derive(Debug)]
pub struct ForeignIssuer {
    name: String,
    state: Arc<State>,
    served: Served,
}

impl ForeignIssuer {
    /// Starts one with this `iss` and no keys.
    ///
    /// # Errors
    /// When there is no port to be had.
    pub fn start(name: &str) -> Outcome<Self> {
        let state = Arc::new(State {
            keys: Mutex::default(),
            manner: Mutex::new(Manner::Well),
            asked: AtomicUsize::new(0),
        });
        let shown = Arc::clone(&state);
        let router = Router::new().route("/jwks", get(move || show(Arc::clone(&shown))));
        let served = Served::start("foreign-issuer", 0, router)?;
        Ok(Self { name: name.into(), state, served })
    }

    /// Its entry in `ISSUERS`, with changes.
    #[must_use]
    pub fn entry(&self, algorithms: &[&str], changes: Value) -> Value {
        let mut entry = json!({"issuer": self.name, "audience": "api", "algorithms": algorithms,
            "jwks_url": self.jwks_url()});
        merge(&mut entry, changes);
        entry
    }

    /// Where its keys are.
    #[must_use]
    pub fn jwks_url(&self) -> String {
        format!("http://127.0.0.1:{}/jwks", self.served.port())
    }

    /// Publishes these keys from now on.
    pub fn publish(&self, keys: Vec<Value>) {
        *self.state.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Answers like this from now on.
    pub fn answer(&self, manner: Manner) {
        *self.state.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }

    /// How often its keys were asked for.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.state.asked.load(Ordering::Relaxed)
    }

    /// The claims of a good token, with changes; `null` takes one out.
    ///
    /// # Errors
    /// When the machine's clock stands before 1970.
    pub fn claims(&self, changes: Value) -> Outcome<Value> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let mut claims = json!({"iss": self.name, "aud": "api", "sub": "user|1", "iat": now - 5,
            "exp": now + 600});
        merge(&mut claims, changes);
        Ok(claims)
    }

    /// A token of its, by this key and with these changes to its claims.
    ///
    /// # Errors
    /// See [`Pair::sign`].
    pub fn token(&self, pair: &Pair, kid: &str, changes: Value) -> Outcome<String> {
        let header = json!({"alg": pair.alg, "typ": "at+jwt", "kid": kid});
        pair.sign(&header, &self.claims(changes)?)
    }
}

/// `null` takes a member out.
fn merge(into: &mut Value, changes: Value) {
    let (Some(into), Value::Object(changes)) = (into.as_object_mut(), changes) else { return };
    for (name, value) in changes {
        if value.is_null() {
            into.remove(&name);
        } else {
            into.insert(name, value);
        }
    }
}

async fn show(state: Arc<State>) -> Response {
    state.asked.fetch_add(1, Ordering::Relaxed);
    let manner = state.manner.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match manner {
        Manner::Well => {
            let keys = state.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
            // As some issuers do: neither JSON by its type nor fresh for long.
            let headers =
                [(header::CONTENT_TYPE, "text/plain"), (header::CACHE_CONTROL, "max-age=0")];
            (headers, json!({ "keys": keys }).to_string()).into_response()
        }
        Manner::Status(status) => StatusCode::from_u16(status).unwrap_or_default().into_response(),
        Manner::Silent => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            StatusCode::NO_CONTENT.into_response()
        }
        Manner::Elsewhere(url) => (StatusCode::FOUND, [(header::LOCATION, url)]).into_response(),
        Manner::Text(text) => text.into_response(),
    }
}
