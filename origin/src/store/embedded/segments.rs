//! Segments, and the manifest of them beside the log's epoch.

use async_trait::async_trait;
use common::revocation::{Manifest, SegmentName};

use super::writer::Batch;
use super::{EmbeddedStore, FILE, fault};
use crate::port::{Content, Fence, Segments, StoreFault};
use crate::store::manifest;
use crate::store::sqlite::integer;

#[async_trait]
impl Segments for EmbeddedStore {
    async fn manifest(&self) -> Result<Manifest, StoreFault> {
        let text: Option<String> = sqlx::query_scalar("SELECT manifest FROM log")
            .fetch_one(&self.reader)
            .await
            .map_err(fault)?;
        Ok(manifest::read(text.as_deref()))
    }

    async fn replace(
        &self,
        lease: &'static str,
        fence: Fence,
        manifest: &Manifest,
        new: &[Content],
    ) -> Result<bool, StoreFault> {
        let manifest = serde_json::to_string(manifest)
            .map_err(|error| FILE.corrupt(format!("the manifest: {error}")))?;
        let new = new.to_vec();
        self.writer
            .write(move |batch| {
                Box::pin(async move { batch.replace(lease, fence, manifest, new).await })
            })
            .await
    }

    async fn content(&self, name: SegmentName) -> Result<Option<Vec<u8>>, StoreFault> {
        sqlx::query_scalar("SELECT content FROM segment WHERE name = $1")
            .bind(name.to_string())
            .fetch_optional(&self.reader)
            .await
            .map_err(fault)
    }
}

impl Batch {
    async fn replace(
        &mut self,
        lease: &'static str,
        fence: Fence,
        manifest: String,
        new: Vec<Content>,
    ) -> Result<bool, StoreFault> {
        let held = "SELECT 1 FROM lease WHERE name = $1 AND fence = $2 AND until_ms > $3";
        let held = sqlx::query(held)
            .bind(lease)
            .bind(integer(fence.0))
            .bind(integer(self.now.get()))
            .fetch_optional(&mut *self.db)
            .await
            .map_err(fault)?;
        if held.is_none() {
            return Ok(false);
        }
        for Content { segment, bytes } in new {
            let keep = "INSERT INTO segment (name, content, expires_at) VALUES ($1, $2, $3) \
                 ON CONFLICT DO NOTHING";
            sqlx::query(keep)
                .bind(segment.name.to_string())
                .bind(bytes)
                .bind(integer(segment.expires_at.get()))
                .execute(&mut *self.db)
                .await
                .map_err(fault)?;
        }
        sqlx::query("UPDATE log SET manifest = $1")
            .bind(manifest)
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        Ok(true)
    }
}
