//! Revocations that replicas confirm, on a real primary with a real replica.

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::SessionId;
use uuid::Uuid;

use super::RedisStore;
use super::bench::config;
use super::server::Server;
use crate::port::{BlockLog, Ended, NewSession, RevokeReason, Rotation, Sessions, StoreFault};
use crate::store::contract::bench::{
    RETAIN, Token, begun, fresh_jti, is_live, new_session, rotate, subject,
};

struct Pair {
    primary: Arc<Server>,
    replica: Arc<Server>,
}

impl Pair {
    fn start() -> Self {
        let primary = Server::start();
        let replica = Server::replica_of(&primary);
        Self { primary, replica }
    }

    /// A store whose revocations the replica must confirm.
    async fn store(&self) -> RedisStore {
        let url = format!("redis://127.0.0.1:{}", self.primary.port());
        RedisStore::connect(&config(url, 1)).await.unwrap()
    }
}

async fn log_out(store: &RedisStore, sid: SessionId) -> Result<(), StoreFault> {
    store.revoke(sid, RevokeReason::Logout, RETAIN).await.map(drop)
}

fn assert_unavailable(outcome: &Result<(), StoreFault>) {
    assert!(matches!(outcome, Err(StoreFault::Unavailable { .. })), "{outcome:?}");
}

#[tokio::test]
async fn red_02_no_revocation_is_answered_that_no_replica_has() {
    let pair = Pair::start();
    let store = pair.store().await;
    let token = begun(&store).await;
    let forked = Token { jti: fresh_jti(), ..token };
    log_out(&store, SessionId::new(Uuid::now_v7())).await.unwrap();

    pair.replica.signal("STOP");
    let started = Instant::now();
    let outcome = log_out(&store, SessionId::new(Uuid::now_v7())).await;
    assert_unavailable(&outcome);
    assert!(started.elapsed() <= Duration::from_secs(1), "{:?}", started.elapsed());
    let reason = outcome.unwrap_err();
    let reason = std::error::Error::source(&reason).unwrap().to_string();
    assert!(reason.contains("0 of redis.wait_replicas = 1 within 500ms"), "{reason}");

    assert_unavailable(&store.block(Uuid::now_v7(), RETAIN).await.map(drop));
    assert_unavailable(&rotate(&store, forked).await.map(drop));
    assert_unavailable(&store.cut_off().await.map(drop));
    let live = begun(&store).await;
    // Sessions begin and go on: a rotation that is lost is healed forward.
    assert!(is_live(&rotate(&store, live).await));
    begun(&store).await;
    let everyone = store.revoke_all(&subject("alice"), None, RevokeReason::LogoutAll, RETAIN).await;
    assert_unavailable(&everyone.map(drop));

    pair.replica.signal("CONT");
    pair.replica.await_info("master_link_status:up");
    store.revoke_all(&subject("alice"), None, RevokeReason::LogoutAll, RETAIN).await.unwrap();
    let outcome = rotate(&store, forked).await;
    assert!(matches!(outcome, Ok(Rotation::Ended { why: Ended::Revoked, .. })), "{outcome:?}");
}

#[tokio::test]
async fn red_02_asking_again_confirms_nothing_that_is_not_confirmed() {
    let pair = Pair::start();
    let store = pair.store().await;
    let token = begun(&store).await;
    let forked = Token { jti: fresh_jti(), ..token };
    // Another origin: its connections have written nothing yet, so that WAIT alone would find
    // every replica up to date with that.
    let other = pair.store().await;
    pair.replica.signal("STOP");
    assert_unavailable(&log_out(&store, token.sid).await);
    for store in [&store, &other] {
        assert_unavailable(&log_out(store, token.sid).await);
        assert_unavailable(&rotate(store, token).await.map(drop));
        assert_unavailable(&rotate(store, forked).await.map(drop));
    }
    pair.replica.signal("CONT");
    log_out(&other, token.sid).await.unwrap();
}

#[tokio::test]
async fn red_02_a_session_that_gives_way_to_a_newer_one_is_waited_for() {
    let pair = Pair::start();
    let store = pair.store().await;
    let [one, two] = [begun(&store).await, begun(&store).await];
    let begin = async |most| store.begin(&NewSession { most, ..new_session("alice") }).await;
    pair.replica.signal("STOP");
    assert_unavailable(&begin(2).await.map(drop));
    pair.replica.signal("CONT");
    pair.replica.await_info("master_link_status:up");
    assert!(store.blocked(&[one.sid.uuid()]).await.unwrap() == [one.sid.uuid()], "it is out");
    assert_eq!(begin(2).await.unwrap().unwrap().ended, [two.sid]);
}

#[tokio::test(flavor = "multi_thread")]
async fn red_13_nobody_else_waits_while_a_revocation_does() {
    let pair = Pair::start();
    let store = pair.store().await;
    let token = begun(&store).await;
    pair.replica.signal("STOP");
    let waiting: Vec<_> = (0..40)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { log_out(&store, SessionId::new(Uuid::now_v7())).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (mut slowest, mut pings) = (Duration::ZERO, 0);
    while !waiting.iter().any(tokio::task::JoinHandle::is_finished) {
        let started = Instant::now();
        store.ping().await.unwrap();
        slowest = slowest.max(started.elapsed());
        pings += 1;
    }
    assert!(pings > 0);
    // 5 ms on a quiet machine; on a shared connection half a second.
    assert!(slowest < Duration::from_millis(300), "{slowest:?}");
    assert!(is_live(&rotate(&store, token).await));
    for ended in waiting {
        assert_unavailable(&ended.await.unwrap());
    }
}

#[tokio::test]
async fn red_02_a_revocation_lost_in_a_failover_is_told_to_the_next_primary() {
    let pair = Pair::start();
    let store = pair.store().await;
    let token = begun(&store).await;
    pair.replica.await_writes_of(&pair.primary);
    // The primary alone has the revocation, and is gone before it could pass it on.
    pair.replica.kill();
    assert_unavailable(&log_out(&store, token.sid).await);
    pair.primary.kill();
    pair.replica.launch();
    pair.replica.run::<()>(redis::cmd("REPLICAOF").arg("NO").arg("ONE"));
    let next = Server::replica_of(&pair.replica);
    let pair = Pair { primary: pair.replica, replica: next };
    let store = pair.store().await;
    assert!(store.blocked(&[token.sid.uuid()]).await.unwrap().is_empty(), "it was lost");
    log_out(&store, token.sid).await.unwrap();
    let outcome = rotate(&store, token).await;
    assert!(matches!(outcome, Ok(Rotation::Ended { .. })), "{outcome:?}");
}
