//! The whole process on real parts, publishing to a KV of our own that can have bad days.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::routing::put;
use axum::{Json, Router};
use common::revocation::{Head, UnverifiedHead};
use common::{SessionId, TokenId};
use http_body_util::BodyExt as _;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::*;

/// What was written to KV, and how it answers now.
#[derive(Default)]
struct Kv {
    writes: Mutex<Vec<(Instant, String)>>,
    status: AtomicU16,
    attempts: AtomicUsize,
}

impl Kv {
    async fn start() -> (Arc<Self>, String) {
        let kv = Arc::new(Self { status: AtomicU16::new(200), ..Self::default() });
        let path = "/storage/kv/namespaces/portcullis/values/head";
        let router = Router::new().route(path, put(Self::write)).with_state(Arc::clone(&kv));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (kv, url)
    }

    async fn write(
        State(kv): State<Arc<Self>>,
        request: Request,
    ) -> (StatusCode, Json<serde_json::Value>) {
        kv.attempts.fetch_add(1, Ordering::SeqCst);
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let status = StatusCode::from_u16(kv.status.load(Ordering::SeqCst)).unwrap();
        if status.is_success() {
            let document = String::from_utf8(body.to_vec()).unwrap();
            kv.writes.lock().unwrap().push((Instant::now(), document));
        }
        (status, Json(serde_json::json!({ "success": status.is_success() })))
    }

    fn count(&self) -> usize {
        self.writes.lock().unwrap().len()
    }
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
        let running = tokio::spawn(async move {
            app.run(&config, stopped).await.map_err(|error| error.to_string())
        });
        Self { services, stop, running }
    }

    async fn revoke(&self) -> SessionId {
        let sid = OsRandom.session_id(SystemClock.now_ms());
        self.services.revocation.session(sid).await.unwrap();
        sid
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
    Some(read.answered(good, "http://localhost:8787", SystemClock.now()).unwrap())
}

fn holds(kv: &Kv, state: &TempDir, sid: SessionId) -> bool {
    let nobody = TokenId::new(Uuid::nil());
    last_head(kv, state).is_some_and(|head| head.blocklist().holds(sid, nobody))
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
    let mut revoked = Vec::new();
    for status in [500, 429, 403] {
        kv.status.store(status, Ordering::SeqCst);
        for _ in 0..100 {
            revoked.push(replica.revoke().await);
        }
        tokio::time::sleep(SECOND).await;
    }
    kv.status.store(200, Ordering::SeqCst);
    let newest = *revoked.last().unwrap();
    within(20 * SECOND, "recovery", || holds(&kv, &state, newest)).await;
    let lost = revoked.iter().filter(|sid| !holds(&kv, &state, **sid)).count();
    assert_eq!(lost, 0, "of {}", revoked.len());
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
    // The second write makes sure of the first, which was a takeover.
    within(15 * SECOND, "both first writes", || kv.count() == 2).await;
    let second = Replica::start(&state, &url, "30s").await;
    // Its start is a change, which the first publishes.
    within(4 * SECOND, "the start", || kv.count() == 3).await;
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(kv.count(), 3, "the second waits for the lease");
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
async fn a_head_is_written_once_more_where_a_late_write_may_have_covered_it() {
    let state = tempfile::tempdir().unwrap();
    let (kv, url) = Kv::start().await;
    let replica = Replica::start(&state, &url, "60s").await;
    // After a takeover, as this is one, and after a failure; each time once.
    within(10 * SECOND, "the second write", || kv.count() == 2).await;
    kv.status.store(500, Ordering::SeqCst);
    replica.revoke().await;
    within(5 * SECOND, "a failure", || kv.attempts.load(Ordering::SeqCst) > 2).await;
    kv.status.store(200, Ordering::SeqCst);
    within(15 * SECOND, "the fourth write", || kv.count() == 4).await;
    tokio::time::sleep(7 * SECOND).await;
    assert_eq!(kv.count(), 4);
    replica.end().await;
}
