//! The whole process on real parts, publishing to a KV of our own that can have bad days.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Instant;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::SessionId;
use common::revocation::{Head, HeadClaims, Segment, SegmentRef, UnverifiedHead};
use http_body_util::BodyExt as _;
use tempfile::TempDir;
use tokio::task::{JoinHandle, JoinSet};

use super::*;

/// What is in KV and was written to it, and how it answers now.
#[derive(Default)]
struct Kv {
    values: Mutex<BTreeMap<String, Vec<u8>>>,
    /// The heads.
    writes: Mutex<Vec<(Instant, String)>>,
    status: AtomicU16,
    attempts: AtomicUsize,
}

impl Kv {
    async fn start() -> (Arc<Self>, String) {
        let read = async |State(kv): State<Arc<Self>>, Path(key): Path<String>| kv.value(&key);
        let keys = async |State(kv): State<Arc<Self>>| Json(kv.segments());
        let kv = Arc::new(Self { status: AtomicU16::new(200), ..Self::default() });
        let namespace = "/storage/kv/namespaces/portcullis";
        let router = Router::new()
            .route(&format!("{namespace}/values/{{key}}"), put(Self::write).get(read))
            .route(&format!("{namespace}/keys"), get(keys))
            .with_state(Arc::clone(&kv));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (kv, url)
    }

    async fn write(
        State(kv): State<Arc<Self>>,
        Path(key): Path<String>,
        request: Request,
    ) -> (StatusCode, Json<serde_json::Value>) {
        kv.attempts.fetch_add(1, Ordering::SeqCst);
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let status = StatusCode::from_u16(kv.status.load(Ordering::SeqCst)).unwrap();
        if status.is_success() {
            if key == "head" {
                let document = String::from_utf8(body.to_vec()).unwrap();
                kv.names_only_what_is_there(&document);
                kv.writes.lock().unwrap().push((Instant::now(), document));
            }
            kv.values.lock().unwrap().insert(key, body.to_vec());
        }
        (status, Json(serde_json::json!({ "success": status.is_success() })))
    }

    fn value(&self, key: &str) -> (StatusCode, Vec<u8>) {
        match self.values.lock().unwrap().get(key) {
            Some(value) => (StatusCode::OK, value.clone()),
            None => (StatusCode::NOT_FOUND, Vec::new()),
        }
    }

    fn segments(&self) -> serde_json::Value {
        let values = self.values.lock().unwrap();
        let names = values.keys().filter(|key| key.starts_with("segment:"));
        let names: Vec<_> = names.map(|name| serde_json::json!({ "name": name })).collect();
        serde_json::json!({ "success": true, "result": names, "result_info": {"cursor": ""} })
    }

    /// A head comes after all of its segments.
    fn names_only_what_is_there(&self, document: &str) {
        let values = self.values.lock().unwrap();
        for segment in claims(document).segments {
            assert!(values.contains_key(&format!("segment:{}", segment.name)));
        }
    }

    fn count(&self) -> usize {
        self.writes.lock().unwrap().len()
    }
}

