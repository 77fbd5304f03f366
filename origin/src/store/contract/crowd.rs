//! As many sessions as somebody may have, and those that end for a newer one.

use std::sync::Arc;

use common::rotation::Judgement;
use common::{SessionId, TokenId};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Bench;
use super::bench::{
    IDLE, PHONE, RETAIN, RULES, Token, begun, ends, is_blocked, live, new_session, seconds, subject,
};
use crate::port::{Begun, BlockLog, Ended, NewSession, RevokeReason, Rotation, Sessions, Whose};
use crate::store::REMEMBERED;
use crate::store::embedded::bench::EmbeddedBench;
use crate::store::redis::bench::RedisBench;

/// Times are told apart by milliseconds.
async fn a_moment() {
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
}

async fn begin<B: Bench>(bench: &B, name: &str, most: u32) -> Begun {
    a_moment().await;
    bench.store().begin(&NewSession { most, ..new_session(name) }).await.unwrap().unwrap()
}

async fn open<B: Bench>(bench: &B, name: &str) -> Vec<SessionId> {
    let open = bench.store().of(&subject(name)).await.unwrap();
    open.into_iter().map(|session| session.sid).collect()
}

pub(super) async fn beyond_the_most_the_one_unused_for_longest_ends<B: Bench>(bench: &B) {
    let his = begin(bench, "bob", 3).await.session;
    let [one, two, three] = [
        begin(bench, "alice", 3).await,
        begin(bench, "alice", 3).await,
        begin(bench, "alice", 3).await,
    ];
    for begun in [&one, &two, &three] {
        assert_eq!((&begun.ended[..], begun.epoch), (&[][..], None), "there was room");
    }
    a_moment().await;
    let used = live(bench, Token::of(&one.session), PHONE, Judgement::Rotate).await;
    let four = begin(bench, "alice", 3).await;
    assert_eq!(four.ended, [two.session.sid]);
    assert_eq!(four.epoch, Some(bench.store().epoch().await.unwrap()));
    assert_eq!(bench.ended(two.session.sid).await.as_deref(), Some("superseded"));
    ends(bench, Token::of(&two.session), PHONE, Ended::Revoked).await;
    let left = [four.session.sid, three.session.sid, one.session.sid];
    assert_eq!(open(bench, "alice").await, left);
    a_moment().await;
    live(bench, used, PHONE, Judgement::Rotate).await;
    // With fewer than there are, all that is too much ends at once.
    let five = begin(bench, "alice", 2).await;
    assert_eq!(five.ended.len(), 2, "{five:?}");
    assert_eq!(open(bench, "alice").await, [five.session.sid, one.session.sid]);
    live(bench, Token::of(&his), PHONE, Judgement::Rotate).await;
}

pub(super) async fn what_is_over_gives_way_first_or_takes_no_place<B: Bench>(bench: &B) {
    let [oldest, expired, revoked, forgotten] = [
        begin(bench, "alice", 4).await.session,
        begin(bench, "alice", 4).await.session,
        begin(bench, "alice", 4).await.session,
        begin(bench, "alice", 4).await.session,
    ];
    bench.age(oldest.sid, IDLE.saturating_sub(seconds(60))).await;
    bench.age(expired.sid, IDLE + seconds(1)).await;
    bench.store().revoke(revoked.sid, RevokeReason::Logout, RETAIN).await.unwrap();
    bench.age(forgotten.sid, IDLE + REMEMBERED + seconds(1)).await;
    let five = begin(bench, "alice", 3).await;
    assert!(five.ended.is_empty(), "{five:?}");
    let six = begin(bench, "alice", 3).await;
    assert_eq!(six.ended, [expired.sid], "its last access token may live on");
    assert!(is_blocked(bench, expired.sid.uuid()).await);
    assert_eq!(bench.ended(revoked.sid).await.as_deref(), Some("logout"));
    assert_eq!(open(bench, "alice").await, [six.session.sid, five.session.sid, oldest.sid]);
}

pub(super) async fn a_cutoff_leaves_all_places_free<B: Bench>(bench: &B) {
    let old = begun(bench.store()).await;
    let before = bench.store().cut_off().await.unwrap();
    a_moment().await;
    let [one, two] = [begin(bench, "alice", 2).await, begin(bench, "alice", 2).await];
    assert!(one.ended.is_empty() && two.ended.is_empty(), "{one:?} {two:?}");
    assert_eq!(bench.store().epoch().await.unwrap(), before, "{old:?} is refused already");
}

