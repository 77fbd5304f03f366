//! Cloudflare's REST API for KV, as far as a client of it needs: values, keys and bulk.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::hang;
use super::truth::Truth;
use super::{Fault, Faults, TOKEN};

/// The largest value, in bytes.
const MAX_VALUE: usize = 25 * 1024 * 1024;
/// The longest key, in bytes.
const MAX_KEY: usize = 512;
/// The shortest life of a value, in seconds.
const MIN_LIFE: u64 = 60;
/// The most pairs, and the most bytes, in one bulk write.
const MAX_PAIRS: usize = 10_000;
const MAX_BULK: usize = 100 * 1024 * 1024;
/// The most keys in one list.
const MAX_KEYS: usize = 1000;

#[derive(Clone)]
struct Api {
    truth: Arc<Truth>,
    faults: Arc<Faults>,
}

pub(super) fn router(truth: Arc<Truth>, faults: Arc<Faults>) -> Router {
    let api = Api { truth, faults };
    let namespace = Router::new()
        .route("/values/{key}", put(write).get(read).delete(delete))
        .route("/keys", get(list))
        .route("/bulk", put(write_many))
        .route("/bulk/delete", post(delete_many))
        .layer(DefaultBodyLimit::max(MAX_BULK))
        .layer(from_fn_with_state(api.clone(), guard))
        .with_state(api);
    Router::new().nest("/client/v4/accounts/{account}/storage/kv/namespaces/{namespace}", namespace)
}

/// Who may, and what goes wrong.
async fn guard(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let bearer = format!("Bearer {TOKEN}");
    if request.headers().get(header::AUTHORIZATION).is_none_or(|shown| shown != bearer.as_str()) {
        return refused(StatusCode::FORBIDDEN, 10000, "Authentication error");
    }
    match api.faults.strike() {
        Some(Fault::Status(status)) => return fails(status),
        Some(Fault::NotSuccess) => {
            return refused(StatusCode::OK, 10013, "an unknown error occurred");
        }
        Some(Fault::Hang) => hang().await,
        Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
        Some(Fault::DoneBut(status)) => {
            next.run(request).await;
            return fails(status);
        }
        Some(fault @ Fault::HalfOfBulk) => {
            request.extensions_mut().insert(fault);
        }
        // Nothing that is written is damaged here: what is read is.
        Some(Fault::Damaged(_)) | None => {}
    }
    next.run(request).await
}

#[derive(Deserialize)]
struct Life {
    expiration_ttl: Option<u64>,
}

/// A life too short, in seconds.
struct TooShort(u64);

impl Life {
    fn check(&self) -> Result<Option<Duration>, TooShort> {
        match self.expiration_ttl {
            Some(seconds) if seconds < MIN_LIFE => Err(TooShort(seconds)),
            seconds => Ok(seconds.map(Duration::from_secs)),
        }
    }
}

impl IntoResponse for TooShort {
    fn into_response(self) -> Response {
        let why =
            format!("Invalid expiration_ttl of {}. Expiration TTL must be at least 60.", self.0);
        refused(StatusCode::BAD_REQUEST, 10033, &why)
    }
}

type Named = Path<(String, String, String)>;

async fn write(
    State(api): State<Api>,
    Path((_, _, key)): Named,
    Query(life): Query<Life>,
    value: Body,
) -> Response {
    let life = match life.check() {
        Ok(life) => life,
        Err(too_short) => return too_short.into_response(),
    };
    if key.len() > MAX_KEY {
        return refused(StatusCode::URI_TOO_LONG, 10030, "key is too long");
    }
    let Ok(value) = to_bytes(value, MAX_VALUE).await else {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, 10047, "value is too large");
    };
    if api.truth.write(&key, Some(value), life) { succeeds(&json!({})) } else { too_many() }
}

async fn read(State(api): State<Api>, Path((_, _, key)): Named) -> Response {
    match api.truth.now(&key) {
        Some(value) => value.into_response(),
        None => refused(StatusCode::NOT_FOUND, 10009, "get: 'key not found'"),
    }
}

async fn delete(State(api): State<Api>, Path((_, _, key)): Named) -> Response {
    if api.truth.write(&key, None, None) { succeeds(&json!({})) } else { too_many() }
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    cursor: String,
    limit: Option<usize>,
}

/// The cursor is the last key of the page before.
async fn list(State(api): State<Api>, Query(page): Query<Page>) -> Response {
    let limit = page.limit.unwrap_or(MAX_KEYS).clamp(1, MAX_KEYS);
    let keys = api.truth.keys(&page.prefix, &page.cursor, limit);
    let cursor = keys.last().filter(|_| keys.len() == limit).cloned().unwrap_or_default();
    let names: Vec<Value> = keys.iter().map(|key| json!({"name": key})).collect();
    let info = json!({"count": names.len(), "cursor": cursor});
    let answer = json!({"success": true, "errors": [], "messages": [], "result": names,
        "result_info": info});
    Json(answer).into_response()
}

#[derive(Deserialize)]
struct Pair {
    key: String,
    value: String,
    #[serde(default)]
    base64: bool,
    #[serde(flatten)]
    life: Life,
}

async fn write_many(
    State(api): State<Api>,
    fault: Option<axum::Extension<Fault>>,
    Json(pairs): Json<Vec<Pair>>,
) -> Response {
    if pairs.len() > MAX_PAIRS {
        return refused(StatusCode::BAD_REQUEST, 10026, "too many pairs");
    }
    let mut left_out = Vec::new();
    let mut kept = 0;
    for (at, pair) in pairs.into_iter().enumerate() {
        let life = match pair.life.check() {
            Ok(life) => life,
            Err(too_short) => return too_short.into_response(),
        };
        let value = if pair.base64 {
            STANDARD.decode(&pair.value).unwrap_or_default().into()
        } else {
            Bytes::from(pair.value)
        };
        if (fault.is_some() && at % 2 == 1) || !api.truth.write(&pair.key, Some(value), life) {
            left_out.push(pair.key);
        } else {
            kept += 1;
        }
    }
    succeeds(&json!({"successful_key_count": kept, "unsuccessful_keys": left_out}))
}

async fn delete_many(State(api): State<Api>, Json(keys): Json<Vec<String>>) -> Response {
    let (kept, left_out): (Vec<_>, Vec<_>) =
        keys.into_iter().partition(|key| api.truth.write(key, None, None));
    succeeds(&json!({"successful_key_count": kept.len(), "unsuccessful_keys": left_out}))
}

fn succeeds(result: &Value) -> Response {
    Json(json!({"success": true, "errors": [], "messages": [], "result": result})).into_response()
}

fn too_many() -> Response {
    fails(429)
}

fn fails(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    refused(status, 10013, status.canonical_reason().unwrap_or("an unknown error occurred"))
}

fn refused(status: StatusCode, code: u32, message: &str) -> Response {
    let errors = json!([{"code": code, "message": message}]);
    let answer = json!({"success": false, "errors": errors, "messages": [], "result": null});
    (status, Json(answer)).into_response()
}
