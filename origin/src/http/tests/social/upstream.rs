//! A provider of our own, over real HTTP on loopback, that does whatever is wrong as told.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame};
use serde_json::{Value, json};
use tokio::time::Sleep;

use crate::crypto::SystemClock;
use crate::port::Clock as _;

pub(super) const CLIENT: &str = "portcullis-at-provider";
pub(super) const SECRET: &str = "client secret of %&+:letters";

/// How an endpoint answers.
#[derive(Clone, Debug, Default)]
pub(super) enum Mood {
    #[default]
    Well,
    Status(u16),
    /// With this body and media type.
    Says(&'static str, String),
    /// With more than anybody reads.
    Flood,
    /// With a redirect to itself.
    Elsewhere,
    /// Never.
    Silent,
    /// A byte a second.
    Drip,
}

/// What is wrong with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Manner {
    /// Laid over the header and the claims of ID tokens; `null` takes a member out.
    pub(super) header: Value,
    pub(super) claims: Value,
    /// Laid over the token answer, userinfo and discovery.
    pub(super) answer: Value,
    pub(super) userinfo: Value,
    pub(super) metadata: Value,
    /// What the ID token is signed with: a key by its number, the client's secret, or a signature that is
    /// spoilt.
    pub(super) signed: Signed,
    /// Which keys are published, and with which name each.
    pub(super) keys: Vec<(usize, Option<&'static str>)>,
    pub(super) token: Mood,
    pub(super) jwks: Mood,
    pub(super) discovery: Mood,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Signed {
    #[default]
    Well,
    With(usize),
    BySecret,
    Spoilt,
    NotAtAll,
}

pub(super) struct Upstream {
    pub(super) url: String,
    /// Its path, where its issuer has one.
    pub(super) path: &'static str,
    keys: [KeyPair; 2],
    pub(super) manner: Mutex<Manner>,
    /// What was sent along with the last browser.
    sent: Mutex<(String, String)>,
    pub(super) exchanges: AtomicUsize,
    pub(super) looks: AtomicUsize,
    /// The last form that came to the token endpoint, and its `Authorization`.
    pub(super) form: Mutex<(Vec<(String, String)>, String)>,
}

fn merge(into: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().into_iter().flatten() {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(name);
        } else {
            into[name] = value.clone();
        }
    }
}

impl Upstream {
    pub(super) async fn start() -> Arc<Self> {
        Self::at("").await
    }