pub(super) async fn a_session_is_somebodys_and_lives_or_not<B: Bench>(bench: &B) {
    let store = bench.store();
    let whose = async |sid| store.whose(sid).await.unwrap();
    let alice = |live| Some(Whose { subject: subject("alice"), live });
    assert_eq!(whose(SessionId::new(Uuid::now_v7())).await, None);
    let [live, revoked, expired] = [begun(store).await, begun(store).await, begun(store).await];
    store.revoke(revoked.sid, RevokeReason::Logout, RETAIN).await.unwrap();
    bench.age(expired.sid, IDLE).await;
    assert_eq!(whose(live.sid).await, alice(true));
    assert_eq!(whose(revoked.sid).await, alice(false));
    assert_eq!(whose(expired.sid).await, alice(false));
    store.cut_off().await.unwrap();
    assert_eq!(whose(live.sid).await, alice(false));
}

const HISTORIES: u64 = 200;
const STEPS: usize = 30;

/// Seconds to age by, up to and beyond what is remembered; no sum of them comes near an end.
const AGES: [u64; 4] = [11, 40, 400_000, 1_212_345];

#[tokio::test(flavor = "multi_thread")]
async fn both_stores_make_room_alike() {
    let embedded = Arc::new(EmbeddedBench::fresh().await);
    let redis = Arc::new(<RedisBench>::fresh().await);
    let mut histories = JoinSet::new();
    let mut ended = 0;
    for seed in 0..HISTORIES {
        if seed >= 32 {
            ended += histories.join_next().await.unwrap().unwrap();
        }
        let (embedded, redis) = (embedded.clone(), redis.clone());
        histories.spawn(async move { history(&*embedded, &*redis, seed).await });
    }
    while let Some(seen) = histories.join_next().await {
        ended += seen.unwrap();
    }
    assert!(ended > 1_000, "{ended} sessions gave way to newer ones");
}

/// One history of one subject; answers how many sessions gave way.
async fn history<A: Bench, B: Bench>(a: &A, b: &B, seed: u64) -> usize {
    let mut rng = SmallRng::seed_from_u64(seed);
    let name = format!("user-{seed}");
    let most = rng.random_range(1..=4);
    let mut known: Vec<Token> = Vec::new();
    let mut ended = 0;
    for n in 0..STEPS {
        a_moment().await;
        let place = format!("seed {seed}, step {n}, {most} at most");
        let one = known.choose(&mut rng).copied();
        match (rng.random_range(0..10), one) {
            (0..5, _) | (_, None) => {
                let mut new = NewSession { most, ..new_session(&name) };
                new.idle = seconds(1_209_607);
                new.absolute = seconds(3_000_017);
                let (one, two) = (a.store().begin(&new).await, b.store().begin(&new).await);
                let (one, two) = (one.unwrap().unwrap(), two.unwrap().unwrap());
                assert_eq!(one.ended, two.ended, "{place}");
                assert_eq!(one.epoch.is_some(), !one.ended.is_empty(), "{place}");
                ended += one.ended.len();
                known.push(Token::of(&one.session));
                assert!(open(a, &name).await.len() <= most as usize, "{place}");
            }
            (5..8, Some(token)) => {
                let mut request = token.from(PHONE);
                request.next_jti = TokenId::new(Uuid::from_u128(rng.random()));
                let one = a.store().rotate(&request, &RULES).await.unwrap();
                let two = b.store().rotate(&request, &RULES).await.unwrap();
                let (one, two) = (told(one), told(two));
                assert_eq!(one, two, "{place}");
                known.retain(|other| other.sid != token.sid);
                known.extend(one.ok());
            }
            (8, Some(token)) => {
                a.store().revoke(token.sid, RevokeReason::Logout, RETAIN).await.unwrap();
                b.store().revoke(token.sid, RevokeReason::Logout, RETAIN).await.unwrap();
            }
            (_, Some(token)) => {
                let by = seconds(*AGES.choose(&mut rng).unwrap());
                a.age(token.sid, by).await;
                b.age(token.sid, by).await;
            }
        }
        assert_eq!(open(a, &name).await, open(b, &name).await, "{place}");
        let sids: Vec<Uuid> = known.iter().map(|token| token.sid.uuid()).collect();
        let blocked = a.store().blocked(&sids).await.unwrap();
        assert_eq!(blocked, b.store().blocked(&sids).await.unwrap(), "{place}");
    }
    ended
}

/// The successor, or why there is none.
fn told(rotation: Rotation) -> Result<Token, Ended> {
    match rotation {
        Rotation::Live { session, .. } => Ok(Token::of(&session)),
        Rotation::Ended { why, .. } => Err(why),
    }
}
