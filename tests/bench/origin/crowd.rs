//! Two hundred people who sign in at the same time: what memory that takes, whether the origin still says
//! that it lives, and how soon those are told who cannot be served.

use std::io::Write as _;
use std::time::{Duration, Instant};

use e2e::figures::Figures;
use e2e::{Client, Outcome, process};
use serde_json::json;
use tokio::task::JoinSet;

use crate::site::{Door, EMAIL, PASSWORD};

const PEOPLE: usize = 200;
/// Of one hash.
const HASH: u64 = 19 * 1024 * 1024;
/// Within which 99 of 100 questions after its health are answered.
const HEALTHY: Duration = Duration::from_millis(100);
/// Within which who is refused knows it, and a little for the way there and back.
const TOLD: Duration = Duration::from_millis(2_200);

/// Measures and prints it; what is not as promised.
pub(crate) async fn measure(door: &Door) -> Outcome<Vec<String>> {
    let mut people = JoinSet::new();
    for _ in 0..PEOPLE {
        let client = Client::new(door.url())?;
        people.spawn(async move {
            let asked = Instant::now();
            let body = json!({"email": EMAIL, "password": PASSWORD, "delivery": "body"});
            let answer = client.post("/auth/login", &body).await?;
            Outcome::Ok((answer.status, asked.elapsed()))
        });
    }
    let health = Client::new(door.operator_url())?;
    let (mut healthy, mut most) = (Vec::new(), 0);
    let (mut served, mut refused) = (Vec::new(), Vec::new());
    while !people.is_empty() {
        let asked = Instant::now();
        health.get_plain("/healthz").await?.expect(200)?;
        healthy.push(asked.elapsed());
        most = most.max(process::memory(door.server)?);
        while let Some(ended) = people.try_join_next() {
            match ended?? {
                (200, took) => served.push(took),
                (503, took) => refused.push(took),
                (status, _) => return Err(format!("a sign-in was answered {status}").into()),
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let [healthy, served, refused] = [healthy, served, refused].map(Figures::from_iter);
    // As many threads hash as the server has cores, and it has one.
    let bound = (door.idle_memory + HASH) * 12 / 10;
    let mega = |bytes: u64| bytes.div_ceil(1024 * 1024);
    let lines = [
        (
            format!(
                "memory {} MiB, of at most {}: {} before the first hash, and one of 19, and a fifth",
                mega(most),
                mega(bound),
                mega(door.idle_memory)
            ),
            most <= bound,
        ),
        (format!("/healthz, {healthy}"), healthy.percentile(99) < HEALTHY),
        (format!("refused by 503, {refused}"), refused.max() <= TOLD),
        (format!("signed in, {served}"), served.count() > 0),
    ];
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{PEOPLE} sign-ins at once")?;
    let mut missed = Vec::new();
    for (line, kept) in lines {
        writeln!(out, "{line}{}", if kept { "" } else { "  MISSED" })?;
        if !kept {
            missed.push(line);
        }
    }
    Ok(missed)
}
