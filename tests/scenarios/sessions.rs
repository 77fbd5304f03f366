//! Where somebody is signed in: ended from elsewhere, one at a time, one token at a time; and who tries
//! too often, by the edge's word.

use std::time::{Duration, Instant};

use e2e::{Answer, Client, Fleet, Outcome, Plan, Store};
use reqwest::Method;
use serde_json::json;

/// From the answer of a revocation to the last request that passes.
const BOUND: Duration = Duration::from_secs(10);

fn settings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
}

pub(crate) async fn tell(store: Store) -> Outcome {
    ended_from_elsewhere(store).await?;
    one_at_a_time(store).await
}

/// Two browsers at two edges: the second ends the first, which is out where it is.
async fn ended_from_elsewhere(store: Store) -> Outcome {
    let mut fleet = Fleet::start(Plan { store, ..Plan::default() }).await?;
    let (email, password) = fleet.somebody().await?;
    let body = json!({"email": email, "password": password});
    let mut first = fleet.edge(0)?.patient();
    let mut second = fleet.edge(1)?.patient();
    for browser in [&mut first, &mut second] {
        browser.browse(Method::POST, "/auth/login", Some(&body)).await?.expect(200)?;
        browser.browse(Method::GET, "/orders", None).await?.expect(200)?;
    }
    let page = second.browse(Method::GET, "/auth/account", None).await?.expect(200)?;
    assert!(page.body.contains("/auth/account/sessions/end-others"), "{}", page.body);
    let list = second.browse(Method::GET, "/auth/sessions", None).await?.expect(200)?.json();
    let sessions = list["sessions"].as_array().cloned().unwrap_or_default();
    assert_eq!(sessions.len(), 2, "{list}");
    let theirs = sessions.iter().find(|session| session["current"] == false);
    let sid = theirs.and_then(|session| session["id"].as_str()).ok_or("no other session")?;
    second.browse(Method::DELETE, &format!("/auth/sessions/{sid}"), None).await?.expect(204)?;
    refused_in_time(&mut first).await?;
    second.browse(Method::GET, "/orders", None).await?.expect(200)?;
    fleet.end().await
}

/// `sessions.policy = "one"` and `tokens.latest_only`, felt at the edge; and limits by its word.
async fn one_at_a_time(store: Store) -> Outcome {
    let strict = settings(&[
        ("sessions.policy", "one"),
        ("tokens.latest_only", "true"),
        ("limits.account", "3"),
    ]);
    let mut fleet =
        Fleet::start(Plan { store, locations: 1, settings: strict, ..Plan::default() }).await?;
    let (email, password) = fleet.somebody().await?;
    let edge = fleet.edge(0)?.patient();
    let first = edge.login(&email, &password).await?;
    edge.get("/orders", &first.access()?).await?.expect(200)?;

    // Sooner, the access token would bear the same id.
    tokio::time::sleep(Duration::from_secs(11)).await;
    let refreshed = edge.refresh(&first.refresh()?).await?.expect(200)?;
    edge.get("/orders", &first.access()?).await?.refused(401, "token_revoked")?;
    edge.get("/orders", &refreshed.access()?).await?.expect(200)?;
    // The same successor again: neither of the two tokens ends the other.
    let again = edge.refresh(&first.refresh()?).await?.expect(200)?;
    for answer in [&refreshed, &again] {
        edge.get("/orders", &answer.access()?).await?.expect(200)?;
    }

    let second = edge.login(&email, &password).await?;
    edge.get("/orders", &second.access()?).await?.expect(200)?;
    edge.get("/orders", &again.access()?).await?.refused(401, "token_revoked")?;
    edge.refresh(&again.refresh()?).await?.refused(401, "refresh_revoked")?;

    limits(&fleet, &email, &password).await?;
    fleet.end().await
}

async fn limits(fleet: &Fleet, email: &str, password: &str) -> Outcome {
    let origin = fleet.origin(0)?.patient();
    // Without the secret all are one, whatever they say: where the account was signed in to from.
    for n in 0..3 {
        let answer =
            tried(&origin, email, "a wrong password", &format!("192.0.2.{n}"), "none").await?;
        answer.refused(401, "credentials_invalid")?;
    }
    let answer = tried(&origin, email, "a wrong password", "192.0.2.9", "none").await?;
    let waiting = answer.refused(429, "rate_limited")?;
    assert!(!waiting.header("retry-after").is_empty());
    let secret = std::fs::read_to_string(fleet.state().join("edge-secret"))?;
    // By the edge's word it is somebody else, with tries of their own.
    let answer = tried(&origin, email, password, "192.0.2.9", secret.trim()).await?;
    answer.expect(200)?;
    Ok(())
}

async fn tried(
    origin: &Client,
    email: &str,
    password: &str,
    address: &str,
    secret: &str,
) -> Outcome<Answer> {
    let body = json!({"email": email, "password": password, "delivery": "body"});
    let request = origin
        .request(Method::POST, "/auth/login")
        .header("x-portcullis-edge", secret)
        .header("x-portcullis-client-ip", address)
        .json(&body);
    origin.send(request).await
}

async fn refused_in_time(browser: &mut Client) -> Outcome {
    let since = Instant::now();
    loop {
        let answer = browser.browse(Method::GET, "/orders", None).await?;
        if answer.status == 401 {
            answer.refused(401, "token_revoked")?;
            return Ok(());
        }
        assert!(since.elapsed() < BOUND, "a session that was ended is still let in");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
