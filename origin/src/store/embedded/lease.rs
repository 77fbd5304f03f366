//! Leases, for processes that share the file.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::writer::Batch;
use super::{EmbeddedStore, FILE, fault};
use crate::port::{Fence, Leases, StoreFault};
use crate::store::sqlite::integer;

#[async_trait]
impl Leases for EmbeddedStore {
    async fn acquire(
        &self,
        name: &'static str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Fence>, StoreFault> {
        self.writer
            .write(move |batch| Box::pin(async move { batch.acquire(name, holder, ttl).await }))
            .await
    }

    async fn release(&self, name: &'static str, holder: Uuid) -> Result<(), StoreFault> {
        self.writer
            .write(move |batch| Box::pin(async move { batch.release(name, holder).await }))
            .await
    }
}

impl Batch {
    async fn acquire(
        &mut self,
        name: &'static str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Fence>, StoreFault> {
        // A lease that lapsed is free for all, for its last holder too; each taking of a free one
        // has a fence above all before, also after the file was rolled back.
        let take = "INSERT INTO lease (name, holder, fence, until_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO UPDATE SET \
             fence = CASE WHEN until_ms > $3 THEN fence ELSE max(fence + 1, $3) END, \
             holder = $2, until_ms = $4 \
             WHERE holder = $2 OR until_ms <= $3 RETURNING fence";
        let ttl = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let fence: Option<i64> = sqlx::query_scalar(take)
            .bind(name)
            .bind(holder)
            .bind(integer(self.now.get()))
            .bind(integer(self.now.get().saturating_add(ttl)))
            .fetch_optional(&mut *self.db)
            .await
            .map_err(fault)?;
        fence
            .map(|fence| {
                u64::try_from(fence)
                    .map(Fence)
                    .map_err(|_| FILE.corrupt(format!("lease {name}, fence {fence}")))
            })
            .transpose()
    }

    async fn release(&mut self, name: &'static str, holder: Uuid) -> Result<(), StoreFault> {
        sqlx::query("UPDATE lease SET until_ms = 0 WHERE name = $1 AND holder = $2")
            .bind(name)
            .bind(holder)
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        Ok(())
    }
}
