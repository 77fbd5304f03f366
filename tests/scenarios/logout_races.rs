//! A logout is a logout: also for whoever refreshes at that moment (RTR-07), and of all sessions of
//! a user at once (REV-13).

use std::time::{Duration, Instant};

use e2e::session::Session;
use e2e::{Client, Fleet, Outcome, Plan, Store};
use futures_util::future::try_join_all;
use reqwest::Method;

/// The design's bound.
const BOUND: Duration = Duration::from_secs(10);
/// How many sessions a user has who signs out everywhere.
const SESSIONS: usize = 20;
/// How many pairs race at a time.
const AT_A_TIME: usize = 10;

pub(crate) async fn tell(store: Store) -> Outcome {
    tell_of(store, 100).await
}

pub(crate) async fn tell_at_length(store: Store) -> Outcome {
    tell_of(store, 1000).await
}

async fn tell_of(store: Store, pairs: usize) -> Outcome {
    let mut fleet = Fleet::start(Plan { store, locations: 1, ..Plan::default() }).await?;
    everywhere(&mut fleet).await?;
    races(&mut fleet, pairs).await?;
    fleet.end().await
}

async fn everywhere(fleet: &mut Fleet) -> Outcome {
    let (email, password) = fleet.somebody().await?;
    let (origin, edge) = (fleet.origin(0)?, fleet.edge(0)?);
    let signed_in = try_join_all((0..SESSIONS).map(|_| origin.login(&email, &password))).await?;
    let sessions: Vec<Session> = signed_in.iter().map(Session::begun).collect::<Outcome<_>>()?;
    let logout = origin.request(Method::POST, "/auth/logout-all").bearer_auth(&sessions[0].access);
    origin.send(logout).await?.expect(204)?;
    let anew = origin.login(&email, &password).await?;
    for session in &sessions {
        origin.refresh(&session.refresh).await?.refused(401, "refresh_revoked")?;
    }
    let tokens: Vec<String> = sessions.into_iter().map(|session| session.access).collect();
    refused(&edge, &tokens).await?;
    edge.get("/orders", &anew.access()?).await?.expect(200)?;
    origin.refresh(&anew.refresh()?).await?.expect(200)?;
    Ok(())
}

async fn races(fleet: &mut Fleet, pairs: usize) -> Outcome {
    let (email, password) = fleet.somebody().await?;
    let (origin, edge) = (fleet.origin(0)?, fleet.edge(0)?);
    let mut tokens = Vec::new();
    let mut won = 0;
    for round in 0..pairs / AT_A_TIME {
        let races =
            (0..AT_A_TIME).map(|at| race(&origin, &email, &password, (round + at) % 2 == 0));
        for raced in try_join_all(races).await? {
            won += raced.len() - 1;
            tokens.extend(raced);
        }
        // Before the tokens' life is over.
        if tokens.len() >= 400 {
            refused(&edge, &tokens.split_off(0)).await?;
        }
    }
    refused(&edge, &tokens).await?;
    println!("{pairs} refreshes raced a logout, {won} came first: 0 tokens good afterwards");
    Ok(())
}

/// Every access token of a session that was refreshed and ended at once. That no refresh token of
/// it is good is seen here.
async fn race(
    origin: &Client,
    email: &str,
    password: &str,
    refresh_first: bool,
) -> Outcome<Vec<String>> {
    let session = Session::begun(&origin.login(email, password).await?)?;
    let logout = || async {
        let logout = origin.request(Method::POST, "/auth/logout").bearer_auth(&session.access);
        origin.patient().send(logout).await?.expect(204)
    };
    let (refreshed, ended) = if refresh_first {
        tokio::join!(origin.refresh(&session.refresh), logout())
    } else {
        let (ended, refreshed) = tokio::join!(logout(), origin.refresh(&session.refresh));
        (refreshed, ended)
    };
    ended?;
    let refreshed = refreshed?;
    let mut tokens = vec![session.access];
    if refreshed.status == 200 {
        tokens.push(refreshed.access()?);
        origin.refresh(&refreshed.refresh()?).await?.refused(401, "refresh_revoked")?;
    } else {
        refreshed.refused(401, "refresh_revoked")?;
    }
    origin.refresh(&session.refresh).await?.refused(401, "refresh_revoked")?;
    Ok(tokens)
}

async fn refused(edge: &Client, tokens: &[String]) -> Outcome {
    let since = Instant::now();
    for token in tokens {
        while edge.get("/orders", token).await?.status == 200 {
            assert!(since.elapsed() < BOUND, "the edge still lets a session in");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        edge.get("/orders", token).await?.refused(401, "token_revoked")?;
    }
    Ok(())
}
