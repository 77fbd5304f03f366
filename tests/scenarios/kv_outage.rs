//! REV-09, REV-10, REV-19: KV and the origin's head are out for twice as long as an edge may be
//! blind, on a scale: what is 15 minutes by default is 14 seconds here. Who is known to be out stays
//! out, who is good is served as his route says, and nobody is signed out by our blindness.

use std::time::{Duration, Instant};

use e2e::{Answer, Client, Fleet, Outcome, Plan, Store};
use reqwest::Method;
use serde_json::json;
use tokio::sync::watch;

const FRESH: u64 = 7;
const STALE: u64 = 14;
/// The design's bound, once all is back.
const BOUND: Duration = Duration::from_secs(10);
const HEAD: &[u8] = b"/.well-known/portcullis/head";
const PROTECTED: [&str; 4] = ["/open", "/closed", "/ask", "/strict"];

pub(crate) async fn tell(store: Store) -> Outcome {
    let rules = json!({"rules": [
        {"path": "/public", "require": "public"},
        {"path": "/closed", "require": "signed-in", "unfresh": "closed"},
        {"path": "/ask", "require": "signed-in", "unfresh": "ask"},
        {"path": "/strict", "require": "signed-in", "unfresh": "always-ask"},
    ]});
    let vars =
        [("FRESH_SECONDS", json!(FRESH)), ("STALE_SECONDS", json!(STALE)), ("POLICY", rules)];
    let vars = vars.into_iter().map(|(name, value)| (name.into(), value)).collect();
    let settings = vec![("kv.heartbeat".into(), "1s".into())];
    let mut fleet =
        Fleet::start(Plan { store, locations: 1, settings, vars, ..Plan::default() }).await?;
    let (email, password) = fleet.somebody().await?;
    let (origin, edge) = (fleet.origin(0)?, fleet.edge(0)?);
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(origin.login(&email, &password).await?.access()?);
    }
    let [good, known, late] = [&tokens[0], &tokens[1], &tokens[2]];
    log_out(&origin, known).await?;
    let ended = Instant::now();
    while edge.get("/open", known).await?.status == 200 {
        assert!(ended.elapsed() < BOUND, "the edge still lets the session in");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for path in PROTECTED {
        edge.get(path, good).await?.expect(200)?;
        edge.get(path, known).await?.refused(401, "token_revoked")?;
    }

    let (over, is_over) = watch::channel(false);
    let watching = tokio::spawn(watch_over(edge.clone(), good.clone(), known.clone(), is_over));
    fleet.kv.sides().for_each(e2e::kv::Side::go_dark);
    fleet.origins[0].front.ban(Some(HEAD));
    let out = Instant::now();
    // It is kept, though no edge can hear of it, and though the origin forgets what it was about to do.
    log_out(&origin, late).await?;
    fleet.origins[0].process.kill();
    fleet.origins[0].process.start()?;
    fleet.origins[0].ready().await?;

    aged(&edge, good, FRESH + 1).await?;
    edge.get("/open", good).await?.expect(200)?;
    come_again(edge.get("/closed", good).await?, "revocations_unknown")?;
    for path in ["/ask", "/strict"] {
        edge.get(path, good).await?.expect(200)?;
        edge.get(path, late).await?.refused(401, "token_revoked")?;
    }
    fleet.origins[0].front.refuse();
    for path in ["/ask", "/strict"] {
        come_again(edge.get(path, good).await?, "origin_unreachable")?;
    }
    edge.get("/open", good).await?.expect(200)?;

    aged(&edge, good, STALE + 1).await?;
    let cold = fleet.edge_at(0, "cold").await?;
    while out.elapsed() < Duration::from_secs(STALE * 2) {
        for path in PROTECTED {
            come_again(edge.get(path, good).await?, "revocations_unknown")?;
            for token in [good, known, late] {
                come_again(cold.client()?.get(path, token).await?, "keys_unknown")?;
            }
        }
        cold.client()?.get_plain("/public").await?.expect(200)?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    for side in fleet.kv.sides() {
        side.come_back()?;
    }
    fleet.origins[0].front.ban(None);
    fleet.origins[0].front.accept();
    let back = Instant::now();
    for client in [edge, cold.client()?] {
        while client.get("/open", good).await?.status != 200 {
            assert!(back.elapsed() < BOUND, "all is back, and good requests are still refused");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for path in PROTECTED {
            client.get(path, good).await?.expect(200)?;
            client.get(path, known).await?.refused(401, "token_revoked")?;
            client.get(path, late).await?.refused(401, "token_revoked")?;
        }
    }
    over.send(true)?;
    let (served, refused) = watching.await??;
    println!(
        "kv_outage: {:?} without KV and the origin's head, fresh {FRESH} s, stale {STALE} s: \
         0 of {refused} known-revoked admitted, {served} good requests served while not stale",
        back - out
    );
    fleet.end().await
}

async fn log_out(origin: &Client, token: &str) -> Outcome {
    let logout = origin.request(Method::POST, "/auth/logout").bearer_auth(token);
    origin.send(logout).await?.expect(204)?;
    Ok(())
}

/// Refused because of what we do not know: not 401, and it says when to come again.
fn come_again(answer: Answer, code: &str) -> Outcome {
    let answer = answer.refused(503, code)?;
    let after: u64 = answer.header("retry-after").parse()?;
    assert!(after > 0, "Retry-After: 0");
    Ok(())
}

/// Waits until the head that the edge goes by is so old, in seconds.
async fn aged(edge: &Client, token: &str, age: u64) -> Outcome {
    let patience = Instant::now() + Duration::from_secs(age + 10);
    while edge.get("/open", token).await?.age()? < age {
        assert!(Instant::now() < patience, "the head does not age: it comes from somewhere");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// From before the outage until after it: who is known to be out is never let in, who is good is
/// never told 401, and is let in as long as the head is not stale.
async fn watch_over(
    edge: Client,
    good: String,
    known: String,
    is_over: watch::Receiver<bool>,
) -> Outcome<(usize, usize)> {
    let (mut served, mut refused) = (0, 0);
    while !*is_over.borrow() {
        for path in PROTECTED {
            edge.get(path, &known).await?.refused(401, "token_revoked")?;
            refused += 1;
            let answer = edge.get(path, &good).await?;
            assert_ne!(answer.status, 401, "{path}: signed out by our blindness");
            if path == "/open" && answer.age()? <= STALE {
                served += 1;
                answer.expect(200)?;
            }
        }
        edge.get_plain("/public").await?.expect(200)?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok((served, refused))
}
