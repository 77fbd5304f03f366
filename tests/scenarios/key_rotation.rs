//! KEY-03: signing keys change under people who work. Nobody notices a rotation, announced or at
//! once; a revoked key's tokens are refused everywhere, and a refresh token brings a new one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::session::Session;
use e2e::{Client, Fleet, Outcome, Plan, Store};
use serde_json::Value;
use tokio::task::JoinSet;

const PEOPLE: usize = 6;
/// One refresh to so many requests.
const REFRESH: usize = 10;
/// The design's bound.
const BOUND: Duration = Duration::from_secs(10);
/// How often everybody asks with the last key before they stop: for two refreshes at least.
const ENOUGH: usize = 2 * REFRESH;
/// Nothing here takes as long, also where the machine is busy.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a rotation may take here: ten seconds or `tokens.key_announce`, and to be noticed.
const ANNOUNCED: Duration = Duration::from_secs(20);

pub(crate) async fn tell() -> Outcome {
    let settings = vec![("tokens.key_announce".into(), "6s".into())];
    let plan = Plan { store: Store::Redis, origins: 2, settings, ..Plan::default() };
    let mut fleet = Fleet::start(plan).await?;
    let (email, password) = fleet.somebody().await?;
    let places = Places {
        edges: [fleet.edge(0)?.patient(), fleet.edge(1)?.patient()],
        origins: [fleet.origin(0)?.patient(), fleet.origin(1)?.patient()],
    };
    let work = Arc::new(Work::default());
    let mut people = JoinSet::new();
    for who in 0..PEOPLE {
        let session = Session::begun(&places.origins[who % 2].login(&email, &password).await?)?;
        people.spawn(works(who, session, places.clone(), Arc::clone(&work)));
    }

    let first = key_of(&places.origins[0].login(&email, &password).await?.access()?)?;
    let now = changed(&fleet, &places, &["rotate", "--now"], (&email, &password)).await?;
    let ahead = changed(&fleet, &places, &["rotate"], (&email, &password)).await?;
    let began = Instant::now();
    while !work.all_have_worked_with(&ahead.0) {
        // Nobody stops by himself but for a refusal.
        if let Some(person) = people.try_join_next() {
            person??;
        }
        assert!(began.elapsed() < PATIENCE, "somebody works with an old key: {:?}", work.served());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    work.is_over.store(true, Ordering::Relaxed);
    while let Some(person) = people.join_next().await {
        person??;
    }
    let kids = listed(&fleet)?;
    assert!(kids.starts_with(&[first, now.0, ahead.0.clone()]), "{kids:?}");
    println!(
        "key_rotation: at once in {:?}, announced in {:?}; {} requests of {PEOPLE} people, 0 refused",
        now.1,
        ahead.1,
        work.served().iter().map(|(_, _, all)| all).sum::<usize>()
    );

    revoked(&fleet, &places, &ahead.0, (&email, &password)).await?;
    told_to_wait(&fleet, &places, (&email, &password)).await?;
    fleet.end().await
}

/// Where one can go.
#[derive(Clone)]
struct Places {
    edges: [Client; 2],
    origins: [Client; 2],
}

/// What everybody does.
#[derive(Default)]
struct Work {
    is_over: AtomicBool,
    /// For each: the key that the last token was signed with, and how often they were served with one by
    /// that key, and at all.
    served: Mutex<[(String, usize, usize); PEOPLE]>,
}

impl Work {
    fn served(&self) -> [(String, usize, usize); PEOPLE] {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, who: usize, kid: String) {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, with_it, all) = &mut served[who];
        if *key != kid {
            (*key, *with_it) = (kid, 0);
        }
        *with_it += 1;
        *all += 1;
    }

    fn all_have_worked_with(&self, kid: &str) -> bool {
        self.served().iter().all(|(key, with_it, _)| key == kid && *with_it >= ENOUGH)
    }
}