    /// One whose issuer has a path.
    pub(super) async fn at(path: &'static str) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            path,
            keys: [(); 2].map(|()| KeyPair::generate(KeySize::Rsa2048).unwrap()),
            manner: Mutex::new(Manner::default()),
            sent: Mutex::default(),
            exchanges: AtomicUsize::new(0),
            looks: AtomicUsize::new(0),
            form: Mutex::default(),
        });
        let router = Router::new()
            .route(&format!("{path}/.well-known/openid-configuration"), get(Self::discovery))
            .route("/jwks", get(Self::jwks))
            .route("/userinfo", get(Self::userinfo))
            .route("/emails", get(Self::emails))
            .route("/token", axum::routing::post(Self::token).get(Self::token))
            .with_state(Arc::clone(&upstream));
        tokio::spawn(async move { axum::serve(listener, router).await });
        upstream
    }

    pub(super) fn issuer(&self) -> String {
        format!("{}{}", self.url, self.path)
    }

    pub(super) fn set(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// A browser comes by: what it brings along stands in the ID token, and in the code's check.
    pub(super) fn visited(&self, nonce: &str, challenge: &str) {
        *self.sent.lock().unwrap() = (nonce.into(), challenge.into());
    }

    pub(super) fn field(&self, name: &str) -> Option<String> {
        let form = self.form.lock().unwrap();
        form.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone())
    }

    fn manner(&self) -> Manner {
        self.manner.lock().unwrap().clone()
    }

    async fn discovery(State(upstream): State<Arc<Self>>) -> Response {
        let manner = upstream.manner();
        let url = &upstream.url;
        let mut document = json!({
            "issuer": upstream.issuer(),
            "authorization_endpoint": format!("{url}/authorize?kept=1"),
            "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/jwks"),
            "userinfo_endpoint": format!("{url}/userinfo"),
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        });
        merge(&mut document, &manner.metadata);
        answer(&manner.discovery, 200, &document).await
    }

    async fn jwks(State(upstream): State<Arc<Self>>) -> Response {
        upstream.looks.fetch_add(1, Ordering::SeqCst);
        let manner = upstream.manner();
        let usual = vec![(0, Some("one"))];
        let named = if manner.keys.is_empty() { &usual } else { &manner.keys };
        let keys: Vec<_> = named.iter().map(|(at, kid)| upstream.jwk(*at, *kid)).collect();
        answer(&manner.jwks, 200, &json!({ "keys": keys })).await
    }

    fn jwk(&self, at: usize, kid: Option<&str>) -> Value {
        // RFC 8017 §A.1.1: for 2048 bits and the exponent 65537 the modulus is behind 9 bytes.
        let der = self.keys[at].public_key().as_ref();
        let n = URL_SAFE_NO_PAD.encode(&der[9..265]);
        let mut jwk = json!({"kty": "RSA", "use": "sig", "n": n, "e": "AQAB"});
        if let Some(kid) = kid {
            jwk["kid"] = json!(kid);
        }
        jwk
    }

    async fn userinfo(State(upstream): State<Arc<Self>>, headers: HeaderMap) -> Response {
        if headers.get(AUTHORIZATION).is_none_or(|value| value != "Bearer an-access-token") {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let mut claims = json!({"sub": "person-1"});
        merge(&mut claims, &upstream.manner().userinfo);
        answer(&Mood::Well, 200, &claims).await
    }

    async fn emails(State(upstream): State<Arc<Self>>) -> Response {
        let emails = upstream.manner().userinfo["emails"].clone();
        answer(&Mood::Well, 200, &emails).await
    }

    async fn token(State(upstream): State<Arc<Self>>, request: Request) -> Response {
        upstream.exchanges.fetch_add(1, Ordering::SeqCst);
        let manner = upstream.manner();
        let proof = request.headers().get(AUTHORIZATION).map(|v| v.to_str().unwrap().to_owned());
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let form: Vec<(String, String)> = serde_urlencoded::from_bytes(&body).unwrap();
        *upstream.form.lock().unwrap() = (form, proof.unwrap_or_default());
        let verifier = upstream.field("code_verifier").unwrap_or_default();
        let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let (nonce, challenge) = upstream.sent.lock().unwrap().clone();
        if hash != challenge || upstream.field("code").as_deref() != Some("the-code") {
            return answer(&Mood::Well, 400, &json!({"error": "invalid_grant"})).await;
        }
        let mut answered = json!({"access_token": "an-access-token", "token_type": "bearer",
            "id_token": upstream.id_token(&manner, &nonce), "refresh_token": "a-refresh-token"});
        merge(&mut answered, &manner.answer);
        answer(&manner.token, 200, &answered).await
    }

    fn id_token(&self, manner: &Manner, nonce: &str) -> String {
        let now = SystemClock.now();
        let mut header = json!({"alg": "RS256", "kid": "one"});
        let mut claims = json!({"iss": self.issuer(), "aud": CLIENT, "sub": "person-1",
            "nonce": nonce, "iat": now, "exp": now.plus(Duration::from_mins(5)),
            "email": "ada@example.com", "email_verified": true, "name": "Ada"});
        merge(&mut header, &manner.header);
        merge(&mut claims, &manner.claims);
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let input = format!("{}.{}", encode(&header), encode(&claims));
        let by = |at: usize| {
            let key = &self.keys[at];
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature)
                .unwrap();
            signature
        };
        let signature = match manner.signed {
            Signed::Well => by(0),
            Signed::With(at) => by(at),
            Signed::Spoilt => {
                let mut signature = by(0);
                signature[100] ^= 1;
                signature
            }
            Signed::BySecret => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
                hmac::sign(&key, input.as_bytes()).as_ref().to_vec()
            }
            Signed::NotAtAll => Vec::new(),
        };
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Seconds from now, for claims.
pub(super) fn from_now(seconds: i64) -> u64 {
    SystemClock.now().get().saturating_add_signed(seconds)
}

async fn answer(mood: &Mood, status: u16, body: &Value) -> Response {
    let with = |status: u16, kind: &str, body: axum::body::Body| {
        let response = Response::builder().status(status).header("content-type", kind);
        response.body(body).unwrap()
    };
    match mood {
        Mood::Well => with(status, "application/json", body.to_string().into()),
        Mood::Status(status) => with(*status, "application/json", "{}".into()),
        Mood::Says(kind, text) => with(200, kind, text.clone().into()),
        Mood::Flood => with(200, "application/json", vec![b' '; 10 << 20].into()),
        Mood::Elsewhere => {
            let response = Response::builder().status(307).header("location", "/token");
            response.header("content-type", "application/json").body("{}".into()).unwrap()
        }
        Mood::Silent => {
            tokio::time::sleep(Duration::from_hours(1)).await;
            StatusCode::OK.into_response()
        }
        Mood::Drip => with(200, "application/json", {
            axum::body::Body::new(Drip(Box::pin(tokio::time::sleep(Duration::ZERO))))
        }),
    }
}

/// A body of which a byte comes each second.
struct Drip(Pin<Box<Sleep>>);

impl Body for Drip {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::ready!(self.0.as_mut().poll(context));
        self.0 = Box::pin(tokio::time::sleep(Duration::from_secs(1)));
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b" ")))))
    }
}
