//! PWD-04 and PWD-01: however many sign in at once, memory and everybody's patience stay bounded; and
//! no time tells whether there is an account.

use std::time::{Duration, Instant};

use e2e::figures::Figures;
use e2e::{Client, Outcome, Store, World, process};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

/// Passwords hashed at once.
const PERMITS: u64 = 4;
/// Memory of one hash.
const HASH: u64 = 19 * 1024 * 1024;
/// Who sign in at once.
const CROWD: usize = 200;
/// How often each kind of sign-in is timed.
const TIMES: usize = 1_000;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

pub(crate) async fn tell_at_length() -> Outcome {
    let settings = [
        ("passwords.max_concurrent", "4"),
        ("passwords.queue", "8"),
        // All of them are on one network, and know no more than two accounts.
        ("limits.sign_in", "1000000/1h"),
        ("limits.account", "1000000"),
        ("limits.sessions", "1000000/1h"),
    ];
    let mut world = World::start(Store::Embedded, &settings).await?;
    let ports = world.stack.ports();
    let at = |port: u16| Client::new(format!("http://127.0.0.1:{port}"));
    let (origin, operator) = (at(ports.origin)?, at(ports.operator)?);
    origin.register(EMAIL, PASSWORD).await?;
    let process = world.stack.origin().id().ok_or("the origin does not run")?;
    a_crowd(&origin, &operator, process).await?;
    no_time_tells(&origin).await?;
    world.end().await.map(drop)
}

/// A sign-in, and how long its answer took.
async fn login(origin: &Client, email: &str, password: &str) -> Outcome<(u16, Duration)> {
    let body = json!({"email": email, "password": password, "delivery": "body"});
    let since = Instant::now();
    let answer = origin.post("/auth/login", &body).await?;
    if answer.status == 503 {
        assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("busy", "2"));
    }
    Ok((answer.status, since.elapsed()))
}

async fn a_crowd(origin: &Client, operator: &Client, process: u32) -> Outcome {
    let base = process::memory(process)?;
    let (mut most, mut health) = (base, Vec::new());
    let watch = async {
        loop {
            let since = Instant::now();
            operator.get_plain("/healthz").await?.expect(200)?;
            health.push(since.elapsed());
            most = most.max(process::memory(process)?);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let crowd = join_all((0..CROWD).map(|n| async move {
        match n % 4 {
            0 => login(origin, EMAIL, PASSWORD).await,
            1 => login(origin, EMAIL, "a wrong password").await,
            2 => login(origin, "nobody@example.com", PASSWORD).await,
            _ => gone(origin).await,
        }
    }));
    let answers = tokio::select! {
        answers = crowd => answers,
        failed = watch => return failed,
    };
    let answers = answers.into_iter().collect::<Outcome<Vec<_>>>()?;
    let shed: Figures =
        answers.iter().filter(|(status, _)| *status == 503).map(|(_, took)| *took).collect();
    let served = answers.iter().filter(|(status, _)| [200, 401].contains(status)).count();
    let health: Figures = health.into_iter().collect();
    println!(
        "passwords: {CROWD} at once: {served} served, {} sent away ({shed}); memory {} MiB, then {} MiB; \
         /healthz {health}",
        shed.count(),
        base >> 20,
        most >> 20,
    );
    assert!(served > 0 && shed.count() > 0, "no crowd");
    let limit = base + PERMITS * HASH + (base + PERMITS * HASH) / 5;
    assert!(most <= limit, "{most} bytes, more than {limit}");
    assert!(health.percentile(99) < Duration::from_millis(100), "{health}");
    // The two seconds of patience, and what a loaded machine adds.
    assert!(shed.max() < Duration::from_millis(2_500), "{shed}");
    // Whoever left has left no permit behind.
    let (status, _) = login(origin, EMAIL, PASSWORD).await?;
    assert_eq!(status, 200);
    Ok(())
}

/// A client that does not wait for its answer.
async fn gone(origin: &Client) -> Outcome<(u16, Duration)> {
    let body = json!({"email": EMAIL, "password": PASSWORD});
    let request = origin.request(Method::POST, "/auth/login").json(&body);
    let left = request.timeout(Duration::from_millis(60)).send().await;
    Ok((left.map_or(0, |answer| answer.status().as_u16()), Duration::ZERO))
}

async fn no_time_tells(origin: &Client) -> Outcome {
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for n in 0..TIMES {
        for (email, times) in
            [(EMAIL, &mut known), (&*format!("nobody-{n}@example.com"), &mut unknown)]
        {
            let (status, took) = login(origin, email, "a wrong password").await?;
            assert_eq!(status, 401);
            times.push(took);
        }
    }
    let known: Figures = known.into_iter().collect();
    let unknown: Figures = unknown.into_iter().collect();
    let ratio = unknown.percentile(50).as_secs_f64() / known.percentile(50).as_secs_f64();
    println!("passwords: known {known}; unknown {unknown}; ratio of the medians {ratio:.3}");
    assert!((0.95..=1.05).contains(&ratio), "{ratio}");
    Ok(())
}
