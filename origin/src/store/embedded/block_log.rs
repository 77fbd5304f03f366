//! The block log: ids, each with its expiry and the epoch of the change that brought it.

use std::time::Duration;

use async_trait::async_trait;
use common::revocation::Blocked;
use common::{Epoch, SessionId, UnixMillis, UnixSeconds};
use sqlx::{Row as _, SqliteExecutor};
use uuid::Uuid;

use super::writer::Batch;
use super::{EmbeddedStore, FILE, NOW_MS, fault};
use crate::port::{BlockLog, LogPage, StoreFault};
use crate::store::REMEMBERED;
use crate::store::sqlite::integer;

/// Rows that one prune drops of each kind: the other callers wait meanwhile.
const PRUNED: i64 = 5_000;

#[async_trait]
impl BlockLog for EmbeddedStore {
    async fn block(&self, id: Uuid, retain: Duration) -> Result<Epoch, StoreFault> {
        self.writer.write(move |batch| Box::pin(async move { batch.block(id, retain).await })).await
    }

    async fn advance(&self, known: Epoch) -> Result<Epoch, StoreFault> {
        self.writer.write(move |batch| Box::pin(async move { batch.advance(known).await })).await
    }

    async fn epoch(&self) -> Result<Epoch, StoreFault> {
        let epoch = sqlx::query_scalar(EPOCH).fetch_one(&self.reader).await.map_err(fault)?;
        read_epoch(epoch)
    }

    async fn after(&self, epoch: Epoch, limit: u32) -> Result<LogPage, StoreFault> {
        // One transaction is one state of the log: no entry is missing below the epoch it answers.
        let mut db = self.reader.begin().await.map_err(fault)?;
        let (current, cutoff): (i64, i64) =
            sqlx::query_as("SELECT epoch, sessions_before_ms FROM log")
                .fetch_one(&mut *db)
                .await
                .map_err(fault)?;
        let now: i64 = sqlx::query_scalar(NOW_MS).fetch_one(&mut *db).await.map_err(fault)?;
        let now = UnixMillis::new(now.unsigned_abs()).seconds();
        let next = "SELECT id, expires_at, epoch FROM blocked \
             WHERE epoch > $1 ORDER BY epoch LIMIT $2";
        let rows = sqlx::query(next)
            .bind(integer(epoch.get()))
            .bind(limit)
            .fetch_all(&mut *db)
            .await
            .map_err(fault)?;
        let mut entries = rows.iter().map(read_entry).collect::<Result<Vec<_>, _>>()?;
        let is_full = u32::try_from(rows.len()).is_ok_and(|count| count == limit);
        let next = entries.last().map(|entry| entry.epoch).filter(|_| is_full);
        entries.retain(|entry| entry.expires_at > now);
        let epoch = read_epoch(current)?;
        let sessions_before = read_cutoff(cutoff)?;
        Ok(LogPage { epoch, now, sessions_before, entries, next })
    }

    async fn blocked(&self, ids: &[Uuid]) -> Result<Vec<Uuid>, StoreFault> {
        let cutoff = cutoff(&self.reader).await?;
        let mut found = Vec::new();
        for id in ids {
            // A token's id bears no time; its session's does.
            let began = SessionId::new(*id).began_at();
            if began.zip(cutoff).is_some_and(|(began, cutoff)| began < cutoff) {
                found.push(*id);
                continue;
            }
            let live = "SELECT 1 FROM blocked WHERE id = $1 AND expires_at > unixepoch()";
            let row =
                sqlx::query(live).bind(id).fetch_optional(&self.reader).await.map_err(fault)?;
            found.extend(row.map(|_| *id));
        }
        Ok(found)
    }

    /// Drops sessions too that nobody needs to remember.
    async fn prune(&self) -> Result<u64, StoreFault> {
        let mut dropped = 0;
        loop {
            let (entries, sessions) =
                self.writer.write(|batch| Box::pin(async move { batch.prune().await })).await?;
            dropped += entries;
            if entries.max(sessions) < PRUNED.unsigned_abs() {
                return Ok(dropped);
            }
        }
    }
}

impl Batch {
    /// The epoch of the last change.
    pub(super) async fn epoch(&mut self) -> Result<Epoch, StoreFault> {
        let epoch = sqlx::query_scalar(EPOCH).fetch_one(&mut *self.db).await.map_err(fault)?;
        read_epoch(epoch)
    }

