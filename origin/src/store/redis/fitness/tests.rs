//! Servers that would lose what they are told, and what becomes of it on one that would not.

use std::fs;

use redis::cmd;
use uuid::Uuid;

use super::super::RedisStore;
use super::super::bench::{RedisBench, config};
use super::super::keys::Key;
use super::super::server::Server;
use super::super::tests::SURELY_KEPT;
use super::*;
use crate::port::{BlockLog, RevokeReason, Rotation, Sessions, StoreFault};
use crate::store::contract::Bench;
use crate::store::contract::bench::{RETAIN, begun, is_live, rotate};

/// What is said of a server with these settings.
async fn refusal(settings: &[&str], wait_replicas: u8) -> String {
    let server = Server::start_with(settings);
    let outcome = RedisStore::connect(&config(server.fresh_database(), wait_replicas)).await;
    outcome.err().expect("it starts").to_string()
}

#[tokio::test]
async fn red_10_a_server_that_would_lose_revocations_is_refused_and_how_to_set_it_told() {
    let told = refusal(&["--maxmemory-policy", "allkeys-lru"], 0).await;
    assert!(told.contains("maxmemory-policy is \"allkeys-lru\""), "{told}");
    assert!(told.contains("CONFIG SET maxmemory-policy noeviction"), "{told}");

    let told = refusal(&["--appendonly", "no"], 0).await;
    assert!(told.contains("appendonly is off"), "{told}");
    assert!(told.contains("CONFIG SET appendonly yes"), "{told}");
    assert!(told.contains("redis.require_aof = false"), "{told}");

    let told = refusal(&[], 2).await;
    assert!(told.contains("redis.wait_replicas is 2, but"), "{told}");
    assert!(told.contains("has 0 replicas in sync"), "{told}");

    let told = refusal(&["--cluster-enabled", "yes", "--databases", "1"], 0).await;
    assert!(told.contains("write redis-cluster://"), "{told}");

    let primary = Server::start();
    let replica = Server::replica_of(&primary);
    let told = RedisStore::connect(&config(replica.fresh_database(), 0)).await.err().unwrap();
    assert!(told.to_string().contains("this server is not a primary"), "{told}");

    let forgetful = Server::start_with(&["--appendonly", "no"]);
    let mut accepted = config(forgetful.fresh_database(), 0);
    accepted.require_aof = false;
    RedisStore::connect(&accepted).await.unwrap();
}

#[test]
fn an_old_server_is_refused() {
    let config = config("redis://127.0.0.1".to_owned(), 0);
    let address = Address::parse(config.url.expose()).unwrap();
    for version in ["", "x", "6.2.14"] {
        let info = InfoDict::new(&format!("redis_version:{version}\r\n"));
        assert!(matches!(check(&info, &address, &config), Err(Unfit::Old(_))), "{version}");
    }
    let fit = "redis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n";
    check(&InfoDict::new(fit), &address, &config).unwrap();
}

#[tokio::test]
async fn red_09_a_full_redis_takes_no_more_and_drops_no_revocation() {
    let bench = RedisBench::on(Server::start()).await;
    let store = bench.store();
    let token = begun(store).await;
    let mut blocked = Vec::new();
    for _ in 0..1_000 {
        let id = Uuid::now_v7();
        store.block(id, RETAIN).await.unwrap();
        blocked.push(id);
    }
    let limit = |bytes: u64| cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes).take();
    bench.run::<()>(&limit(1_000_000)).await;
    for outcome in [
        store.block(Uuid::now_v7(), RETAIN).await.map(drop),
        store.revoke(token.sid, RevokeReason::Logout, RETAIN).await.map(drop),
        rotate(store, token).await.map(drop),
    ] {
        assert!(matches!(outcome, Err(StoreFault::Unavailable { .. })), "{outcome:?}");
    }
    assert_eq!(store.blocked(&blocked).await.unwrap(), blocked);
    let evicted: InfoDict = bench.run(&cmd("INFO").arg("STATS").take()).await;
    assert_eq!(evicted.get::<u64>("evicted_keys"), Some(0));

    bench.run::<()>(&limit(0)).await;
    assert!(is_live(&rotate(store, token).await));
}

#[tokio::test]
async fn red_14_what_was_answered_survives_a_kill_and_a_torn_tail() {
    let server = Server::start_with(SURELY_KEPT);
    let bench = RedisBench::on(server.clone()).await;
    let store = bench.store();
    let (revoked, kept) = (begun(store).await, begun(store).await);
    let epoch = store.revoke(revoked.sid, RevokeReason::Logout, RETAIN).await.unwrap();
    // What the power cut tears is the last that was written.
    bench.run::<()>(&cmd("SET").arg(Key::Confirmed).arg("x".repeat(100)).take()).await;
    server.kill();
    let files = fs::read_dir(server.folder().join("appendonlydir")).unwrap();
    let tail = files
        .map(|file| file.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with(".incr.aof"))
        .unwrap();
    let tail = fs::File::options().write(true).open(tail).unwrap();
    tail.set_len(tail.metadata().unwrap().len() - 7).unwrap();
    server.launch();

    assert_eq!(store.epoch().await.unwrap(), epoch);
    assert_eq!(store.blocked(&[revoked.sid.uuid()]).await.unwrap(), [revoked.sid.uuid()]);
    let outcome = rotate(store, revoked).await;
    assert!(matches!(outcome, Ok(Rotation::Ended { .. })), "{outcome:?}");
    assert!(is_live(&rotate(store, kept).await));
    let last: Option<String> = server.run(cmd("GET").arg(Key::Confirmed));
    assert_eq!(last, None, "the tail was not torn");
}
