//! How long after its answer a logout is felt at each edge, measured from outside: sessions are
//! ended past the edges, and every edge is asked with the old tokens until it refuses them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::figures::Figures;
use crate::{Client, Fleet, Outcome, Plan, Store};

/// How often an edge is asked with a token that it may still let in.
const ASKING: Duration = Duration::from_millis(250);
/// How often it is asked afterwards, whether it lets that token in again.
const WATCHING: Duration = Duration::from_secs(1);
/// An edge that has not refused a token by then will not.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long before the first logouts the edges' locations have read the head into their caches: the
/// worst moment but one, and one that can be hit.
const CACHED_BEFORE: Duration = Duration::from_secs(1);
/// Sessions that nobody ends.
const LIVING: usize = 4;

/// From where edges learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mailboxes {
    /// From KV and from the origin.
    Both,
    /// From KV alone: the origin cannot be reached from the edges.
    KvAlone,
}

/// What is measured.
#[derive(Clone, Debug)]
pub struct Course {
    /// From where edges learn.
    pub mailboxes: Mailboxes,
    /// How many sessions are ended: the first half at once when the caches have just been filled.
    pub logouts: usize,
    /// The time over which the others are spread.
    pub over: Duration,
    /// Locations, an edge at each.
    pub locations: usize,
    /// Where sessions are kept.
    pub store: Store,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Propagation {
    /// From a logout's answer to the first refusal, for each logout at each edge.
    pub times: Figures,
    /// Tokens that were let in after they had been refused.
    pub flaps: usize,
    /// Answers that were neither 200 nor the refusal of a revoked token.
    pub strange: Vec<String>,
    /// Answers to living sessions.
    pub good: usize,
}

/// Measures, on a fleet of its own.
///
/// # Errors
/// When a part does not come up, or an edge never refuses a token.
pub async fn measure(course: &Course) -> Outcome<Propagation> {
    let (locations, store) = (course.locations, course.store);
    let mut fleet = Fleet::start(Plan { locations, store, ..Plan::default() }).await?;
    if course.mailboxes == Mailboxes::KvAlone {
        fleet.origins.iter().for_each(|origin| origin.front.refuse());
    }
    let (email, password) = fleet.somebody().await?;
    let origin = fleet.origin(0)?;
    let mut tokens = Vec::new();
    for _ in 0..course.logouts + LIVING {
        tokens.push(origin.login(&email, &password).await?.access()?);
    }
    let edges: Vec<Client> = (0..locations).map(|at| fleet.edge(at)).collect::<Outcome<_>>()?;
    for edge in &edges {
        for token in &tokens {
            edge.get("/orders", token).await?.expect(200)?;
        }
    }

    let (over, is_over) = watch::channel(false);
    let mut living = JoinSet::new();
    for token in tokens.drain(..LIVING) {
        for edge in &edges {
            living.spawn(live(edge.clone(), token.clone(), is_over.clone()));
        }
    }
    fleet.kv.fresh_caches("head", CACHED_BEFORE).await?;
    let mut asking = JoinSet::new();
    let at_once = tokens.len() / 2;
    let pause = course.over / u32::try_from(tokens.len() - at_once)?.max(1);
    let edges = Arc::new(edges);
    for (at, token) in tokens.into_iter().enumerate() {
        let wait = pause * u32::try_from(at.saturating_sub(at_once))?;
        let (origin, edges, is_over) = (origin.clone(), Arc::clone(&edges), is_over.clone());
        asking.spawn(async move {
            tokio::time::sleep(wait).await;
            end(&origin, &edges, &token, is_over).await
        });
    }
    let mut watching = JoinSet::new();
    let mut times = Vec::new();
    while let Some(ended) = asking.join_next().await {
        for (time, watch) in ended?? {
            times.push(time);
            watching.spawn(watch);
        }
    }
    // As long again as an edge takes to look, for one that forgets what it knew.
    tokio::time::sleep(WATCHING * 6).await;
    over.send(true)?;

    let mut found = Propagation { times: times.into_iter().collect(), ..Propagation::default() };
    while let Some(watched) = watching.join_next().await {
        let (flaps, strange) = watched??;
        found.flaps += flaps;
        found.strange.extend(strange);
    }
    while let Some(lived) = living.join_next().await {
        let (good, strange) = lived??;
        found.good += good;
        found.strange.extend(strange);
    }
    fleet.end().await?;
    Ok(found)
}

type Watch = std::pin::Pin<Box<dyn Future<Output = Outcome<(usize, Vec<String>)>> + Send>>;

/// Ends a session at the origin; how long each edge took, and who watches it from then on.
async fn end(
    origin: &Client,
    edges: &[Client],
    token: &str,
    is_over: watch::Receiver<bool>,
) -> Outcome<Vec<(Duration, Watch)>> {
    let logout = origin.request(Method::POST, "/auth/logout").bearer_auth(token);
    origin.patient().send(logout).await?.expect(204)?;
    let ended = Instant::now();
    let refusals = edges.iter().map(|edge| async {
        let time = refused_after(edge, token, ended).await?;
        let watch: Watch = Box::pin(stay_refused(edge.clone(), token.to_owned(), is_over.clone()));
        Outcome::Ok((time, watch))
    });
    futures_util::future::try_join_all(refusals).await
}

async fn refused_after(edge: &Client, token: &str, ended: Instant) -> Outcome<Duration> {
    loop {
        let answer = edge.get("/orders", token).await?;
        let time = ended.elapsed();
        if answer.status == 401 {
            answer.refused(401, "token_revoked")?;
            return Ok(time);
        }
        answer.expect(200)?;
        if time > PATIENCE {
            return Err(format!("an edge lets a session in {time:?} after its end").into());
        }
        tokio::time::sleep(ASKING).await;
    }
}

async fn stay_refused(
    edge: Client,
    token: String,
    is_over: watch::Receiver<bool>,
) -> Outcome<(usize, Vec<String>)> {
    let (mut flaps, mut strange) = (0, Vec::new());
    while !*is_over.borrow() {
        let answer = edge.get("/orders", &token).await?;
        match answer.status {
            401 if answer.code() == "token_revoked" => {}
            200 => flaps += 1,
            _ => strange.push(format!("{}: {}", answer.status, answer.body)),
        }
        tokio::time::sleep(WATCHING).await;
    }
    Ok((flaps, strange))
}

async fn live(
    edge: Client,
    token: String,
    is_over: watch::Receiver<bool>,
) -> Outcome<(usize, Vec<String>)> {
    let (mut good, mut strange) = (0, Vec::new());
    while !*is_over.borrow() {
        let answer = edge.get("/orders", &token).await?;
        if answer.status == 200 {
            good += 1;
        } else {
            strange.push(format!("a living session got {}: {}", answer.status, answer.body));
        }
        tokio::time::sleep(ASKING).await;
    }
    Ok((good, strange))
}
