//! The Redis store on a test bench: a database of its own on a server that the tests share.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::{SessionId, TokenId};
use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, cmd};
use uuid::Uuid;

use super::RedisStore;
use super::keys::Key;
use super::server::Server;
use crate::store::contract::Bench;

pub(in crate::store) struct RedisBench {
    pub(super) store: RedisStore,
    connection: MultiplexedConnection,
    _server: Arc<Server>,
}

impl RedisBench {
    pub(super) async fn on(server: Arc<Server>) -> Self {
        let url = server.fresh_database();
        let client = redis::Client::open(url.as_str()).unwrap();
        Self {
            store: RedisStore::connect(&url).await.unwrap(),
            connection: client.get_multiplexed_async_connection().await.unwrap(),
            _server: server,
        }
    }

    /// Does a command beside those of the store.
    pub(super) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> T {
        command.query_async(&mut self.connection.clone()).await.unwrap()
    }
}

#[async_trait]
impl Bench for RedisBench {
    type Store = RedisStore;

    async fn fresh() -> Self {
        Self::on(Server::shared()).await
    }

    fn store(&self) -> &RedisStore {
        &self.store
    }

    async fn age(&self, sid: SessionId, by: Duration) {
        let by = i64::try_from(by.as_secs()).unwrap();
        for (field, by) in [("rotated_at", by * 1000), ("idle_end", by), ("absolute_end", by)] {
            let earlier = cmd("HINCRBY").arg(Key::Session(sid)).arg(field).arg(-by).take();
            self.run::<i64>(&earlier).await;
        }
    }

    async fn age_blocked(&self, id: Uuid, by: Duration) {
        let by = i64::try_from(by.as_secs()).unwrap();
        let earlier = cmd("ZINCRBY").arg(Key::BlockedByExpiry).arg(-by).arg(id.to_string()).take();
        self.run::<f64>(&earlier).await;
    }

    async fn set_epoch(&self, epoch: u64) {
        self.run::<()>(&Cmd::set(Key::Epoch, epoch)).await;
    }

    async fn set_generation(&self, sid: SessionId, generation: u64, jti: TokenId) {
        let key = Key::Session(sid);
        self.run::<()>(&Cmd::hset(key, "generation", generation)).await;
        self.run::<()>(&Cmd::hset(key, "jti", jti.to_string())).await;
        self.run::<()>(&Cmd::hdel(key, "previous")).await;
    }

    async fn forget(&self, sid: SessionId) {
        self.run::<()>(&Cmd::del(Key::Session(sid))).await;
    }

    async fn spoil(&self, sid: SessionId) {
        self.run::<()>(&Cmd::hset(Key::Session(sid), "generation", "many")).await;
    }

    async fn ended(&self, sid: SessionId) -> Option<String> {
        self.run(&Cmd::hget(Key::Session(sid), "ended")).await
    }
}
