//! The block log.

use std::time::{SystemTime, UNIX_EPOCH};

use common::Epoch;
use uuid::Uuid;

use super::Bench;
use super::bench::{is_blocked, seconds};
use crate::port::{BlockLog, LogPage};

fn ids(page: &LogPage) -> Vec<Uuid> {
    page.entries.iter().map(|entry| entry.id).collect()
}

pub(super) async fn the_log_answers_what_came_after_an_epoch<B: Bench>(bench: &B) {
    let store = bench.store();
    let empty = store.after(Epoch::ZERO, 1000).await.unwrap();
    assert_eq!((empty.epoch, empty.entries.len()), (Epoch::ZERO, 0));

    let [a, b, c] = [(); 3].map(|()| Uuid::now_v7());
    let at_a = store.block(a, seconds(60)).await.unwrap();
    let at_b = store.block(b, seconds(60)).await.unwrap();
    let at_c = store.block(c, seconds(60)).await.unwrap();
    assert!(at_a < at_b && at_b < at_c);
    for (after, expected) in
        [(Epoch::ZERO, vec![a, b, c]), (at_a, vec![b, c]), (at_b, vec![c]), (at_c, vec![])]
    {
        let page = store.after(after, 1000).await.unwrap();
        assert_eq!((page.epoch, ids(&page)), (at_c, expected));
    }
    let stranger = Uuid::now_v7();
    let mut blocked = store.blocked(&[c, stranger, a]).await.unwrap();
    blocked.sort_unstable();
    assert_eq!(blocked, [a, c]);
    assert!(store.blocked(&[]).await.unwrap().is_empty());
}

pub(super) async fn an_id_keeps_its_later_expiry<B: Bench>(bench: &B) {
    let store = bench.store();
    let id = Uuid::now_v7();
    let first = store.block(id, seconds(600)).await.unwrap();
    let until = store.after(Epoch::ZERO, 1000).await.unwrap().entries[0].expires_at;
    assert_eq!(store.block(id, seconds(60)).await.unwrap(), first, "nothing changed");
    let page = store.after(Epoch::ZERO, 1000).await.unwrap();
    assert_eq!((page.entries.len(), page.entries[0].expires_at), (1, until));

    let later = store.block(id, seconds(6000)).await.unwrap();
    assert!(later > first);
    let page = store.after(first, 1000).await.unwrap();
    assert_eq!(page.entries.len(), 1, "who knows the log up to then learns of the longer life");
    assert!(page.entries[0].expires_at >= until.plus(seconds(5400)));
}

pub(super) async fn expired_entries_are_neither_listed_nor_blocked_and_fall_to_a_prune<B: Bench>(
    bench: &B,
) {
    let store = bench.store();
    let [dead, alive] = [(); 2].map(|()| Uuid::now_v7());
    store.block(dead, seconds(600)).await.unwrap();
    store.block(alive, seconds(600)).await.unwrap();
    assert_eq!(store.prune().await.unwrap(), 0);
    bench.age_blocked(dead, seconds(600)).await;
    assert!(!is_blocked(bench, dead).await);
    assert_eq!(ids(&store.after(Epoch::ZERO, 1000).await.unwrap()), [alive]);

    let epoch = store.epoch().await.unwrap();
    assert_eq!(store.prune().await.unwrap(), 1);
    assert_eq!(store.prune().await.unwrap(), 0);
    assert_eq!(store.epoch().await.unwrap(), epoch, "what expired is no news");
    assert!(is_blocked(bench, alive).await);

    // It can be blocked again.
    assert!(store.block(dead, seconds(600)).await.unwrap() > epoch);
    assert!(is_blocked(bench, dead).await);
}

pub(super) async fn the_log_is_read_page_by_page<B: Bench>(bench: &B) {
    let store = bench.store();
    let mut blocked = Vec::new();
    for _ in 0..23 {
        let id = Uuid::now_v7();
        store.block(id, seconds(60)).await.unwrap();
        blocked.push(id);
    }
    // An entry that is expired takes a place in its page and no more.
    bench.age_blocked(blocked.remove(7), seconds(60)).await;
    let (mut read, mut from, mut pages) = (Vec::new(), Some(Epoch::ZERO), 0);
    while let Some(epoch) = from {
        let page = store.after(epoch, 5).await.unwrap();
        read.extend(ids(&page));
        (from, pages) = (page.next, pages + 1);
    }
    assert_eq!((read, pages), (blocked, 5));
}

pub(super) async fn an_epoch_can_be_set_above_one_that_is_known<B: Bench>(bench: &B) {
    let store = bench.store();
    let now = store.block(Uuid::now_v7(), seconds(60)).await.unwrap();
    let known = Epoch::new(now.get() + 1_000_000);
    assert_eq!(store.advance(known).await.unwrap().get(), known.get() + 1);
    assert_eq!(store.advance(now).await.unwrap().get(), known.get() + 2);
}

pub(super) async fn epochs_grow_also_after_a_rollback<B: Bench>(bench: &B) {
    let store = bench.store();
    let before = store.block(Uuid::now_v7(), seconds(60)).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    for lost in [0, 1, before.get() - 1] {
        bench.set_epoch(lost).await;
        assert!(store.block(Uuid::now_v7(), seconds(60)).await.unwrap() > before);
    }
    // Also when there is nothing to block; that brings no entry.
    let entries = store.after(Epoch::ZERO, 1000).await.unwrap().entries;
    bench.set_epoch(1).await;
    let advanced = store.advance(Epoch::ZERO).await.unwrap();
    assert!(advanced > before);
    let page = store.after(Epoch::ZERO, 1000).await.unwrap();
    assert_eq!((page.epoch, page.entries), (advanced, entries));
    // And in a store whose clock is behind its log.
    let ahead = before.get() + 1_000_000;
    bench.set_epoch(ahead).await;
    assert_eq!(store.block(Uuid::now_v7(), seconds(60)).await.unwrap().get(), ahead + 1);
}

pub(super) async fn epochs_are_milliseconds_or_one_more<B: Bench>(bench: &B) {
    let store = bench.store();
    let mut last = Epoch::ZERO;
    for _ in 0..200 {
        let epoch = store.block(Uuid::now_v7(), seconds(60)).await.unwrap();
        assert!(epoch > last);
        last = epoch;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    assert!(u128::from(last.get()) <= now + 200);
    assert!(u128::from(last.get()) + 60_000 >= now);
}
