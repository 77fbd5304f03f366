//! What only Redis can do to us: die, hang, be demoted, forget its scripts.

use std::time::{Duration, Instant};

use common::rotation::Grace;
use common::{SessionId, TokenId};
use redis::cmd;
use uuid::Uuid;

use super::RedisStore;
use super::bench::RedisBench;
use super::keys::Key;
use super::server::Server;
use crate::port::{
    BlockLog, Grant, NewSession, RevokeReason, Rotate, Rotation, RotationRules, Session, Sessions,
    StoreFault,
};
use crate::store::contract::Bench;

const RETAIN: Duration = Duration::from_secs(630);

const RULES: RotationRules = RotationRules {
    grace: Grace { window: Duration::from_secs(30), late_retry: Duration::ZERO },
    retain: RETAIN,
};

async fn begin(store: &RedisStore) -> Session {
    let new = NewSession {
        sid: SessionId::new(Uuid::now_v7()),
        subject: "alice".parse().unwrap(),
        grant: Grant { roles: Vec::new(), email_verified: false },
        jti: TokenId::new(Uuid::now_v7()),
        device: None,
        remember: false,
        idle: Duration::from_secs(3600),
        absolute: Duration::from_secs(7200),
        jitter_permille: 0,
    };
    store.begin(&new).await.unwrap()
}

async fn rotate(store: &RedisStore, session: &Session) -> Result<Rotation, StoreFault> {
    let request = Rotate {
        sid: session.sid,
        generation: session.generation,
        jti: session.jti,
        device: None,
        next_jti: TokenId::new(Uuid::now_v7()),
        jitter_permille: 0,
    };
    store.rotate(&request, &RULES).await
}

fn is_live(outcome: &Result<Rotation, StoreFault>) -> bool {
    matches!(outcome, Ok(Rotation::Live { .. }))
}

async fn assert_unavailable_within_a_second(store: &RedisStore, session: &Session) {
    let started = Instant::now();
    let outcome = rotate(store, session).await;
    assert!(matches!(outcome, Err(StoreFault::Unavailable { .. })), "{outcome:?}");
    let logout = store.revoke(SessionId::new(Uuid::now_v7()), RevokeReason::Logout, RETAIN);
    let first = started.elapsed();
    assert!(matches!(logout.await, Err(StoreFault::Unavailable { .. })));
    assert!(first <= Duration::from_secs(1), "{first:?}");
    assert!(started.elapsed() - first <= Duration::from_secs(1), "{:?}", started.elapsed());
}

/// RED-07 and RED-06 allow five seconds.
async fn assert_back_soon(store: &RedisStore, session: &Session) {
    let started = Instant::now();
    loop {
        let outcome = rotate(store, session).await;
        if is_live(&outcome) {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(5), "{outcome:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn red_08_a_dead_redis_is_told_within_a_second_and_a_restart_keeps_all() {
    let server = Server::start();
    let bench = RedisBench::on(server.clone()).await;
    let store = bench.store();
    let (kept, revoked) = (begin(store).await, begin(store).await);
    let epoch = store.revoke(revoked.sid, RevokeReason::Logout, RETAIN).await.unwrap();

    server.kill();
    assert_unavailable_within_a_second(store, &kept).await;
    assert!(matches!(store.ping().await, Err(StoreFault::Unavailable { .. })));
    server.launch();
    let outcome = rotate(store, &kept).await;
    assert!(is_live(&outcome), "at the first call: {outcome:?}");
    let outcome = rotate(store, &revoked).await;
    assert!(matches!(outcome, Ok(Rotation::Ended { .. })), "{outcome:?}");
    assert_eq!(store.epoch().await.unwrap(), epoch);
    assert_eq!(store.blocked(&[revoked.sid.uuid()]).await.unwrap(), [revoked.sid.uuid()]);
}

#[tokio::test]
async fn red_08_a_restart_between_two_calls_is_not_noticed() {
    let server = Server::start();
    let bench = RedisBench::on(server.clone()).await;
    let session = begin(bench.store()).await;
    server.kill();
    server.launch();
    let outcome = rotate(bench.store(), &session).await;
    assert!(is_live(&outcome), "{outcome:?}");
}

#[tokio::test]
async fn red_07_a_hung_redis_is_told_within_a_second_and_comes_back() {
    let server = Server::start();
    let bench = RedisBench::on(server.clone()).await;
    let session = begin(bench.store()).await;
    server.signal("STOP");
    assert_unavailable_within_a_second(bench.store(), &session).await;
    server.signal("CONT");
    assert_back_soon(bench.store(), &session).await;
}

#[tokio::test]
async fn red_06_a_demoted_redis_is_left_and_found_again() {
    let server = Server::start();
    let bench = RedisBench::on(server.clone()).await;
    let session = begin(bench.store()).await;
    bench.run::<()>(&cmd("REPLICAOF").arg("127.0.0.1").arg(1).take()).await;
    assert_unavailable_within_a_second(bench.store(), &session).await;
    bench.run::<()>(&cmd("REPLICAOF").arg("NO").arg("ONE").take()).await;
    assert_back_soon(bench.store(), &session).await;
}

#[tokio::test]
async fn red_11_scripts_that_redis_forgot_are_sent_again() {
    let bench = RedisBench::fresh().await;
    let session = begin(bench.store()).await;
    bench.run::<()>(&cmd("SCRIPT").arg("FLUSH").take()).await;
    assert!(is_live(&rotate(bench.store(), &session).await));
    bench.run::<()>(&cmd("SCRIPT").arg("FLUSH").take()).await;
    bench.store().revoke(session.sid, RevokeReason::Logout, RETAIN).await.unwrap();
}

#[tokio::test]
async fn rtr_17_after_a_flush_sessions_are_gone_and_epochs_go_on_above() {
    let bench = RedisBench::fresh().await;
    let session = begin(bench.store()).await;
    let before = bench.store().block(Uuid::now_v7(), RETAIN).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2)).await;
    bench.run::<()>(&cmd("FLUSHDB")).await;
    let outcome = rotate(bench.store(), &session).await.unwrap();
    let Rotation::Ended { epoch, .. } = outcome else { panic!("{outcome:?}") };
    assert!(epoch > before);
    let keys: Vec<String> = bench.run(&cmd("KEYS").arg("*").take()).await;
    assert_eq!(keys.len(), 3, "the log alone: {keys:?}");
}

