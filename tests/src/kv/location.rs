//! The store as the Worker's binding asks it at one place of the world: plain HTTP from workerd,
//! behind a cache that keeps what it has read, and that there was nothing, for `cacheTtl`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde::Deserialize;

use super::fault::hang;
use super::truth::Truth;
use super::{Distance, Fault, Faults};

/// The shortest `cacheTtl` that the platform takes, in seconds.
const MIN_CACHE_TTL: u64 = 30;
/// What it is when none is asked for.
const USUAL_CACHE_TTL: u64 = 60;

struct Location {
    truth: Arc<Truth>,
    distance: Distance,
    cache: Arc<Cache>,
    faults: Arc<Faults>,
}

/// What was read, also that there was nothing, and until when that is given out again.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<HashMap<String, (Instant, Option<Bytes>)>>);

impl Cache {
    pub(super) fn clear(&self) {
        self.all().clear();
    }

    fn forget(&self, key: &str) {
        self.all().remove(key);
    }

    pub(super) fn holds(&self, key: &str) -> bool {
        self.all().contains_key(key)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, (Instant, Option<Bytes>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn router(
    truth: Arc<Truth>,
    distance: Distance,
    cache: Arc<Cache>,
    faults: Arc<Faults>,
) -> Router {
    let location = Location { truth, distance, cache, faults };
    Router::new().route("/{*key}", get(read).put(write)).with_state(Arc::new(location))
}

/// What workerd adds to a key, of which `urlencoded` is always true.
#[derive(Deserialize)]
struct Asked {
    cache_ttl: Option<u64>,
}

async fn read(
    State(location): State<Arc<Location>>,
    Path(key): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let fault = location.faults.strike();
    match fault {
        Some(Fault::Status(status) | Fault::DoneBut(status)) => return failed(status),
        Some(Fault::NotSuccess | Fault::HalfOfBulk) => return failed(503),
        Some(Fault::Hang) => hang().await,
        Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
        Some(Fault::Damaged(_)) | None => {}
    }
    let ttl = asked.cache_ttl.unwrap_or(USUAL_CACHE_TTL);
    if ttl < MIN_CACHE_TTL {
        return (StatusCode::BAD_REQUEST, "cache_ttl must be at least 30\n").into_response();
    }
    match (location.look_up(&key, ttl), fault) {
        (Some(value), Some(Fault::Damaged(damage))) => damage.done_to(&value).into_response(),
        (Some(value), _) => value.into_response(),
        // Which workerd gives to the Worker as null.
        (None, _) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// How workerd writes for a Worker.
#[derive(Deserialize)]
struct Written {
    expiration_ttl: Option<u64>,
}

/// A Worker writes through its location, which sees its own write at once.
async fn write(
    State(location): State<Arc<Location>>,
    Path(key): Path<String>,
    Query(written): Query<Written>,
    value: Bytes,
) -> Response {
    let life = written.expiration_ttl.map(Duration::from_secs);
    if !location.truth.write(&key, Some(value), life) {
        return failed(429);
    }
    location.cache.forget(&key);
    StatusCode::OK.into_response()
}

fn failed(status: u16) -> Response {
    StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE).into_response()
}

impl Location {
    /// From the cache while that holds; then from the store, as it was a lag ago.
    fn look_up(&self, key: &str, ttl: u64) -> Option<Bytes> {
        let now = Instant::now();
        let mut cache = self.cache.all();
        if let Some((until, value)) = cache.get(key)
            && now < *until
        {
            return value.clone();
        }
        let value = now.checked_sub(self.distance.lag).and_then(|seen| self.truth.at(key, seen));
        let life = Duration::from_secs(ttl).mul_f64(self.distance.cache_scale);
        cache.insert(key.into(), (now + life, value.clone()));
        value
    }
}