/// Somebody who asks both edges in turn and refreshes now here, now there. Fails at the first answer
/// that is no success.
async fn works(who: usize, mut session: Session, places: Places, work: Arc<Work>) -> Outcome {
    let mut step = who;
    while !work.is_over.load(Ordering::Relaxed) {
        let edge = step % 2;
        let answer = places.edges[edge].get("/orders", &session.access).await?;
        answer
            .expect(200)
            .map_err(|error| format!("{who} at edge {edge}, step {step}: {error}"))?;
        work.count(who, key_of(&session.access)?);
        if step.is_multiple_of(REFRESH) {
            // An edge hears of changes with the answers it passes on; past it, it hears nothing.
            let place = [&places.edges[0], &places.origins[0], &places.origins[1]];
            let place = place[(step / REFRESH) % place.len()];
            let answer = place.refresh(&session.refresh).await?.expect(200)?;
            (session.access, session.refresh) = (answer.access()?, answer.refresh()?);
        }
        step += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Rotates and waits until both origins sign with the new key; its name, and how long it took.
async fn changed(
    fleet: &Fleet,
    places: &Places,
    command: &[&str],
    (email, password): (&str, &str),
) -> Outcome<(String, Duration)> {
    let began = Instant::now();
    let said = fleet.command(&[&["keys"], command].concat())?;
    let new = said.split(' ').next().unwrap_or_default().to_owned();
    for origin in &places.origins {
        while key_of(&origin.login(email, password).await?.access()?)? != new {
            assert!(began.elapsed() < ANNOUNCED, "{command:?}: {said}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    Ok((new, began.elapsed()))
}

/// The key in use is revoked.
async fn revoked(
    fleet: &Fleet,
    places: &Places,
    kid: &str,
    (email, password): (&str, &str),
) -> Outcome {
    let mut sessions = Vec::new();
    for at in 0..PEOPLE {
        sessions.push(Session::begun(&places.origins[at % 2].login(email, password).await?)?);
    }
    for session in &sessions {
        assert_eq!(key_of(&session.access)?, kid);
        for edge in &places.edges {
            edge.get("/orders", &session.access).await?.expect(200)?;
        }
    }
    fleet.command(&["keys", "revoke", kid])?;
    let began = Instant::now();
    for session in &sessions {
        for edge in &places.edges {
            while edge.get("/orders", &session.access).await?.status == 200 {
                assert!(began.elapsed() < BOUND, "a token of a revoked key is let in");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    let refused = began.elapsed();
    for session in &sessions {
        for edge in &places.edges {
            edge.get("/orders", &session.access).await?.refused(401, "token_invalid")?;
        }
    }
    for session in &sessions {
        let renewed = places.edges[0].refresh(&session.refresh).await?.expect(200)?.access()?;
        assert_ne!(key_of(&renewed)?, kid);
        places.edges[0].get("/orders", &renewed).await?.expect(200)?;
    }
    println!(
        "key_rotation: {PEOPLE} tokens of a revoked key refused at both edges {refused:?} later; \
         each refresh token brought one that works"
    );
    Ok(())
}

/// `origin revoke … --wait` returns when the edge refuses.
async fn told_to_wait(fleet: &Fleet, places: &Places, (email, password): (&str, &str)) -> Outcome {
    let session = Session::begun(&places.edges[1].login(email, password).await?)?;
    let ends = Session::begun(&places.edges[1].login(email, password).await?)?;
    let edge = fleet.edges[1].url();
    let probe = format!("{edge}/public/");
    for (scope, others) in [(&["--sid", &ends.sid][..], 200), (&["--everyone"], 401)] {
        let began = Instant::now();
        let said = fleet.command(&[&["revoke"], scope, &["--wait", "--probe", &probe]].concat())?;
        let took = began.elapsed();
        assert!(said.contains("knows it after") && took < BOUND, "{took:?}: {said}");
        places.edges[1].get("/orders", &ends.access).await?.refused(401, "token_revoked")?;
        places.edges[1].get("/orders", &session.access).await?.expect(others)?;
        println!("key_rotation: revoke {} was known at the edge {took:?} later", scope[0]);
    }
    let again = places.edges[1].login(email, password).await?.access()?;
    places.edges[1].get("/orders", &again).await?.expect(200)?;
    Ok(())
}

/// The names of the signing keys, in the order of their turns.
fn listed(fleet: &Fleet) -> Outcome<Vec<String>> {
    let list = fleet.command(&["keys"])?;
    let signing = list.lines().filter(|line| line.contains("  access tokens, "));
    Ok(signing.map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect())
}

/// The key that a token says it was signed with.
fn key_of(token: &str) -> Outcome<String> {
    let header = token.split('.').next().unwrap_or_default();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header)?)?;
    Ok(header["kid"].as_str().ok_or("a token without kid")?.to_owned())
}
