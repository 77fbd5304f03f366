//! PWD-04 and PWD-01: however many sign in at once, memory and everybody's patience stay bounded; and
//! no time tells whether there is an account.

use std::fmt;
use std::time::{Duration, Instant};

use e2e::figures::Figures;
use e2e::{Client, Outcome, Store, World, process};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

/// Passwords hashed at once, and how many may wait.
const PERMITS: u64 = 4;
const QUEUE: u64 = 8;
/// Memory of one hash.
const HASH: u64 = 19 * 1024 * 1024;
/// Who sign in at once, at length.
const CROWD: usize = 200;
/// And otherwise, where so few are hashed and wait.
const SMALL_CROWD: usize = 40;
const FEW: u64 = 2;
/// How often such a crowd comes: on a busy machine its requests may come one after the other.
const CROWDS: usize = 10;
/// How often each kind of sign-in is timed.
const TIMES: usize = 1_000;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

pub(crate) async fn tell() -> Outcome {
    let stage = Stage::set(FEW, FEW).await?;
    for _ in 0..CROWDS {
        let crowd = stage.crowd(SMALL_CROWD).await?;
        println!("passwords: {crowd}");
        assert!(crowd.served() > 0 && !crowd.health.is_empty(), "nobody was served");
        assert!(crowd.most <= stage.base + 2 * FEW * HASH, "{} bytes", crowd.most);
        // Whoever left has left no permit behind.
        stage.origin.login(EMAIL, PASSWORD).await?;
        if crowd.shed().count() > 0 {
            return stage.world.end().await.map(drop);
        }
    }
    Err("nobody was sent away, however many came".into())
}

pub(crate) async fn tell_at_length() -> Outcome {
    let stage = Stage::set(PERMITS, QUEUE).await?;
    a_crowd(&stage).await?;
    no_time_tells(&stage.origin).await?;
    stage.world.end().await.map(drop)
}

/// An origin that hashes few passwords at once, and one account.
struct Stage {
    world: World,
    origin: Client,
    operator: Client,
    process: u32,
    /// Its memory before anybody comes.
    base: u64,
}

/// What became of a crowd.
struct Crowd {
    answers: Vec<(u16, Duration)>,
    health: Vec<Duration>,
    /// The most memory that was in use.
    most: u64,
}

impl Crowd {
    fn served(&self) -> usize {
        self.answers.iter().filter(|(status, _)| [200, 401].contains(status)).count()
    }

    /// How long those waited who were sent away.
    fn shed(&self) -> Figures {
        self.answers.iter().filter(|(status, _)| *status == 503).map(|(_, took)| *took).collect()
    }
}

impl fmt::Display for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let health: Figures = self.health.iter().copied().collect();
        write!(
            f,
            "{} at once: {} served, {} sent away ({}); memory at most {} MiB; /healthz {health}",
            self.answers.len(),
            self.served(),
            self.shed().count(),
            self.shed(),
            self.most >> 20,
        )
    }
}

impl Stage {
    async fn set(permits: u64, queue: u64) -> Outcome<Self> {
        let world = world(permits, queue).await?;
        let ports = world.stack.ports();
        let at = |port: u16| Client::new(format!("http://127.0.0.1:{port}"));
        let (origin, operator) = (at(ports.origin)?, at(ports.operator)?);
        origin.register(EMAIL, PASSWORD).await?;
        let mut stage = Self { world, origin, operator, process: 0, base: 0 };
        stage.process = stage.world.stack.origin().id().ok_or("the origin does not run")?;
        stage.base = process::memory(stage.process)?;
        Ok(stage)
    }

    /// So many come at once, while somebody asks the origin how it is.
    async fn crowd(&self, size: usize) -> Outcome<Crowd> {
        let (mut most, mut health) = (0, Vec::new());
        let watch = async {
            loop {
                let since = Instant::now();
                self.operator.get_plain("/healthz").await?.expect(200)?;
                health.push(since.elapsed());
                most = most.max(process::memory(self.process)?);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let crowd = join_all((0..size).map(|n| async move {
            match n % 4 {
                0 => login(&self.origin, EMAIL, PASSWORD).await,
                1 => login(&self.origin, EMAIL, "a wrong password").await,
                2 => login(&self.origin, "nobody@example.com", PASSWORD).await,
                _ => gone(&self.origin).await,
            }
        }));
        let answers = tokio::select! {
            answers = crowd => answers,
            failed = watch => return failed,
        };
        let answers = answers.into_iter().collect::<Outcome<_>>()?;
        Ok(Crowd { answers, health, most })
    }
}

async fn world(permits: u64, queue: u64) -> Outcome<World> {
    let (permits, queue) = (permits.to_string(), queue.to_string());
    let settings = [
        ("passwords.max_concurrent", permits.as_str()),
        ("passwords.queue", &queue),
        // All of them are on one network, and know no more than two accounts.
        ("limits.sign_in", "1000000/1h"),
        ("limits.account", "1000000"),
        ("limits.sessions", "1000000/1h"),
    ];
    World::start(Store::Embedded, &settings).await
}

/// A sign-in, and how long its answer took.
async fn login(origin: &Client, email: &str, password: &str) -> Outcome<(u16, Duration)> {
    let body = json!({"email": email, "password": password, "delivery": "body"});
    let since = Instant::now();
    let answer = origin.post("/auth/login", &body).await?;
    if answer.expect_any(&[200, 401, 503])? == 503 {
        assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("busy", "2"));
    }
    Ok((answer.status, since.elapsed()))
}

async fn a_crowd(stage: &Stage) -> Outcome {
    let crowd = stage.crowd(CROWD).await?;
    let (shed, health): (_, Figures) = (crowd.shed(), crowd.health.iter().copied().collect());
    println!("passwords: {crowd}; {} MiB before", stage.base >> 20);
    assert!(crowd.served() > 0 && shed.count() > 0, "no crowd");
    let limit = stage.base + PERMITS * HASH + (stage.base + PERMITS * HASH) / 5;
    assert!(crowd.most <= limit, "{} bytes, more than {limit}", crowd.most);
    assert!(health.percentile(99) < Duration::from_millis(100), "{health}");
    // The two seconds of patience, and what a loaded machine adds.
    assert!(shed.max() < Duration::from_millis(2_500), "{shed}");
    // Whoever left has left no permit behind.
    let (status, _) = login(&stage.origin, EMAIL, PASSWORD).await?;
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
