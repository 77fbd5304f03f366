//! One session each, and one access token for each session.

use common::TokenId;
use common::rotation::Judgement;
use tokio::task::JoinSet;

use super::Bench;
use super::bench::{
    LAPTOP, PHONE, RETAIN, RULES, Token, begun, ends, fresh_jti, is_blocked, live, new_session,
    seconds, subject,
};
use crate::port::{ACCESS_APART, BlockLog, Ended, NewSession, Rotation, Sessions};

fn alone(name: &str) -> NewSession {
    NewSession { most: 1, ..new_session(name) }
}

pub(super) async fn signing_in_ends_the_older_sessions_where_one_is_all<B: Bench>(bench: &B) {
    let store = bench.store();
    let older = [begun(store).await, begun(store).await];
    let his = Token::of(&store.begin(&new_session("bob")).await.unwrap().unwrap().session);
    let new = alone("alice");
    let first = store.begin(&new).await.unwrap().unwrap();
    assert_eq!(first.epoch, Some(store.epoch().await.unwrap()));
    for token in older {
        assert_eq!(bench.ended(token.sid).await.as_deref(), Some("superseded"));
        ends(bench, token, PHONE, Ended::Revoked).await;
    }
    let second = store.begin(&alone("alice")).await.unwrap().unwrap();
    assert!(second.epoch > first.epoch);
    ends(bench, Token::of(&first.session), PHONE, Ended::Revoked).await;
    live(bench, Token::of(&second.session), PHONE, Judgement::Rotate).await;
    live(bench, his, PHONE, Judgement::Rotate).await;
}

pub(super) async fn of_eight_who_sign_in_at_once_one_is_left<B: Bench>(bench: &B) {
    for _ in 0..20 {
        let mut racers = JoinSet::new();
        for _ in 0..8 {
            let store = bench.store().clone();
            racers
                .spawn(async move { store.begin(&alone("alice")).await.unwrap().unwrap().session });
        }
        let begun = racers.join_all().await;
        let left = bench.store().of(&subject("alice")).await.unwrap();
        assert_eq!(left.len(), 1);
        for session in begun {
            let is_left = session.sid == left[0].sid;
            assert_eq!(is_blocked(bench, session.sid.uuid()).await, !is_left);
        }
    }
}

/// A session whose access tokens are counted: its refresh token and its access token's id.
async fn counted<B: Bench>(bench: &B) -> (Token, TokenId) {
    let first = fresh_jti();
    let new = NewSession { access: Some(first), ..new_session("alice") };
    let session = bench.store().begin(&new).await.unwrap().unwrap().session;
    assert_eq!(session.access, Some(first));
    (Token::of(&session), first)
}

/// Presents a token, and answers the successor, its access token's id, and whether one was ended.
async fn next<B: Bench>(
    bench: &B,
    token: Token,
    device: Option<&str>,
    expected: Judgement,
) -> (Token, TokenId, bool) {
    let mut request = token.from(device);
    request.next_access = Some(fresh_jti());
    match bench.store().rotate(&request, &RULES).await.unwrap() {
        Rotation::Live { session, judgement, epoch, .. } if judgement == expected => {
            if let Some(epoch) = epoch {
                assert_eq!(epoch, bench.store().epoch().await.unwrap());
            }
            (Token::of(&session), session.access.unwrap(), epoch.is_some())
        }
        other => panic!("expected {expected:?}, was {other:?}"),
    }
}

pub(super) async fn a_new_access_token_ends_the_one_before<B: Bench>(bench: &B) {
    let (first, access) = counted(bench).await;
    bench.age(first.sid, ACCESS_APART).await;
    let (second, next_access, ended) = next(bench, first, PHONE, Judgement::Rotate).await;
    assert!(ended && access != next_access);
    assert!(is_blocked(bench, access.uuid()).await);
    assert!(!is_blocked(bench, next_access.uuid()).await);
    assert!(!is_blocked(bench, first.sid.uuid()).await, "the session lives");

    // Two tabs: the one that comes second gets what the first got, and ends nothing.
    for device in [PHONE, LAPTOP] {
        let repeated = next(bench, first, device, Judgement::Repeat).await;
        assert_eq!(repeated, (second, next_access, false));
    }
    assert!(!is_blocked(bench, next_access.uuid()).await);
    bench.age(first.sid, ACCESS_APART).await;
    let (_, last, ended) = next(bench, second, PHONE, Judgement::Rotate).await;
    assert!(ended && is_blocked(bench, next_access.uuid()).await);
    assert!(!is_blocked(bench, last.uuid()).await);
}

pub(super) async fn whoever_refreshes_all_the_time_fills_no_log<B: Bench>(bench: &B) {
    let (mut token, first) = counted(bench).await;
    let mut known = vec![first];
    for _ in 0..4 {
        for _ in 0..5 {
            let (successor, access, ended) = next(bench, token, PHONE, Judgement::Rotate).await;
            assert_ne!(successor.jti, token.jti, "rotated all the same");
            assert_eq!(Some(&access), known.last(), "the same access token again");
            assert!(!ended && !is_blocked(bench, access.uuid()).await);
            token = successor;
        }
        // The time counts from when it was made, not from the last refresh.
        bench.age(token.sid, ACCESS_APART).await;
        let (successor, access, ended) = next(bench, token, PHONE, Judgement::Rotate).await;
        assert!(ended && is_blocked(bench, known.last().unwrap().uuid()).await);
        known.push(access);
        token = successor;
    }
    let page = bench.store().after(common::Epoch::ZERO, 1000).await.unwrap();
    assert_eq!(page.entries.len(), 4, "{page:?}");
}

pub(super) async fn an_access_token_that_was_revoked_does_not_come_again<B: Bench>(bench: &B) {
    let (first, access) = counted(bench).await;
    bench.store().block(access.uuid(), RETAIN).await.unwrap();
    let (_, new, _) = next(bench, first, PHONE, Judgement::Rotate).await;
    assert_ne!(new, access);
    assert!(!is_blocked(bench, new.uuid()).await);
}

pub(super) async fn a_displaced_successor_takes_its_access_token_along<B: Bench>(bench: &B) {
    let (first, _) = counted(bench).await;
    let (_, lost, _) = next(bench, first, PHONE, Judgement::Rotate).await;
    bench.age(first.sid, seconds(31)).await;
    let (_, replaced, ended) = next(bench, first, PHONE, Judgement::Replace).await;
    assert!(ended && is_blocked(bench, lost.uuid()).await);
    assert!(!is_blocked(bench, replaced.uuid()).await);
}

pub(super) async fn red_03_a_healed_session_ends_the_access_token_that_is_known<B: Bench>(
    bench: &B,
) {
    let (first, access) = counted(bench).await;
    bench.age(first.sid, ACCESS_APART).await;
    let ahead = Token { generation: 3, jti: fresh_jti(), ..first };
    let (_, healed, ended) = next(bench, ahead, PHONE, Judgement::Heal).await;
    assert!(ended && is_blocked(bench, access.uuid()).await);
    assert!(!is_blocked(bench, healed.uuid()).await);
}

pub(super) async fn access_tokens_are_forgotten_where_they_are_not_counted<B: Bench>(bench: &B) {
    let (first, access) = counted(bench).await;
    let second = live(bench, first, PHONE, Judgement::Rotate).await;
    assert!(!is_blocked(bench, access.uuid()).await);
    let (_, _, ended) = next(bench, second, PHONE, Judgement::Rotate).await;
    assert!(!ended, "nothing is known to be out");
}
