//! Counters of tries. Times come from the stores' own clocks, so waits are compared roughly, and rows
//! are aged where a day would have to pass.

use std::time::Duration;

use tokio::task::JoinSet;
use uuid::Uuid;

use super::Bench;
use super::bench::seconds;
use crate::port::{Counter, Leave, Patience, Proving, Rate, Tries};

const DAY: Duration = seconds(86_400);

fn counter() -> Counter {
    Counter(Uuid::new_v4().into_bytes())
}

fn proving() -> Proving {
    Proving {
        network: counter(),
        rate: Rate { tries: 1000, span: seconds(600) },
        strangers: counter(),
        spot: counter(),
        patience: Patience {
            free: 10,
            first: seconds(60),
            longest: DAY,
            most: 50,
            memory: DAY * 30,
        },
    }
}

async fn tries<B: Bench>(bench: &B, proving: &Proving) -> Leave {
    bench.store().begin_proof(proving).await.unwrap()
}

fn about(leave: Leave, expected: Duration) {
    let Leave::Wait(wait) = leave else { panic!("granted") };
    assert!(wait <= expected && wait + seconds(20) > expected, "{wait:?}, not {expected:?}");
}

pub(super) async fn a_rate_has_its_tries_at_once_and_then_one_after_the_other<B: Bench>(bench: &B) {
    let (one, rate) = (counter(), Rate { tries: 5, span: seconds(500) });
    let mut racers = JoinSet::new();
    for _ in 0..20 {
        let store = bench.store().clone();
        racers.spawn(async move { store.count(one, rate).await.unwrap() });
    }
    let granted = racers.join_all().await.into_iter().filter(|leave| *leave == Leave::Granted);
    assert_eq!(granted.count(), 5);
    about(bench.store().count(one, rate).await.unwrap(), seconds(100));
    bench.store().uncount(one, rate).await.unwrap();
    assert_eq!(bench.store().count(one, rate).await.unwrap(), Leave::Granted);
    about(bench.store().count(one, rate).await.unwrap(), seconds(100));
    let never = counter();
    bench.store().uncount(never, rate).await.unwrap();
    for _ in 0..5 {
        assert_eq!(bench.store().count(never, rate).await.unwrap(), Leave::Granted);
    }
    about(bench.store().count(never, rate).await.unwrap(), seconds(100));
    assert_eq!(bench.store().count(counter(), rate).await.unwrap(), Leave::Granted);
    bench.store().forget(never).await.unwrap();
    for _ in 0..5 {
        assert_eq!(bench.store().count(never, rate).await.unwrap(), Leave::Granted);
    }
    about(bench.store().count(never, rate).await.unwrap(), seconds(100));
}

pub(super) async fn pwd_06_each_wait_is_twice_the_one_before<B: Bench>(bench: &B) {
    let one = proving();
    for _ in 0..10 {
        assert_eq!(tries(bench, &one).await, Leave::Granted);
    }
    for beyond in 0..40_u32 {
        let wait = seconds(60 << beyond.min(20)).min(DAY);
        about(tries(bench, &one).await, wait);
        bench.age_failures(one.strangers, wait).await;
        // Whose try is refused is not made to wait longer by it.
        assert_eq!(tries(bench, &one).await, Leave::Granted, "{beyond}");
    }
    // NIST SP 800-63B-4 §3.2.2: not more than a hundred, however patient.
    about(tries(bench, &one).await, DAY * 30);
    bench.age_failures(one.strangers, DAY).await;
    about(tries(bench, &one).await, DAY * 29);
}

pub(super) async fn pwd_06_strangers_do_not_lock_out_the_owner<B: Bench>(bench: &B) {
    let store = bench.store();
    let owner = proving();
    assert_eq!(tries(bench, &owner).await, Leave::Granted);
    store.proven(&owner, DAY * 90).await.unwrap();

    let stranger = || Proving { spot: counter(), network: counter(), ..owner.clone() };
    let mut granted = 0;
    for _ in 0..100 {
        granted += usize::from(tries(bench, &stranger()).await == Leave::Granted);
    }
    assert_eq!(granted, 10, "from a hundred addresses no more than from one");

    assert_eq!(tries(bench, &owner).await, Leave::Granted, "the owner, from where it always is");
    store.proven(&owner, DAY * 90).await.unwrap();
    assert_ne!(
        tries(bench, &stranger()).await,
        Leave::Granted,
        "that the owner is in helps nobody"
    );
    store.forget(owner.strangers).await.unwrap();
    assert_eq!(tries(bench, &stranger()).await, Leave::Granted);
}

pub(super) async fn a_spot_is_remembered_without_a_try<B: Bench>(bench: &B) {
    let one = Proving { rate: Rate { tries: 30, span: DAY }, ..proving() };
    while tries(bench, &one).await == Leave::Granted {}
    bench.store().remember(one.spot, DAY).await.unwrap();
    assert_eq!(tries(bench, &one).await, Leave::Granted, "strangers are others");
    let few = Proving { rate: Rate { tries: 1, span: DAY }, ..proving() };
    assert_eq!(tries(bench, &few).await, Leave::Granted);
    bench.store().remember(few.spot, DAY).await.unwrap();
    about(tries(bench, &few).await, DAY);
}

pub(super) async fn a_try_that_does_not_fail_counts_for_nothing<B: Bench>(bench: &B) {
    let one = Proving { rate: Rate { tries: 3, span: DAY }, ..proving() };
    for _ in 0..20 {
        assert_eq!(tries(bench, &one).await, Leave::Granted);
        bench.store().proven(&one, DAY).await.unwrap();
    }
    // Who knows one password and sprays others gets no further by that.
    for _ in 0..3 {
        let other = Proving { strangers: counter(), spot: counter(), ..one.clone() };
        assert_eq!(tries(bench, &other).await, Leave::Granted);
    }
    let other = Proving { strangers: counter(), spot: counter(), ..one.clone() };
    about(tries(bench, &other).await, DAY / 3);
}
