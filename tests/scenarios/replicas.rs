//! REV-06: four origins on one Redis and one KV, and more logouts in a second than KV takes writes.
//! Then all four are killed before they are done, and one comes back.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use e2e::kv::Write;
use e2e::session::{Course, Deed, Session};
use e2e::{Client, Fleet, Outcome, Plan, Store};
use futures_util::future::try_join_all;

const ORIGINS: usize = 4;
/// The design's bound.
const BOUND: Duration = Duration::from_secs(10);
/// How long an epoch in KV may be lower than one before: until whoever was late is overwritten.
const LATE: Duration = Duration::from_secs(8);
/// How long the publishing may stop when whoever did it is killed: the life of the lease, and a write.
const TAKEOVER: Duration = Duration::from_secs(16);

pub(crate) async fn tell(store: Store) -> Outcome {
    tell_of(store, 120).await
}

pub(crate) async fn tell_at_length(store: Store) -> Outcome {
    tell_of(store, 500).await
}

async fn tell_of(store: Store, logouts: usize) -> Outcome {
    let origins = ORIGINS;
    let mut fleet = Fleet::start(Plan { store, origins, ..Plan::default() }).await?;
    let clients: Vec<Client> = (0..ORIGINS).map(|at| fleet.origin(at)).collect::<Outcome<_>>()?;
    let (email, password) = fleet.somebody().await?;
    let mut sessions = Vec::new();
    while sessions.len() < logouts + logouts / 4 {
        let signed_in = clients.iter().map(|origin| origin.login(&email, &password));
        for answer in try_join_all(signed_in).await? {
            sessions.push(Session::begun(&answer)?);
        }
    }

    let (first, second) = sessions.split_at_mut(logouts);
    let began = Instant::now();
    end_all(first, &clients).await?;
    let took = began.elapsed();
    let refused = refused_at_every_edge(first, &fleet).await?;
    println!(
        "{} logouts at {ORIGINS} origins in {took:?}, all refused at two edges {refused:?} later; {}",
        first.len(),
        written(&fleet.kv.writes())
    );
    assert!(refused <= BOUND);

    end_all(second, &clients).await?;
    for origin in &mut fleet.origins {
        origin.process.kill();
    }
    let killed = Instant::now();
    fleet.origins[0].process.start()?;
    fleet.origins[0].ready().await?;
    // Only KV is asked from here on: what the killed ones had not published must come through it.
    fleet.origins[0].front.refuse();
    let known = clients[0].get_plain("/.well-known/portcullis/head").await?.expect(200)?;
    let epoch = e2e::kv::epoch(known.body.as_bytes()).ok_or("the origin's head has no epoch")?;
    while fleet.kv.value("head").and_then(|head| e2e::kv::epoch(&head)) < Some(epoch) {
        assert!(killed.elapsed() < TAKEOVER, "what was pending at the kill is not published");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!(
        "all origins killed: KV caught up by the one that came back, {:?} later",
        killed.elapsed()
    );
    fleet.kv.empty_caches();
    let cold = fleet.edge_at(0, "cold").await?;
    for session in second.iter() {
        cold.client()?.get("/orders", &session.access).await?.refused(401, "token_revoked")?;
    }
    holds_the_rules(&fleet.kv.writes());
    fleet.end().await
}

async fn end_all(sessions: &mut [Session], clients: &[Client]) -> Outcome {
    let since = Instant::now();
    let logouts = sessions.iter_mut().zip(clients.iter().cycle()).map(async |(session, origin)| {
        while session.attempt(Deed::Logout, origin, "one of many").await? != Course::Done {
            assert!(since.elapsed() < BOUND, "a logout is not taken");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Outcome::Ok(())
    });
    try_join_all(logouts).await?;
    Ok(())
}

/// Until the last of them is refused. The others are asked for behind it: that takes longer than
/// it took them.
async fn refused_at_every_edge(sessions: &[Session], fleet: &Fleet) -> Outcome<Duration> {
    let since = Instant::now();
    let mut took = Duration::ZERO;
    for session in sessions.iter().rev() {
        for at in 0..fleet.edges.len() {
            let edge = fleet.edge(at)?;
            while edge.get("/orders", &session.access).await?.expect_any(&[200, 401])? == 200 {
                assert!(since.elapsed() < BOUND, "edge {at} still lets a session in");
                tokio::time::sleep(Duration::from_millis(50)).await;
                took = since.elapsed();
            }
            edge.get("/orders", &session.access).await?.refused(401, "token_revoked")?;
        }
    }
    Ok(took)
}

fn written(writes: &[Write]) -> String {
    let refused = writes.iter().filter(|write| !write.kept).count();
    let largest = writes.iter().map(|write| write.bytes).max().unwrap_or_default();
    format!("{} writes to KV, {refused} too soon; the largest of {largest} bytes", writes.len())
}

/// No key is written more than once a second, and none of a lower epoch stays.
fn holds_the_rules(writes: &[Write]) {
    // KV itself refuses those; whoever takes over does not know when a key was last written.
    let too_soon = writes.iter().filter(|write| !write.kept).count();
    assert!(too_soon <= 2, "{too_soon} writes within a second of the one before");
    let mut keys: BTreeMap<&str, Vec<&Write>> = BTreeMap::new();
    for write in writes.iter().filter(|write| write.kept) {
        keys.entry(&write.key).or_default().push(write);
    }
    for (key, writes) in keys {
        let mut highest = None;
        for (at, write) in writes.iter().enumerate() {
            let overwritten = writes[at..]
                .iter()
                .any(|later| later.epoch >= highest && later.at - write.at <= LATE);
            assert!(overwritten, "{key}: epoch {:?} after {highest:?}, and stays", write.epoch);
            highest = highest.max(write.epoch);
        }
    }
}
