//! REV-07, REV-12, REV-18: KV fails in every way it can, holds what nobody wrote, and loses what was
//! written. The origin goes on until its head is there; edges keep the last good one.

use std::time::{Duration, Instant};

use e2e::kv::{Damage, Distance, Fault};
use e2e::{Client, Fleet, Outcome, Plan, Store, kv};
use reqwest::Method;

/// How long writes fail each time.
const FAILING: Duration = Duration::from_millis(1500);
/// The longest that KV may be behind once it works again: the pause after failures, and a write.
const CATCH_UP: Duration = Duration::from_secs(20);
/// An edge with traffic looks every five seconds.
const LOOK: Duration = Duration::from_secs(15);

const DAMAGES: [Damage; 4] = [Damage::Truncated, Damage::Binary, Damage::Empty, Damage::Oversized];

pub(crate) async fn tell(store: Store) -> Outcome {
    let distance = Distance { cache_scale: 0.001, ..Distance::default() };
    let settings = vec![("kv.heartbeat".into(), "1s".into())];
    let locations = DAMAGES.len();
    let mut fleet =
        Fleet::start(Plan { store, locations, distance, settings, ..Plan::default() }).await?;
    // What edges know, they know from KV.
    fleet.origins[0].front.refuse();
    let (email, password) = fleet.somebody().await?;
    let origin = fleet.origin(0)?;
    let good = origin.login(&email, &password).await?.access()?;
    writes_fail(&mut fleet, &origin, &email, &password).await?;
    let known = origin.login(&email, &password).await?.access()?;
    let before = fleet.kv.value("head").ok_or("there is no head")?;
    log_out(&origin, &known).await?;
    caught_up(&fleet, &origin).await?;
    reads_are_damaged(&mut fleet, &good, &known).await?;

    fleet.kv.lose("head");
    caught_up(&fleet, &origin).await?;
    // An old head, as good as any but for its age.
    fleet.kv.overwrite("head", before);
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(7) {
        for at in 0..locations {
            fleet.edge(at)?.get("/orders", &known).await?.refused(401, "token_revoked")?;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    caught_up(&fleet, &origin).await?;
    fleet.end().await
}

/// A logout is answered, and comes to KV as soon as that can be.
async fn writes_fail(fleet: &mut Fleet, origin: &Client, email: &str, password: &str) -> Outcome {
    for fault in [
        Fault::Status(429),
        Fault::Status(500),
        Fault::NotSuccess,
        Fault::DoneBut(503),
        Fault::Slow(Duration::from_secs(1)),
        Fault::Hang,
    ] {
        let token = origin.login(email, password).await?.access()?;
        fleet.kv.api().faults.always(fault);
        log_out(origin, &token).await?;
        tokio::time::sleep(FAILING).await;
        fleet.kv.api().faults.none();
        let took = caught_up(fleet, origin).await?;
        println!("kv_faults: {fault:?} for {FAILING:?}: KV has the head {took:?} later");
        for edge in &fleet.edges {
            refused_in_time(&edge.client()?, &token).await?;
        }
    }
    fleet.kv.api().go_dark();
    let token = origin.login(email, password).await?.access()?;
    log_out(origin, &token).await?;
    fleet.kv.api().come_back()?;
    caught_up(fleet, origin).await?;
    Ok(())
}

/// Each edge is given another damage, and keeps what it knows; one that knows nothing says so.
async fn reads_are_damaged(fleet: &mut Fleet, good: &str, known: &str) -> Outcome {
    for edge in &fleet.edges {
        refused_in_time(&edge.client()?, known).await?;
    }
    let mut complaints = Vec::new();
    for (at, damage) in DAMAGES.into_iter().enumerate() {
        complaints.push(complaints_of(fleet, at)?);
        fleet.kv.location(at)?.faults.always(Fault::Damaged(damage));
    }
    for (at, damage) in DAMAGES.into_iter().enumerate() {
        let (edge, since) = (fleet.edge(at)?, Instant::now());
        while complaints_of(fleet, at)? == complaints[at] {
            edge.get("/orders", good).await?.expect(200)?;
            edge.get("/orders", known).await?.refused(401, "token_revoked")?;
            assert!(since.elapsed() < LOOK, "{damage:?}: the edge says nothing of it");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        edge.get("/orders", good).await?.expect(200)?;
        edge.get("/orders", known).await?.refused(401, "token_revoked")?;
        fleet.edges[at].again().await?;
        for token in [good, known] {
            let refusal = edge.get("/orders", token).await?.refused(503, "keys_unknown")?;
            assert!(!refusal.header("retry-after").is_empty(), "503 without Retry-After");
        }
        edge.get_plain("/public/x").await?.expect(200)?;
        fleet.kv.location(at)?.faults.none();
        fleet.edges[at].informed().await?;
        edge.get("/orders", good).await?.expect(200)?;
        edge.get("/orders", known).await?.refused(401, "token_revoked")?;
    }
    Ok(())
}

fn complaints_of(fleet: &Fleet, at: usize) -> Outcome<usize> {
    let printed = fleet.edges[at].printed()?;
    assert!(!printed.contains("panicked"), "{printed}");
    Ok(printed.matches("head from Kv").count())
}

async fn log_out(origin: &Client, token: &str) -> Outcome {
    let logout = origin.request(Method::POST, "/auth/logout").bearer_auth(token);
    origin.send(logout).await?.expect(204)?;
    Ok(())
}

/// Waits until KV holds a head as new as the origin's.
async fn caught_up(fleet: &Fleet, origin: &Client) -> Outcome<Duration> {
    let since = Instant::now();
    let head = origin.get_plain("/.well-known/portcullis/head").await?.expect(200)?;
    let epoch = kv::epoch(head.body.as_bytes());
    while fleet.kv.value("head").and_then(|head| kv::epoch(&head)) < epoch {
        assert!(since.elapsed() < CATCH_UP, "KV does not catch up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(since.elapsed())
}

async fn refused_in_time(edge: &Client, token: &str) -> Outcome {
    let since = Instant::now();
    while edge.get("/orders", token).await?.status == 200 {
        assert!(since.elapsed() < LOOK, "the edge still lets the session in");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    edge.get("/orders", token).await?.refused(401, "token_revoked")?;
    Ok(())
}