#[tokio::test]
async fn nothing_that_is_kept_could_be_presented_and_all_of_it_lies_in_one_slot() {
    let bench = RedisBench::fresh().await;
    let session = begin(bench.store()).await;
    rotate(bench.store(), &session).await.unwrap();
    bench.store().revoke(session.sid, RevokeReason::Logout, RETAIN).await.unwrap();
    let keys: Vec<String> = bench.run(&cmd("KEYS").arg("*").take()).await;
    assert_eq!(keys.len(), 5, "{keys:?}");
    assert!(keys.iter().all(|key| key.starts_with("{portcullis}:")), "{keys:?}");
    let fields: Vec<String> = bench.run(&cmd("HKEYS").arg(Key::Session(session.sid)).take()).await;
    assert!(fields.iter().all(|field| !field.contains("token")), "{fields:?}");
}

#[tokio::test]
async fn a_session_falls_away_by_itself_after_its_end() {
    let bench = RedisBench::fresh().await;
    let session = begin(bench.store()).await;
    for key in [Key::Session(session.sid), Key::Subject(&session.subject)] {
        let left: u64 = bench.run(&cmd("TTL").arg(key).take()).await;
        assert!((3600..=7200 + 7200).contains(&left), "{key} lives {left} s");
    }
}

#[tokio::test]
async fn keys_of_another_kind_are_a_fault() {
    let bench = RedisBench::fresh().await;
    let session = begin(bench.store()).await;
    bench.run::<()>(&cmd("SET").arg(Key::Session(session.sid)).arg("odd").take()).await;
    bench.run::<()>(&cmd("SET").arg(Key::Epoch).arg("1e3").take()).await;
    let outcome = rotate(bench.store(), &session).await;
    assert!(matches!(outcome, Err(StoreFault::Corrupt { .. })), "{outcome:?}");
    let outcome = bench.store().block(Uuid::now_v7(), RETAIN).await;
    assert!(matches!(outcome, Err(StoreFault::Corrupt { .. })), "{outcome:?}");
    let outcome = bench.store().epoch().await;
    assert!(matches!(outcome, Err(StoreFault::Corrupt { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_url_that_cannot_work_is_named_by_its_key_and_keeps_its_password() {
    for url in [
        "",
        "127.0.0.1:6379",
        "http://user:hunter2@127.0.0.1",
        "rediss://user:hunter2@127.0.0.1",
        "redis://user:hunter2@127.0.0.1:70000",
        "redis://user:hunter2@127.0.0.1:1/0",
        "redis://user:hunter2@127.0.0.1/first",
    ] {
        let Err(error) = RedisStore::connect(url).await else { panic!("{url} works") };
        let mut told = format!("{error} {error:?}");
        let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
        while let Some(inner) = cause {
            told.push_str(&inner.to_string());
            cause = inner.source();
        }
        assert!(told.contains("redis.url"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}
