//! Accounts that change.

use common::rotation::Judgement;

use super::Bench;
use super::bench::{PHONE, RULES, Token, begun, live, new_session, seconds, subject};
use crate::port::{Rotation, Sessions};

/// Presents a token, and answers the successor and whether the account changed.
async fn told<B: Bench>(bench: &B, token: Token, expected: Judgement) -> (Token, bool) {
    match bench.store().rotate(&token.from(PHONE), &RULES).await.unwrap() {
        Rotation::Live { session, judgement, account_changed, .. } if judgement == expected => {
            (Token::of(&session), account_changed)
        }
        other => panic!("expected {expected:?}, was {other:?}"),
    }
}

pub(super) async fn a_change_is_told_by_every_rotation_of_that_account<B: Bench>(bench: &B) {
    let store = bench.store();
    let first = begun(store).await;
    let (second, changed) = told(bench, first, Judgement::Rotate).await;
    assert!(!changed);
    store.account_changes(&subject("alice"), seconds(60)).await.unwrap();
    assert!(told(bench, first, Judgement::Repeat).await.1);
    let (third, changed) = told(bench, second, Judgement::Rotate).await;
    assert!(changed);
    bench.age(third.sid, seconds(31)).await;
    assert!(told(bench, second, Judgement::Replace).await.1);
    let other = Token::of(&store.begin(&new_session("alice")).await.unwrap().unwrap().session);
    assert!(told(bench, other, Judgement::Rotate).await.1);
    let ahead = Token { generation: 7, ..other };
    assert!(told(bench, ahead, Judgement::Heal).await.1);
}

pub(super) async fn a_change_is_told_for_its_time_and_the_longest_counts<B: Bench>(bench: &B) {
    let store = bench.store();
    let alice = begun(store).await;
    store.account_changes(&subject("alice"), seconds(60)).await.unwrap();
    store.account_changes(&subject("alice"), seconds(1)).await.unwrap();
    let token = live(bench, alice, PHONE, Judgement::Rotate).await;
    let bob = Token::of(&store.begin(&new_session("bob")).await.unwrap().unwrap().session);
    store.account_changes(&subject("bob"), seconds(1)).await.unwrap();
    tokio::time::sleep(seconds(2)).await;
    assert!(told(bench, token, Judgement::Rotate).await.1);
    assert!(!told_of(bench, "bob", bob).await);
}

async fn told_of<B: Bench>(bench: &B, name: &str, token: Token) -> bool {
    let mut request = token.from(PHONE);
    request.subject = subject(name);
    match bench.store().rotate(&request, &RULES).await.unwrap() {
        Rotation::Live { account_changed, .. } => account_changed,
        other => panic!("{other:?}"),
    }
}
