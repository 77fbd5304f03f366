//! The least that a refresh costs in this language: axum, aws-lc, redis-rs, and nothing else. One of the peers
//! of `cargo xtask bench origin`, which starts it as it starts the others:
//! `bare PORT REDIS_URL FILE SESSIONS`. It does what the peer on express does, with `EdDSA` for access tokens.

use std::error::Error;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use redis::aio::MultiplexedConnection;
use redis::cmd;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use uuid::Uuid;

const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "https://app.example.com";
const DAYS: u64 = 24 * 3600;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The claims of both tokens.
#[derive(Clone, Deserialize, Serialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    jti: Uuid,
    roles: Vec<String>,
    iat: u64,
    exp: u64,
}

#[derive(Deserialize)]
struct Input {
    refresh_token: String,
}

#[derive(Serialize)]
struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    refresh_token: String,
}

struct Issuer {
    access: Ed25519KeyPair,
    refresh: hmac::Key,
    redis: MultiplexedConnection,
}

impl Issuer {
    fn new(redis: MultiplexedConnection) -> Outcome<Self> {
        let secret = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
        Ok(Self {
            access: Ed25519KeyPair::generate()?,
            refresh: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            redis,
        })
    }

    fn access_token(&self, claims: &Claims) -> Outcome<String> {
        let text = unsigned("EdDSA", claims)?;
        let signature = self.access.sign(text.as_bytes());
        Ok(signed(text, signature.as_ref()))
    }

    fn refresh_token(&self, claims: &Claims) -> Outcome<String> {
        let text = unsigned("HS256", claims)?;
        let mac = hmac::sign(&self.refresh, text.as_bytes());
        Ok(signed(text, mac.as_ref()))
    }

    fn presented(&self, token: &str, now: u64) -> Outcome<Claims> {
        let (text, mac) = token.rsplit_once('.').ok_or("no token")?;
        hmac::verify(&self.refresh, text.as_bytes(), &URL_SAFE_NO_PAD.decode(mac)?)?;
        let (_, claims) = text.split_once('.').ok_or("no token")?;
        let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
        if claims.iss != ISSUER || claims.aud != ISSUER || claims.exp <= now {
            return Err("not good here, or no more".into());
        }
        Ok(claims)
    }

    /// A session, by its first refresh token.
    async fn begin(&self) -> Outcome<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let claims = Claims {
            iss: ISSUER.into(),
            aud: ISSUER.into(),
            sub: Uuid::new_v4(),
            sid: Uuid::now_v7(),
            jti: Uuid::new_v4(),
            roles: vec!["user".into()],
            iat: now,
            exp: now + 14 * DAYS,
        };
        self.swap(&claims, "NX").await?;
        self.refresh_token(&claims)
    }

    /// Puts a session's `jti` into its place; the one that was there.
    async fn swap(&self, claims: &Claims, when: &str) -> Outcome<Option<String>> {
        let mut set = cmd("SET");
        set.arg(format!("session:{}", claims.sid)).arg(claims.jti.to_string());
        set.arg("EX").arg(14 * DAYS).arg(when).arg("GET");
        Ok(set.query_async(&mut self.redis.clone()).await?)
    }

    async fn renew(&self, presented: &str) -> Outcome<Option<Tokens>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let presented = self.presented(presented, now)?;
        let before = presented.jti.to_string();
        let refresh = Claims { jti: Uuid::new_v4(), iat: now, exp: now + 14 * DAYS, ..presented };
        if self.swap(&refresh, "XX").await?.is_none_or(|current| current != before) {
            cmd("DEL")
                .arg(format!("session:{}", refresh.sid))
                .exec_async(&mut self.redis.clone())
                .await?;
            return Ok(None);
        }
        let access =
            Claims { aud: AUDIENCE.into(), jti: Uuid::new_v4(), exp: now + 600, ..refresh.clone() };
        Ok(Some(Tokens {
            access_token: self.access_token(&access)?,
            token_type: "Bearer",
            expires_in: 600,
            refresh_token: self.refresh_token(&refresh)?,
        }))
    }
}

/// A token up to its signature.
fn unsigned(alg: &str, claims: &Claims) -> Outcome<String> {
    let mut text = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#));
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut text);
    Ok(text)
}

fn signed(mut text: String, signature: &[u8]) -> String {
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    text
}

async fn refresh(State(issuer): State<Arc<Issuer>>, Json(input): Json<Input>) -> Response {
    match issuer.renew(&input.refresh_token).await {
        Ok(Some(tokens)) => ([(CACHE_CONTROL, "no-store")], Json(tokens)).into_response(),
        Ok(None) | Err(_) => StatusCode::UNAUTHORIZED.into_response(),
    }
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, url, file, sessions] = arguments.as_slice() else {
        return Err("run me by `cargo xtask bench origin`".into());
    };
    let redis = redis::Client::open(url.as_str())?.get_multiplexed_async_connection().await?;
    let issuer = Arc::new(Issuer::new(redis)?);
    let mut tokens = String::new();
    for _ in 0..sessions.parse()? {
        writeln!(tokens, "{}", issuer.begin().await?)?;
    }
    fs::write(file, tokens)?;
    let app = Router::new().route("/auth/refresh", post(refresh)).with_state(issuer);
    axum::serve(TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse()?)).await?, app).await?;
    Ok(())
}