    /// Blocks `id` unless it is blocked for as long already.
    pub(super) async fn block(&mut self, id: Uuid, retain: Duration) -> Result<Epoch, StoreFault> {
        let expires_at = integer(self.now.seconds().plus(retain).get());
        if self.blocked_until(id).await?.is_some_and(|known| known >= expires_at) {
            return self.epoch().await;
        }
        let epoch = self.advance(Epoch::ZERO).await?;
        let entry = "INSERT INTO blocked (id, expires_at, epoch) VALUES ($1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, epoch = excluded.epoch";
        sqlx::query(entry)
            .bind(id)
            .bind(expires_at)
            .bind(integer(epoch.get()))
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        Ok(epoch)
    }

    /// Counts a change; its epoch is above all before and above `known`.
    pub(super) async fn advance(&mut self, known: Epoch) -> Result<Epoch, StoreFault> {
        let next = "UPDATE log SET epoch = max(epoch + 1, $1, $2 + 1) RETURNING epoch";
        let epoch = sqlx::query_scalar(next)
            .bind(integer(self.now.get()))
            .bind(integer(known.get()))
            .fetch_one(&mut *self.db)
            .await
            .map_err(fault)?;
        read_epoch(epoch)
    }

    /// Blocks `id` unless it is blocked now, for however long.
    pub(super) async fn block_once(
        &mut self,
        id: Uuid,
        retain: Duration,
    ) -> Result<Epoch, StoreFault> {
        if self.is_blocked(id).await? {
            return self.epoch().await;
        }
        self.block(id, retain).await
    }

    /// Whether `id` is blocked now.
    pub(super) async fn is_blocked(&mut self, id: Uuid) -> Result<bool, StoreFault> {
        let now = integer(self.now.seconds().get());
        Ok(self.blocked_until(id).await?.is_some_and(|until| until > now))
    }

    async fn blocked_until(&mut self, id: Uuid) -> Result<Option<i64>, StoreFault> {
        sqlx::query_scalar("SELECT expires_at FROM blocked WHERE id = $1")
            .bind(id)
            .fetch_optional(&mut *self.db)
            .await
            .map_err(fault)
    }

    /// Entries and sessions that were dropped.
    async fn prune(&mut self) -> Result<(u64, u64), StoreFault> {
        let now = self.now.seconds().get();
        let entries = "DELETE FROM blocked WHERE id IN \
             (SELECT id FROM blocked WHERE expires_at <= $1 LIMIT $2)";
        let dropped = sqlx::query(entries)
            .bind(integer(now))
            .bind(PRUNED)
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        sqlx::query("DELETE FROM segment WHERE expires_at <= $1")
            .bind(integer(now))
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        self.forget_tries(PRUNED).await?;
        sqlx::query("DELETE FROM changed_account WHERE told_until <= $1")
            .bind(integer(now))
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        let forgotten = "DELETE FROM session WHERE sid IN \
             (SELECT sid FROM session WHERE idle_end <= $1 LIMIT $2)";
        let forgotten = sqlx::query(forgotten)
            .bind(integer(now.saturating_sub(REMEMBERED.as_secs())))
            .bind(PRUNED)
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        Ok((dropped.rows_affected(), forgotten.rows_affected()))
    }
}

const EPOCH: &str = "SELECT epoch FROM log";

fn read_epoch(value: i64) -> Result<Epoch, StoreFault> {
    u64::try_from(value)
        .map(Epoch::new)
        .map_err(|_| FILE.corrupt(format!("the log's epoch is {value}")))
}

/// The time before which no session that began is alive.
pub(super) async fn cutoff(db: impl SqliteExecutor<'_>) -> Result<Option<UnixMillis>, StoreFault> {
    let cutoff = sqlx::query_scalar("SELECT sessions_before_ms FROM log").fetch_one(db).await;
    read_cutoff(cutoff.map_err(fault)?)
}

/// 0 stands for none.
fn read_cutoff(value: i64) -> Result<Option<UnixMillis>, StoreFault> {
    let millis = u64::try_from(value)
        .map_err(|_| FILE.corrupt(format!("the log's sessions_before_ms is {value}")))?;
    Ok((millis > 0).then(|| UnixMillis::new(millis)))
}

fn read_entry(row: &sqlx::sqlite::SqliteRow) -> Result<Blocked, StoreFault> {
    let id = row.try_get("id").map_err(fault)?;
    let expires_at: i64 = row.try_get("expires_at").map_err(fault)?;
    let expires_at = u64::try_from(expires_at)
        .map_err(|_| FILE.corrupt(format!("blocked id {id} expires at {expires_at}")))?;
    let epoch = read_epoch(row.try_get("epoch").map_err(fault)?)?;
    Ok(Blocked { id, expires_at: UnixSeconds::new(expires_at), epoch })
}
