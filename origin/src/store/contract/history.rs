//! Random histories, applied to both stores alike: what one answers, the other answers.

use common::rotation::Judgement;
use common::{SessionId, TokenId};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Bench;
use super::bench::{LAPTOP, PHONE, RETAIN, RULES, Token, device, new_session, seconds, subject};
use crate::port::{BlockLog, Ended, NewSession, RevokeReason, Rotate, Rotation, Sessions};
use crate::store::embedded::bench::EmbeddedBench;
use crate::store::redis::bench::RedisBench;

const HISTORIES: u64 = 600;
const STEPS: usize = 30;

/// Seconds to age by. No sum of them comes near an end, where two clocks could disagree.
const AGES: [u64; 5] = [11, 23, 40, 80_000, 432_000];

/// What is compared: all that does not depend on the moment.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Live(Judgement, u64, TokenId, Option<TokenId>),
    Ended(Ended),
    Open(Vec<(SessionId, u64, TokenId)>),
    Blocked(bool),
    Aged,
}

enum Step {
    Rotate(Rotate),
    Revoke,
    RevokeAll,
    Of,
    Age(u64),
}

#[tokio::test(flavor = "multi_thread")]
async fn both_stores_judge_random_histories_alike() {
    let embedded = std::sync::Arc::new(EmbeddedBench::fresh().await);
    let redis = std::sync::Arc::new(<RedisBench>::fresh().await);
    let mut histories = JoinSet::new();
    let mut judged = std::collections::BTreeMap::<String, usize>::new();
    for seed in 0..HISTORIES {
        if seed >= 32 {
            tally(&mut judged, histories.join_next().await.unwrap().unwrap());
        }
        let (embedded, redis) = (embedded.clone(), redis.clone());
        histories.spawn(async move { history(&*embedded, &*redis, seed).await });
    }
    while let Some(seen) = histories.join_next().await {
        tally(&mut judged, seen.unwrap());
    }
    println!("{HISTORIES} histories of {STEPS} steps: {judged:?}");
    assert_eq!(judged.len(), 10, "each row of the table came up: {judged:?}");
}

fn tally(judged: &mut std::collections::BTreeMap<String, usize>, seen: Vec<String>) {
    for word in seen {
        *judged.entry(word).or_default() += 1;
    }
}

/// One history; answers the judgements that came up.
async fn history<A: Bench, B: Bench>(a: &A, b: &B, seed: u64) -> Vec<String> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut new = new_session(&format!("user-{seed}"));
    new.idle = seconds(1_209_607);
    new.absolute = seconds(3_000_017);
    let first = Token { sid: new.sid, generation: 0, jti: new.jti };
    new.access = Some(TokenId::new(Uuid::from_u128(rng.random())));
    a.store().begin(&new).await.unwrap().unwrap();
    b.store().begin(&new).await.unwrap().unwrap();
    // Half of the issuers count access tokens always, the others as the mood takes them.
    let always = seed.is_multiple_of(2);
    let mut accesses: Vec<Uuid> = new.access.into_iter().map(TokenId::uuid).collect();

    let mut known = vec![first];
    let mut judged = Vec::new();
    for n in 0..STEPS {
        let step = next(&mut rng, &known, always);
        let (one, two) = (apply(a, &new, &step).await, apply(b, &new, &step).await);
        assert_eq!(one, two, "seed {seed}, step {n}");
        match one {
            Seen::Live(judgement, generation, jti, access) => {
                judged.push(format!("{judgement:?}"));
                if let Some(access) = access.map(TokenId::uuid)
                    && !accesses.contains(&access)
                {
                    accesses.push(access);
                }
                known.push(Token { sid: new.sid, generation, jti });
            }
            Seen::Ended(why) => judged.push(format!("{why:?}")),
            _ => {}
        }
        let blocked = (is_blocked(a, new.sid).await, is_blocked(b, new.sid).await);
        assert_eq!(blocked.0, blocked.1, "seed {seed}, step {n}");
        let dead = a.store().blocked(&accesses).await.unwrap();
        assert_eq!(dead, b.store().blocked(&accesses).await.unwrap(), "seed {seed}, step {n}");
        if always {
            assert!(accesses.len() - dead.len() <= 1, "seed {seed}, step {n}: two tokens are good");
        }
    }
    judged
}

fn next(rng: &mut SmallRng, known: &[Token], always: bool) -> Step {
    match rng.random_range(0..100) {
        0..70 => {
            // Mostly the newest or the one before, sometimes any, sometimes one never seen.
            let newest = known.len() - 1;
            let mut token = match rng.random_range(0..20) {
                0..12 => known[newest],
                12..19 => known[newest.saturating_sub(1)],
                _ => *known.choose(rng).unwrap(),
            };
            match rng.random_range(0..60) {
                0 => token.jti = TokenId::new(Uuid::from_u128(rng.random())),
                1 => token.generation += rng.random_range(1..4),
                _ => {}
            }
            Step::Rotate(Rotate {
                sid: token.sid,
                subject: subject("alice"),
                generation: token.generation,
                jti: token.jti,
                device: device(*[PHONE, PHONE, PHONE, LAPTOP, None].choose(rng).unwrap()),
                next_jti: TokenId::new(Uuid::from_u128(rng.random())),
                jitter_permille: rng.random_range(0..=50),
                next_access: (always || rng.random_bool(0.7))
                    .then(|| TokenId::new(Uuid::from_u128(rng.random()))),
            })
        }
        70..71 => Step::Revoke,
        71..72 => Step::RevokeAll,
        72..80 => Step::Of,
        _ => Step::Age(*AGES.choose(rng).unwrap()),
    }
}

async fn apply<B: Bench>(bench: &B, new: &NewSession, step: &Step) -> Seen {
    let store = bench.store();
    match step {
        Step::Rotate(request) => match store.rotate(request, &RULES).await.unwrap() {
            Rotation::Live { session, judgement, .. } => {
                assert!(session.idle_end <= session.absolute_end);
                Seen::Live(judgement, session.generation, session.jti, session.access)
            }
            Rotation::Ended { why, .. } => Seen::Ended(why),
        },
        Step::Revoke => {
            store.revoke(new.sid, RevokeReason::Logout, RETAIN).await.unwrap();
            Seen::Blocked(is_blocked(bench, new.sid).await)
        }
        Step::RevokeAll => {
            store.revoke_all(&new.subject, None, RevokeReason::LogoutAll, RETAIN).await.unwrap();
            Seen::Blocked(is_blocked(bench, new.sid).await)
        }
        Step::Of => {
            let open = store.of(&new.subject).await.unwrap();
            Seen::Open(open.iter().map(|s| (s.sid, s.generation, s.jti)).collect())
        }
        Step::Age(by) => {
            bench.age(new.sid, seconds(*by)).await;
            Seen::Aged
        }
    }
}

async fn is_blocked<B: Bench>(bench: &B, sid: SessionId) -> bool {
    super::bench::is_blocked(bench, sid.uuid()).await
}
