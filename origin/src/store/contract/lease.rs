//! Leases and their fences.

use std::time::Duration;

use uuid::Uuid;

use super::Bench;
use super::bench::seconds;
use crate::port::Leases;

pub(super) async fn a_lease_has_one_holder_at_a_time<B: Bench>(bench: &B) {
    let store = bench.store();
    let [a, b] = [(); 2].map(|()| Uuid::now_v7());
    let first = store.acquire("publish", a, seconds(60)).await.unwrap();
    assert!(first.is_some());
    assert_eq!(store.acquire("publish", b, seconds(60)).await.unwrap(), None);
    assert_eq!(store.acquire("publish", a, seconds(60)).await.unwrap(), first, "extended");

    store.release("publish", b).await.unwrap();
    assert_eq!(store.acquire("publish", b, seconds(60)).await.unwrap(), None, "not b's to give");
    store.release("publish", a).await.unwrap();
    assert!(store.acquire("publish", b, seconds(60)).await.unwrap() > first);
    store.release("publish", a).await.unwrap();
    assert_eq!(store.acquire("publish", a, seconds(60)).await.unwrap(), None);
}

pub(super) async fn each_holder_has_a_higher_fence<B: Bench>(bench: &B) {
    let store = bench.store();
    let short = Duration::from_millis(40);
    let mut last = None;
    for _ in 0..4 {
        let holder = Uuid::now_v7();
        let taken = loop {
            let taken = store.acquire("publish", holder, short).await.unwrap();
            if taken.is_some() {
                break taken;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert!(taken > last);
        last = taken;
    }
}

pub(super) async fn leases_of_other_names_do_not_meet<B: Bench>(bench: &B) {
    let store = bench.store();
    for name in ["publish", "prune"] {
        assert!(store.acquire(name, Uuid::now_v7(), seconds(60)).await.unwrap().is_some());
    }
    store.release("never taken", Uuid::now_v7()).await.unwrap();
}
