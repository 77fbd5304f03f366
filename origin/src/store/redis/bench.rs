//! The Redis store on a test bench: a database of its own on a server that the tests share, or a
//! Cluster that they have one after the other.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::{Secret, SessionId, TokenId};
use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, cmd};
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

use super::RedisStore;
use super::address::Address;
use super::cluster::Cluster;
use super::keys::Key;
use super::server::Server;
use crate::config::Redis;
use crate::port::Counter;
use crate::store::contract::Bench;

/// A store, a connection beside it, and what ends with the test.
pub(in crate::store) struct RedisBench<H = Arc<Server>> {
    pub(super) store: RedisStore,
    connection: MultiplexedConnection,
    _home: H,
}

/// Where the store of one test is.
#[async_trait]
pub(in crate::store) trait Home: Send + Sync + Sized {
    async fn open() -> (Self, String);
}

#[async_trait]
impl Home for Arc<Server> {
    async fn open() -> (Self, String) {
        let server = Server::shared();
        let url = server.fresh_database();
        (server, url)
    }
}

/// A Cluster has one database, and all our keys are in one slot of it: one test at a time.
pub(in crate::store) struct Turn {
    _turn: MutexGuard<'static, ()>,
    _cluster: Arc<Cluster>,
}

#[async_trait]
impl Home for Turn {
    async fn open() -> (Self, String) {
        static TURN: Mutex<()> = Mutex::const_new(());
        let cluster = Cluster::shared();
        let turn = TURN.lock().await;
        cluster.flush();
        let url = cluster.url();
        (Self { _turn: turn, _cluster: cluster }, url)
    }
}

/// What the tests configure.
pub(super) fn config(url: String, wait_replicas: u8) -> Redis {
    Redis { url: Secret::new(url), wait_replicas, require_aof: true }
}

impl RedisBench {
    pub(super) async fn on(server: Arc<Server>) -> Self {
        let url = server.fresh_database();
        Self::at(server, url, 0).await
    }
}

impl<H> RedisBench<H> {
    pub(super) async fn at(home: H, url: String, wait_replicas: u8) -> Self {
        Self {
            connection: Address::parse(&url).unwrap().primary().await.unwrap(),
            store: RedisStore::connect(&config(url, wait_replicas)).await.unwrap(),
            _home: home,
        }
    }

    /// Does a command beside those of the store.
    pub(super) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> T {
        command.query_async(&mut self.connection.clone()).await.unwrap()
    }

    /// Changes a session, `held`, with `ARGV[1]` in hand; why it was ended, if it is there and was.
    async fn change(&self, sid: SessionId, change: &str, argument: &str) -> Option<String> {
        let script = format!(
            "local held = redis.call('GET', KEYS[1])
            if not held then return nil end
            held = cmsgpack.unpack(held)
            {change}
            redis.call('SET', KEYS[1], cmsgpack.pack(held), 'KEEPTTL')
            return held.ended"
        );
        self.run(cmd("EVAL").arg(script).arg(1).arg(Key::Session(sid)).arg(argument)).await
    }
}

#[async_trait]
impl<H: Home> Bench for RedisBench<H> {
    type Store = RedisStore;

    async fn fresh() -> Self {
        let (home, url) = H::open().await;
        Self::at(home, url, 0).await
    }

    fn store(&self) -> &RedisStore {
        &self.store
    }

    async fn age(&self, sid: SessionId, by: Duration) {
        let change = "local by = tonumber(ARGV[1])
            held.rotated_at = held.rotated_at - by * 1000
            held.idle_end = held.idle_end - by
            held.absolute_end = held.absolute_end - by
            held.access_at = held.access_at and held.access_at - by * 1000";
        self.change(sid, change, &by.as_secs().to_string()).await;
    }

    async fn age_blocked(&self, id: Uuid, by: Duration) {
        let by = i64::try_from(by.as_secs()).unwrap();
        let earlier = cmd("ZINCRBY").arg(Key::BlockedByExpiry).arg(-by).arg(id.to_string()).take();
        self.run::<f64>(&earlier).await;
    }

    async fn age_failures(&self, counter: Counter, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap();
        let earlier = cmd("HINCRBY").arg(Key::Row(counter)).arg("at").arg(-by).take();
        self.run::<i64>(&earlier).await;
    }

    async fn set_epoch(&self, epoch: u64) {
        self.run::<()>(&Cmd::set(Key::Epoch, epoch)).await;
    }

    async fn set_generation(&self, sid: SessionId, generation: u64, jti: TokenId) {
        let change =
            format!("held.generation, held.jti, held.previous = {generation}, ARGV[1], nil");
        self.change(sid, &change, &jti.to_string()).await;
    }

    async fn forget(&self, sid: SessionId) {
        self.run::<()>(&Cmd::del(Key::Session(sid))).await;
    }

    async fn spoil(&self, sid: SessionId) {
        self.change(sid, "held.generation = ARGV[1]", "many").await;
    }

    async fn ended(&self, sid: SessionId) -> Option<String> {
        self.change(sid, "", "").await
    }
}
