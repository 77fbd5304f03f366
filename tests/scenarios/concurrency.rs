//! RTR-02: sixteen clients present one refresh token at once. There is one successor, and whoever
//! lost the race is given the winner's.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use e2e::{Client, Outcome, World};
use futures_util::future::try_join_all;

/// How many present the same token.
const CLIENTS: usize = 16;
/// How many families are raced, if the machine is fast enough.
const FAMILIES: usize = 1000;
/// When to stop otherwise.
const PATIENCE: Duration = Duration::from_secs(15);
/// Fewer than this show nothing.
const ENOUGH: usize = 20;

pub(crate) async fn tell(world: &mut World) -> Outcome {
    let (email, password) = world.somebody().await?;
    let origin = world.origin()?;
    let started = Instant::now();
    let mut raced = 0;
    while raced < FAMILIES && started.elapsed() < PATIENCE {
        tokio::try_join!(race(&origin, &email, &password), race(&origin, &email, &password))?;
        raced += 2;
    }
    assert!(raced >= ENOUGH, "only {raced} families in {PATIENCE:?}");
    println!(
        "concurrency: {raced} families x {CLIENTS} concurrent refreshes, 0 with two successors"
    );
    Ok(())
}

async fn race(origin: &Client, email: &str, password: &str) -> Outcome {
    let token = origin.login(email, password).await?.refresh()?;
    let answers = try_join_all((0..CLIENTS).map(|_| origin.refresh(&token))).await?;
    let mut successors = BTreeSet::new();
    for answer in answers {
        successors.insert(answer.expect(200)?.refresh()?);
    }
    assert_eq!(successors.len(), 1, "one token, {} successors", successors.len());
    assert!(!successors.contains(&token), "the successor is the token itself");
    Ok(())
}
