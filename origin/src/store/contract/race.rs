//! Races on real stores.

use std::collections::HashSet;
use std::time::Instant;

use common::TokenId;
use common::rotation::Judgement;
use tokio::task::JoinSet;

use super::Bench;
use super::bench::{PHONE, RETAIN, RULES, Token, new_session};
use crate::port::{RevokeReason, Rotation, Sessions};

const FAMILIES: usize = 1_000;
const RACERS: usize = 16;

/// Families under way at once; the origin too bounds what it takes on.
const AT_ONCE: usize = 16;

pub(super) async fn rtr_02_a_thousand_families_have_one_successor_each<B: Bench>(bench: &B) {
    let started = Instant::now();
    let mut families = JoinSet::new();
    let (mut rotated, mut repeated) = (0, 0);
    for n in 0..FAMILIES {
        if n >= AT_ONCE {
            let (one, others) = families.join_next().await.unwrap().unwrap();
            rotated += one;
            repeated += others;
        }
        families.spawn(race(bench.store().clone()));
    }
    while let Some(family) = families.join_next().await {
        let (one, others) = family.unwrap();
        rotated += one;
        repeated += others;
    }
    println!(
        "{FAMILIES} families, {RACERS} refreshes each: {rotated} rotated, {repeated} repeated, {:?}",
        started.elapsed()
    );
    assert_eq!((rotated, repeated), (FAMILIES, FAMILIES * (RACERS - 1)));
}

/// Presents one token from all sides, and answers how many rotated and how many repeated it.
async fn race<S: Sessions + Clone + 'static>(store: S) -> (usize, usize) {
    let token = Token::of(&store.begin(&new_session("alice")).await.unwrap().unwrap().session);
    let mut racers = JoinSet::new();
    for _ in 0..RACERS {
        let store = store.clone();
        racers.spawn(async move { store.rotate(&token.from(PHONE), &RULES).await.unwrap() });
    }
    let (mut rotated, mut repeated) = (0, 0);
    let mut successors: HashSet<TokenId> = HashSet::new();
    while let Some(outcome) = racers.join_next().await {
        match outcome.unwrap() {
            Rotation::Live { session, judgement, .. } => {
                successors.insert(session.jti);
                match judgement {
                    Judgement::Rotate => rotated += 1,
                    Judgement::Repeat => repeated += 1,
                    other => panic!("{other:?}"),
                }
            }
            ended @ Rotation::Ended { .. } => panic!("{ended:?}"),
        }
    }
    assert_eq!(successors.len(), 1, "a family with two successors");
    (rotated, repeated)
}

pub(super) async fn rtr_07_no_rotation_is_live_after_a_revocation_was_answered<B: Bench>(
    bench: &B,
) {
    let mut pairs = JoinSet::new();
    let (mut before, mut after) = (0, 0);
    for n in 0..FAMILIES {
        if n >= AT_ONCE {
            count(pairs.join_next().await.unwrap().unwrap(), &mut before, &mut after);
        }
        pairs.spawn(refresh_against_logout(bench.store().clone(), n % 4));
    }
    while let Some(pair) = pairs.join_next().await {
        count(pair.unwrap(), &mut before, &mut after);
    }
    println!("{FAMILIES} pairs: {before} refreshes came before the logout, {after} after it");
    assert_eq!(before + after, FAMILIES);
}

fn count(refreshed: bool, before: &mut usize, after: &mut usize) {
    *(if refreshed { before } else { after }) += 1;
}

/// Answers whether the refresh came first. Whichever did, what is left is dead.
async fn refresh_against_logout<S: Sessions + Clone + 'static>(
    store: S,
    head_start: usize,
) -> bool {
    let token = Token::of(&store.begin(&new_session("alice")).await.unwrap().unwrap().session);
    let refresh = {
        let store = store.clone();
        tokio::spawn(async move { store.rotate(&token.from(PHONE), &RULES).await.unwrap() })
    };
    for _ in 0..head_start {
        tokio::task::yield_now().await;
    }
    store.revoke(token.sid, RevokeReason::Logout, RETAIN).await.unwrap();

    let late = store.rotate(&token.from(PHONE), &RULES).await.unwrap();
    assert!(matches!(late, Rotation::Ended { .. }), "{late:?}");
    let Rotation::Live { session, .. } = refresh.await.unwrap() else {
        return false;
    };
    let successor = store.rotate(&Token::of(&session).from(PHONE), &RULES).await.unwrap();
    assert!(matches!(successor, Rotation::Ended { .. }), "{successor:?}");
    true
}
