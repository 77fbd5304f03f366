//! KEY-02: what should be the origin answers nonsense, too much, too late, or sends the edge elsewhere.
//! The edge goes on with what KV has, in good time.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use e2e::{Fleet, Outcome, Plan, Store};
use serde_json::json;
use xtask::stack::Served;

/// Longer than an edge with traffic takes until its next look.
const LONG_ENOUGH: Duration = Duration::from_secs(6);
/// What is asked of the origin is given up by then.
const PROMPT: Duration = Duration::from_secs(6);
/// What an edge may take up at most, whatever it is sent: a Worker has 128 MB.
const MEMORY: u64 = 128 << 20;

#[derive(Clone, Copy, Debug)]
enum Answer {
    Failure,
    Nothing,
    Page,
    TooMuch,
    Bomb,
    Elsewhere,
}

pub(crate) async fn tell(store: Store) -> Outcome {
    let answer = Arc::new(Mutex::new(Answer::Failure));
    let (asked, led_away) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let elsewhere = {
        let led_away = led_away.clone();
        let count = move || async move {
            led_away.fetch_add(1, Ordering::Relaxed);
        };
        Served::start("elsewhere", 0, Router::new().fallback(count))?
    };
    let (bomb, target) = (bomb()?, format!("http://127.0.0.1:{}/", elsewhere.port()));
    let origin = {
        let (answer, asked) = (answer.clone(), asked.clone());
        let respond = move || {
            asked.fetch_add(1, Ordering::Relaxed);
            let answer = *answer.lock().unwrap_or_else(PoisonError::into_inner);
            respond(answer, bomb.clone(), target.clone())
        };
        Served::start("false-origin", 0, Router::new().fallback(respond))?
    };
    let url = json!(format!("http://127.0.0.1:{}", origin.port()));
    let vars = vec![("ORIGIN_URL".into(), url)];
    let settings = vec![("kv.heartbeat".into(), "1s".into())];
    let plan = Plan { locations: 1, store, vars, settings, ..Plan::default() };
    let mut fleet = Fleet::start(plan).await?;
    let (email, password) = fleet.somebody().await?;
    let token = fleet.origin(0)?.login(&email, &password).await?.access()?;
    let edge = fleet.edge(0)?;
    for kind in [
        Answer::Failure,
        Answer::Nothing,
        Answer::Page,
        Answer::TooMuch,
        Answer::Bomb,
        Answer::Elsewhere,
    ] {
        *answer.lock().unwrap_or_else(PoisonError::into_inner) = kind;
        let (began, before) = (Instant::now(), asked.load(Ordering::Relaxed));
        let mut slowest = Duration::ZERO;
        while began.elapsed() < LONG_ENOUGH || asked.load(Ordering::Relaxed) == before {
            let sent = Instant::now();
            edge.get("/orders", &token).await?.expect(200)?;
            slowest = slowest.max(sent.elapsed());
            assert!(began.elapsed() < LONG_ENOUGH * 4, "{kind:?}: the edge does not look");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(slowest < PROMPT, "{kind:?}: a request took {slowest:?}");
        let memory = fleet.edges[0].memory()?;
        assert!(memory < MEMORY, "{kind:?}: {memory} bytes");
    }
    assert_eq!(led_away.load(Ordering::Relaxed), 0, "a redirect was followed");
    fleet.end().await
}

async fn respond(answer: Answer, bomb: Vec<u8>, elsewhere: String) -> Response<Body> {
    let built = match answer {
        Answer::Failure => Response::builder().status(500).body(Body::empty()),
        Answer::Nothing => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            Response::builder().status(500).body(Body::empty())
        }
        Answer::Page => Response::builder().body(Body::from("<html>Welcome</html>")),
        Answer::TooMuch => Response::builder().body(Body::from(vec![b'A'; 10 << 20])),
        Answer::Bomb => {
            Response::builder().header("content-encoding", "gzip").body(Body::from(bomb))
        }
        Answer::Elsewhere => {
            Response::builder().status(302).header("location", elsewhere).body(Body::empty())
        }
    };
    built.unwrap_or_default()
}

/// A few hundred kilobytes that become two hundred megabytes.
fn bomb() -> Outcome<Vec<u8>> {
    let mut zeros = Command::new("head")
        .args(["-c", "200000000", "/dev/zero"])
        .stdout(Stdio::piped())
        .spawn()?;
    let piped = zeros.stdout.take().ok_or("head has no output")?;
    let packed = Command::new("gzip").arg("-9").stdin(piped).output()?;
    zeros.wait()?;
    assert!(packed.status.success() && packed.stdout.len() < 1 << 20);
    Ok(packed.stdout)
}
