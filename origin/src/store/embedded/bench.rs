//! The embedded store on a test bench: a file in a folder of its own.

use std::time::Duration;

use async_trait::async_trait;
use common::{SessionId, TokenId};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, query::Query};
use tempfile::TempDir;
use uuid::Uuid;

use super::{EmbeddedStore, fault};
use crate::port::Counter;
use crate::store::contract::Bench;
use crate::store::sqlite::integer;

pub(in crate::store) struct EmbeddedBench {
    pub(super) store: EmbeddedStore,
    pub(super) folder: TempDir,
}

impl EmbeddedBench {
    /// Does a statement between those of the others.
    async fn run(&self, query: Query<'static, Sqlite, SqliteArguments>) {
        self.store
            .writer
            .write(move |batch| {
                Box::pin(async move { query.execute(&mut *batch.db).await.map_err(fault) })
            })
            .await
            .unwrap();
    }
}

#[async_trait]
impl Bench for EmbeddedBench {
    type Store = EmbeddedStore;

    async fn fresh() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(&folder.path().join("sessions.db")).await.unwrap();
        Self { store, folder }
    }

    fn store(&self) -> &EmbeddedStore {
        &self.store
    }

    async fn age(&self, sid: SessionId, by: Duration) {
        let earlier = "UPDATE session SET rotated_at_ms = rotated_at_ms - $2 * 1000, \
             idle_end = idle_end - $2, absolute_end = absolute_end - $2, \
             access_at_ms = access_at_ms - $2 * 1000 WHERE sid = $1";
        self.run(sqlx::query(earlier).bind(sid.uuid()).bind(integer(by.as_secs()))).await;
    }

    async fn age_blocked(&self, id: Uuid, by: Duration) {
        let earlier = "UPDATE blocked SET expires_at = expires_at - $2 WHERE id = $1";
        self.run(sqlx::query(earlier).bind(id).bind(integer(by.as_secs()))).await;
    }

    async fn age_failures(&self, counter: Counter, by: Duration) {
        let earlier = "UPDATE failures SET at_ms = at_ms - $2 * 1000 WHERE counter = $1";
        let earlier = sqlx::query(earlier).bind(counter.0.to_vec());
        self.run(earlier.bind(integer(by.as_secs()))).await;
    }

    async fn set_epoch(&self, epoch: u64) {
        self.run(sqlx::query("UPDATE log SET epoch = $1").bind(integer(epoch))).await;
    }

    async fn set_generation(&self, sid: SessionId, generation: u64, jti: TokenId) {
        let back = "UPDATE session SET generation = $2, jti = $3, previous = NULL WHERE sid = $1";
        self.run(sqlx::query(back).bind(sid.uuid()).bind(integer(generation)).bind(jti.uuid()))
            .await;
    }

    async fn forget(&self, sid: SessionId) {
        self.run(sqlx::query("DELETE FROM session WHERE sid = $1").bind(sid.uuid())).await;
    }

    async fn spoil(&self, sid: SessionId) {
        let spoil = "UPDATE session SET generation = -1 WHERE sid = $1";
        self.run(sqlx::query(spoil).bind(sid.uuid())).await;
    }

    async fn ended(&self, sid: SessionId) -> Option<String> {
        let ended: Option<Option<String>> =
            sqlx::query_scalar("SELECT ended FROM session WHERE sid = $1")
                .bind(sid.uuid())
                .fetch_optional(&self.store.reader)
                .await
                .unwrap();
        ended.flatten()
    }
}
