//! Primaries that fail over, under Sentinel and in a Cluster.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::cmd;

use super::RedisStore;
use super::bench::config;
use super::cluster::Cluster;
use super::keys::Key;
use super::server::{Server, eventually};
use super::tests::assert_back_soon;
use crate::port::{BlockLog, Ended, Rotation};
use crate::store::contract::bench::{Token, begun, fresh_jti, is_live, rotate};

/// A primary, its replica and their Sentinel.
struct Watched {
    primary: Arc<Server>,
    replica: Arc<Server>,
    sentinel: Arc<Server>,
}

impl Watched {
    fn start() -> Self {
        let primary = Server::start();
        let replica = Server::replica_of(&primary);
        let sentinel = Server::sentinel_of(&primary);
        sentinel.await_replicas(1);
        Self { primary, replica, sentinel }
    }

    /// Waits until Sentinel names another primary.
    async fn promoted(&self) -> u16 {
        let question = cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg("main").take();
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let (_, port) = self.sentinel.run::<(String, u16)>(&question);
            if port != self.primary.port() {
                return port;
            }
            assert!(Instant::now() < deadline, "nobody is promoted");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn red_07_a_hung_primary_is_left_for_the_one_that_sentinel_promotes() {
    let watched = Watched::start();
    // A Sentinel whose host takes connections and says nothing must hold nobody up.
    let hung = TcpListener::bind("127.0.0.1:0").unwrap();
    let hung_port = hung.local_addr().unwrap().port();
    let url = format!(
        "redis-sentinel://127.0.0.1:{hung_port},127.0.0.1:{}/main",
        watched.sentinel.port()
    );
    let store = RedisStore::connect(&config(url, 0)).await.unwrap();
    let token = begun(&store).await;
    watched.replica.await_writes_of(&watched.primary);

    watched.primary.signal("STOP");
    watched.promoted().await;
    assert_back_soon(&store, token).await;

    // It wakes up in the belief of being the primary; nobody goes back to it.
    watched.primary.signal("CONT");
    assert!(watched.primary.says("role:master"));
    for _ in 0..5 {
        let token = begun(&store).await;
        assert!(is_live(&rotate(&store, token).await));
        assert!(!watched.primary.has(Key::Session(token.sid)));
    }
}

#[tokio::test]
async fn red_06_the_primary_is_found_again_when_sentinel_moves_it() {
    let watched = Watched::start();
    let url = format!("redis-sentinel://127.0.0.1:{}/main/0", watched.sentinel.port());
    let store = RedisStore::connect(&config(url, 0)).await.unwrap();
    let token = begun(&store).await;
    // Sentinel refuses until it has seen the replica in sync.
    let failover = cmd("SENTINEL").arg("FAILOVER").arg("main").take();
    eventually("a failover", || watched.sentinel.try_run::<()>(&failover).is_ok());
    watched.promoted().await;
    assert_back_soon(&store, token).await;
}

#[tokio::test]
async fn red_02_a_session_that_ends_on_a_primary_of_the_past_ends_on_the_present_one() {
    let watched = Watched::start();
    let second = Server::replica_of(&watched.primary);
    watched.sentinel.await_replicas(2);
    let url = format!("redis-sentinel://127.0.0.1:{}/main", watched.sentinel.port());
    let store = RedisStore::connect(&config(url.clone(), 1)).await.unwrap();
    let token = begun(&store).await;
    watched.replica.await_writes_of(&watched.primary);
    second.await_writes_of(&watched.primary);

    watched.primary.signal("STOP");
    let promoted = watched.promoted().await;
    let present = if promoted == second.port() { &second } else { &watched.replica };
    present.await_info("role:master");
    present.await_followers(1);
    // Awake again, it takes itself for the primary until Sentinel tells it, eight seconds later.
    watched.primary.signal("CONT");
    assert!(watched.primary.says("role:master"));
    let forked = Token { jti: fresh_jti(), ..token };
    let outcome = rotate(&store, forked).await;
    assert!(matches!(outcome, Ok(Rotation::Ended { why: Ended::Forked, .. })), "{outcome:?}");
    assert!(watched.primary.says("role:master"), "the past went by too fast for this test");

    let url = format!("redis://127.0.0.1:{}", present.port());
    let present = RedisStore::connect(&config(url, 1)).await.unwrap();
    assert_eq!(present.blocked(&[token.sid.uuid()]).await.unwrap(), [token.sid.uuid()]);
    let outcome = rotate(&present, token).await;
    assert!(matches!(outcome, Ok(Rotation::Ended { why: Ended::Revoked, .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_sentinel_and_its_primary_may_have_a_password() {
    let watched = Watched::start();
    watched.primary.run::<()>(cmd("CONFIG").arg("SET").arg("requirepass").arg("hunter/2"));
    let user = cmd("ACL").arg("SETUSER").arg("default").arg("resetpass").arg(">hunter/2").take();
    watched.sentinel.run::<()>(&user);
    let hosts = format!("127.0.0.1:{}/main", watched.sentinel.port());
    let url = format!("redis-sentinel://:hunter%2F2@{hosts}");
    let store = RedisStore::connect(&config(url, 0)).await.unwrap();
    assert!(is_live(&rotate(&store, begun(&store).await).await));
    for user in ["", "default:wrong@"] {
        let url = format!("redis-sentinel://{user}{hosts}");
        assert!(RedisStore::connect(&config(url, 0)).await.is_err());
    }
}

#[tokio::test]
async fn a_name_that_sentinel_does_not_know_is_told() {
    let watched = Watched::start();
    let url = format!("redis-sentinel://127.0.0.1:{}/other", watched.sentinel.port());
    let error = RedisStore::connect(&config(url, 0)).await.err().unwrap().to_string();
    assert!(error.contains("knows no primary of this name"), "{error}");
    assert!(error.contains("other"), "{error}");
}

#[tokio::test]
async fn red_06_and_07_the_primary_of_a_cluster_is_found_again_when_it_moves_and_when_it_dies() {
    let cluster = Cluster::start();
    let store = RedisStore::connect(&config(cluster.url(), 0)).await.unwrap();
    let token = begun(&store).await;
    let owner = cluster.owner();
    let replica = cluster.replica_of(&owner);

    replica.run::<()>(cmd("CLUSTER").arg("FAILOVER"));
    replica.await_info("role:master");
    // The one before still takes connections, and sends them on.
    assert_back_soon(&store, token).await;

    let token = begun(&store).await;
    owner.await_writes_of(&replica);
    replica.kill();
    owner.await_info("role:master");
    assert_back_soon(&store, token).await;
}