/// What a head says.
fn claims(document: &str) -> HeadClaims {
    let payload = document.split('.').nth(1).unwrap();
    HeadClaims::parse(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

struct Replica {
    services: Arc<Services>,
    stop: watch::Sender<bool>,
    running: JoinHandle<Result<(), String>>,
}

impl Replica {
    async fn start(state: &TempDir, kv: &str, heartbeat: &str) -> Self {
        let dir = state.path().join("state").to_string_lossy().into_owned();
        let variables = [
            ("PORTCULLIS__STATE__DIR", dir.as_str()),
            ("PORTCULLIS__SERVER__LISTEN", "127.0.0.1:0"),
            ("PORTCULLIS__SERVER__OPERATOR_LISTEN", "127.0.0.1:0"),
            ("PORTCULLIS__KV__API", kv),
            ("PORTCULLIS__KV__TOKEN", "token"),
            ("PORTCULLIS__KV__HEARTBEAT", heartbeat),
        ];
        let variables = variables.map(|(name, value)| (String::from(name), String::from(value)));
        let config = Config::load(None, variables).unwrap();
        let app = App::build(&config).await.unwrap();
        let services = Arc::clone(&app.services);
        let (stop, stopped) = watch::channel(false);
        let doors = Doors::open(&config.server).await.unwrap();
        let running = tokio::spawn(async move {
            app.run(doors, stopped).await.map_err(|error| error.to_string())
        });
        Self { services, stop, running }
    }

    async fn revoke(&self) -> SessionId {
        let sid = OsRandom.session_id(SystemClock.now_ms());
        self.services.revocation.session(&"u1".parse().unwrap(), sid).await.unwrap();
        sid
    }

    /// What a series of its metrics says.
    fn shows(&self, series: &str) -> f64 {
        let text = self.services.metrics.text().unwrap();
        let of = |line: &str| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok();
        text.lines().find_map(of).unwrap_or_else(|| panic!("no {series}"))
    }

    async fn end(self) {
        self.stop.send_replace(true);
        self.running.await.unwrap().unwrap();
    }
}

/// The last head in KV, checked against the anchor.
fn last_head(kv: &Kv, state: &TempDir) -> Option<Head> {
    let document = kv.writes.lock().unwrap().last()?.1.clone();
    let ring = KeyRing::open(&state.path().join("state")).unwrap();
    let anchor = ring.anchor().clone();
    let read = UnverifiedHead::parse(&document, &anchor).unwrap();
    let good = ring.signature_is_good(&read.check);
    let announced = read.answered(good, "http://localhost:8787", SystemClock.now()).unwrap();
    let (name, now) = (|segment: &SegmentRef| segment.name, SystemClock.now());
    let segments: Vec<_> = claims(&document)
        .segments
        .iter()
        .map(name)
        .map(|name| {
            let bytes = kv.values.lock().unwrap()[&format!("segment:{name}")].clone();
            let digest = digest(&SHA256, &bytes).as_ref().try_into().unwrap();
            Arc::new(Segment::open(name, &bytes, digest).unwrap())
        })
        .collect();
    Some(announced.complete(&segments, now).unwrap())
}

fn holds(kv: &Kv, state: &TempDir, sid: SessionId) -> bool {
    last_head(kv, state).is_some_and(|head| is_in(&head, sid))
}

fn is_in(head: &Head, sid: SessionId) -> bool {
    head.tail().holds(sid.uuid())
        || head.segments().iter().any(|segment| segment.may_hold(sid.uuid()))
}

async fn within(limit: Duration, what: &str, check: impl Fn() -> bool) -> Duration {
    let start = Instant::now();
    while !check() {
        assert!(start.elapsed() < limit, "{what} took more than {limit:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    start.elapsed()
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_in_kv_within_a_second_and_kv_is_written_once_a_second() {
    let state = tempfile::tempdir().unwrap();
    let (kv, url) = Kv::start().await;
    let replica = Replica::start(&state, &url, "30s").await;
    within(5 * SECOND, "the first head", || kv.count() > 0).await;
    let mut slowest = Duration::ZERO;
    for _ in 0..4 {
        let sid = replica.revoke().await;
        let took = within(3 * SECOND, "a revocation", || holds(&kv, &state, sid)).await;
        slowest = slowest.max(took);
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    println!("slowest revocation was in KV after {slowest:?}");
    assert!(slowest < 2 * SECOND);
    for pair in kv.writes.lock().unwrap().windows(2) {
        let gap = pair[1].0 - pair[0].0;
        assert!(gap > Duration::from_millis(900), "two writes within {gap:?}");
    }
    replica.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rev_06_07_19_an_outage_of_kv_loses_nothing_and_stops_nobody() {
    let state = tempfile::tempdir().unwrap();
    let (kv, url) = Kv::start().await;
    let replica = Replica::start(&state, &url, "30s").await;
    within(5 * SECOND, "the first head", || kv.count() > 0).await;
    within(SECOND, "the lease", || replica.shows("portcullis_publisher_leads") > 0.0).await;
    assert!(replica.shows("portcullis_publisher_failures_total") < 1.0);
    let mut revoked = Vec::new();
    for status in [500, 429, 403] {
        kv.status.store(status, Ordering::SeqCst);
        for _ in 0..100 {
            revoked.push(replica.revoke().await);
        }
        tokio::time::sleep(SECOND).await;
    }
    assert!(replica.shows("portcullis_publisher_failures_total") > 0.0);
    assert!(replica.shows("portcullis_publisher_last_success_seconds") > 2.0);
    kv.status.store(200, Ordering::SeqCst);
    let newest = *revoked.last().unwrap();
    within(20 * SECOND, "recovery", || holds(&kv, &state, newest)).await;
    let lost = revoked.iter().filter(|sid| !holds(&kv, &state, **sid)).count();
    assert_eq!(lost, 0, "of {}", revoked.len());
    let published = || replica.shows("portcullis_publisher_epoch");
    within(SECOND, "the epoch", || published() >= replica.shows("portcullis_epoch")).await;
    assert!(replica.shows("portcullis_publisher_last_success_seconds") < 10.0);
    replica.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_heartbeat_shows_edges_that_silence_is_not_blindness() {
    let state = tempfile::tempdir().unwrap();
    let (kv, url) = Kv::start().await;
    let replica = Replica::start(&state, &url, "1s").await;
    within(5 * SECOND, "the first head", || kv.count() > 0).await;
    let first = last_head(&kv, &state).unwrap();
    within(6 * SECOND, "a heartbeat", || last_head(&kv, &state).unwrap().supersedes(&first)).await;
    assert_eq!(last_head(&kv, &state).unwrap().epoch(), first.epoch());
    replica.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_publishes_for_all_and_another_takes_over() {
    let state = tempfile::tempdir().unwrap();
    let (kv, url) = Kv::start().await;
    let first = Replica::start(&state, &url, "30s").await;
    within(5 * SECOND, "the first head", || kv.count() == 1).await;
    let second = Replica::start(&state, &url, "30s").await;
    // Its start is a change, which the first publishes.
    within(4 * SECOND, "the start", || kv.count() == 2).await;
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(kv.count(), 2, "the second waits for the lease");
    let sid = second.revoke().await;
    within(4 * SECOND, "the other replica's revocation", || holds(&kv, &state, sid)).await;
    // It hears of the first one's changes too, so its answers bear the latest epoch.
    first.revoke().await;
    let latest = first.services.epochs.latest();
    within(3 * SECOND, "the epoch", || second.services.epochs.latest() == latest).await;
    first.end().await;
    let sid = second.revoke().await;
    within(4 * SECOND, "the takeover", || holds(&kv, &state, sid)).await;
    second.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pending_at_the_end_is_published() {
    let state = tempfile::tempdir().unwrap();
    let (kv, url) = Kv::start().await;
    let replica = Replica::start(&state, &url, "30s").await;
    within(5 * SECOND, "the first head", || kv.count() > 0).await;
    let sid = replica.revoke().await;
    replica.end().await;
    assert!(holds(&kv, &state, sid));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_head_waits_for_no_pause_after_failures_and_the_lease_is_free() {
    let state = tempfile::tempdir().unwrap();
    let (kv, url) = Kv::start().await;
    let replica = Replica::start(&state, &url, "30s").await;
    within(5 * SECOND, "the first head", || kv.count() > 0).await;
    kv.status.store(500, Ordering::SeqCst);
    let sid = replica.revoke().await;
    // The pause after the fourth failure is four seconds at least.
    within(20 * SECOND, "failures", || kv.attempts.load(Ordering::SeqCst) >= 5).await;
    kv.status.store(200, Ordering::SeqCst);
    let start = Instant::now();
    replica.end().await;
    assert!(start.elapsed() < 3 * SECOND, "it took {:?}", start.elapsed());
    assert!(holds(&kv, &state, sid));
    let next = Replica::start(&state, &url, "30s").await;
    let sid = next.revoke().await;
    within(3 * SECOND, "the next holder", || holds(&kv, &state, sid)).await;
    next.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_went_backwards_in_kv_is_written_over() {
    let state = tempfile::tempdir().unwrap();
    let (kv, url) = Kv::start().await;
    let replica = Replica::start(&state, &url, "60s").await;
    within(5 * SECOND, "the first head", || kv.count() == 1).await;
    let sid = replica.revoke().await;
    within(5 * SECOND, "the second head", || kv.count() == 2).await;
    // What a former holder sent lands late, on top of it.
    let late = kv.writes.lock().unwrap()[0].1.clone();
    kv.values.lock().unwrap().insert(String::from("head"), late.into_bytes());
    within(12 * SECOND, "the repair", || kv.count() == 3).await;
    assert!(holds(&kv, &state, sid));
    kv.values.lock().unwrap().remove("head");
    within(20 * SECOND, "another repair", || kv.count() == 4).await;
    replica.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_in_kv_that_is_ahead_of_the_store_is_overtaken() {
    let state = tempfile::tempdir().unwrap();
    let (kv, url) = Kv::start().await;
    let replica = Replica::start(&state, &url, "60s").await;
    within(5 * SECOND, "the first head", || kv.count() == 1).await;
    replica.end().await;
    let ring = KeyRing::open(&state.path().join("state")).unwrap();
    let mut ahead = claims(&kv.writes.lock().unwrap().last().unwrap().1);
    let epoch = Epoch::new(ahead.epoch.get() + 3_600_000);
    ahead.epoch = epoch;
    let forged = ring.head(&ahead).unwrap();
    kv.values.lock().unwrap().insert(String::from("head"), forged.into_bytes());
    let replica = Replica::start(&state, &url, "60s").await;
    within(8 * SECOND, "a later epoch", || {
        last_head(&kv, &state).is_some_and(|head| head.epoch() > epoch)
    })
    .await;
    replica.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rev_08_more_than_a_tail_goes_into_segments_that_come_before_their_head() {
    let state = tempfile::tempdir().unwrap();
    let (kv, url) = Kv::start().await;
    let replica = Replica::start(&state, &url, "60s").await;
    within(5 * SECOND, "the first head", || kv.count() == 1).await;
    let sids: Vec<_> = (0..25_000).map(|_| OsRandom.session_id(SystemClock.now_ms())).collect();
    let log = &replica.services.revocation.log;
    for batch in sids.chunks(500) {
        let mut blocking = JoinSet::new();
        for sid in batch {
            let (log, id) = (Arc::clone(log), sid.uuid());
            blocking.spawn(async move { log.block(id, Duration::from_hours(1)).await.unwrap() });
        }
        blocking.join_all().await;
    }
    let last = replica.revoke().await;
    within(20 * SECOND, "a short tail", || {
        let document = kv.writes.lock().unwrap().last().unwrap().1.clone();
        holds(&kv, &state, last) && document.len() < 200_000
    })
    .await;
    // Each plan makes one, the last takes in the others'.
    let head = last_head(&kv, &state).unwrap();
    assert!((1..=2).contains(&head.segments().len()), "{}", head.segments().len());
    assert!(sids.iter().all(|sid| is_in(&head, *sid)));
    replica.end().await;

    // Store and KV lose them all: what they were made of is still there.
    kv.values.lock().unwrap().clear();
    let file = state.path().join("state/sessions.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut db = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::query("DELETE FROM segment").execute(&mut db).await.unwrap();
    let written = kv.count();
    let replica = Replica::start(&state, &url, "60s").await;
    within(20 * SECOND, "other segments", || kv.count() > written).await;
    let head = last_head(&kv, &state).unwrap();
    assert!(sids.iter().all(|sid| is_in(&head, *sid)));
    replica.end().await;
}
