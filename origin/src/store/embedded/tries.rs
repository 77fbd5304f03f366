//! Counters of tries. Who has to wait is told so by a reader, without a write: those who try too often
//! must not hold up the others.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::writer::Batch;
use super::{EmbeddedStore, NOW_MS, fault};
use crate::port::{Counter, Leave, Patience, Proving, Rate, StoreFault, Tries};
use crate::store::sqlite::integer;

#[async_trait]
impl Tries for EmbeddedStore {
    async fn count(&self, counter: Counter, rate: Rate) -> Result<Leave, StoreFault> {
        let mut db = self.reader.acquire().await.map_err(fault)?;
        let now = now(&mut db).await?;
        if let wait @ Leave::Wait(_) = leave(rate_wait(&mut db, now, counter, rate).await?) {
            return Ok(wait);
        }
        self.writer
            .write(move |batch| Box::pin(async move { batch.count(counter, rate).await }))
            .await
    }

    async fn uncount(&self, counter: Counter, rate: Rate) -> Result<(), StoreFault> {
        let step = milliseconds(rate.step());
        self.writer
            .write(move |batch| Box::pin(async move { batch.add(counter, -step).await }))
            .await
    }

    async fn begin_proof(&self, proving: &Proving) -> Result<Leave, StoreFault> {
        let mut db = self.reader.acquire().await.map_err(fault)?;
        let now = now(&mut db).await?;
        if let (wait @ Leave::Wait(_), _) = may_try(&mut db, now, proving).await? {
            return Ok(wait);
        }
        let proving = proving.clone();
        self.writer
            .write(move |batch| Box::pin(async move { batch.begin_proof(&proving).await }))
            .await
    }

    async fn proven(&self, proving: &Proving, memory: Duration) -> Result<(), StoreFault> {
        let proving = proving.clone();
        self.writer
            .write(move |batch| Box::pin(async move { batch.proven(&proving, memory).await }))
            .await
    }

    async fn remember(&self, spot: Counter, memory: Duration) -> Result<(), StoreFault> {
        self.writer
            .write(move |batch| Box::pin(async move { batch.remember(spot, memory).await }))
            .await
    }

    async fn forget(&self, counter: Counter) -> Result<(), StoreFault> {
        self.writer.write(move |batch| Box::pin(async move { batch.forget(counter).await })).await
    }
}

async fn now(db: &mut SqliteConnection) -> Result<i64, StoreFault> {
    sqlx::query_scalar(NOW_MS).fetch_one(db).await.map_err(fault)
}

/// When all tries of a rate are forgotten, in ms.
async fn full(db: &mut SqliteConnection, counter: Counter) -> Result<i64, StoreFault> {
    let full = sqlx::query_scalar("SELECT full_ms FROM rate WHERE counter = $1")
        .bind(&counter.0[..])
        .fetch_optional(db)
        .await
        .map_err(fault)?;
    Ok(full.unwrap_or(0))
}

/// How long until another try has room, in ms.
async fn rate_wait(
    db: &mut SqliteConnection,
    now: i64,
    counter: Counter,
    rate: Rate,
) -> Result<i64, StoreFault> {
    let full = full(db, counter).await?.max(now);
    Ok(full + milliseconds(rate.step()) - now - milliseconds(rate.span))
}

/// Whether another try has room, and which row it counts in.
async fn may_try(
    db: &mut SqliteConnection,
    now: i64,
    proving: &Proving,
) -> Result<(Leave, Counter), StoreFault> {
    let (counter, failures) = match row(db, now, proving.spot).await? {
        known @ Some(_) => (proving.spot, known),
        None => (proving.strangers, row(db, now, proving.strangers).await?),
    };
    let (count, at) = failures.unwrap_or_default();
    let row_wait =
        row_wait(count, proving.patience).map_or(0, |wait| at + milliseconds(wait) - now);
    let rate_wait = rate_wait(db, now, proving.network, proving.rate).await?;
    Ok((leave(row_wait.max(rate_wait)), counter))
}

/// The failures of a row and when the last one was, if it is not forgotten.
async fn row(
    db: &mut SqliteConnection,
    now: i64,
    counter: Counter,
) -> Result<Option<(u32, i64)>, StoreFault> {
    sqlx::query_as("SELECT count, at_ms FROM failures WHERE counter = $1 AND until_ms > $2")
        .bind(&counter.0[..])
        .bind(now)
        .fetch_optional(db)
        .await
        .map_err(fault)
}

/// How long to wait after so many failures.
fn row_wait(count: u32, patience: Patience) -> Option<Duration> {
    let beyond = count.checked_sub(patience.free)?;
    if count >= patience.most {
        return Some(patience.memory);
    }
    let doubled = 2_u32.saturating_pow(beyond);
    Some(patience.first.saturating_mul(doubled).min(patience.longest))
}

fn leave(wait: i64) -> Leave {
    match u64::try_from(wait) {
        Ok(wait) if wait > 0 => Leave::Wait(Duration::from_millis(wait)),
        _ => Leave::Granted,
    }
}

fn milliseconds(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

impl Batch {
    async fn count(&mut self, counter: Counter, rate: Rate) -> Result<Leave, StoreFault> {
        let now = integer(self.now.get());
        let leave = leave(rate_wait(&mut self.db, now, counter, rate).await?);
        if leave == Leave::Granted {
            self.add(counter, milliseconds(rate.step())).await?;
        }
        Ok(leave)
    }

    /// Moves the time at which a rate's tries are forgotten.
    async fn add(&mut self, counter: Counter, step: i64) -> Result<(), StoreFault> {
        let now = integer(self.now.get());
        let full = full(&mut self.db, counter).await?.max(now) + step;
        let set = "INSERT INTO rate (counter, full_ms) VALUES ($1, $2) \
             ON CONFLICT (counter) DO UPDATE SET full_ms = $2";
        sqlx::query(set)
            .bind(&counter.0[..])
            .bind(full)
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        Ok(())
    }

    async fn begin_proof(&mut self, proving: &Proving) -> Result<Leave, StoreFault> {
        let now = integer(self.now.get());
        let (leave, counter) = may_try(&mut self.db, now, proving).await?;
        if leave != Leave::Granted {
            return Ok(leave);
        }
        self.add(proving.network, milliseconds(proving.rate.step())).await?;
        // A spot is remembered for longer than what failed there.
        let fail = "INSERT INTO failures (counter, count, at_ms, until_ms) VALUES ($1, 1, $2, $3) \
             ON CONFLICT (counter) DO UPDATE SET count = iif(until_ms > $2, count, 0) + 1, \
             at_ms = $2, until_ms = max(until_ms, $3)";
        sqlx::query(fail)
            .bind(&counter.0[..])
            .bind(now)
            .bind(now.saturating_add(milliseconds(proving.patience.memory)))
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        Ok(leave)
    }

    async fn proven(&mut self, proving: &Proving, memory: Duration) -> Result<(), StoreFault> {
        let now = integer(self.now.get());
        self.add(proving.network, -milliseconds(proving.rate.step())).await?;
        // What strangers tried goes on counting, unless it was the owner who came as one.
        if row(&mut self.db, now, proving.spot).await?.is_none() {
            self.forget(proving.strangers).await?;
        }
        self.remember(proving.spot, memory).await
    }

    async fn remember(&mut self, spot: Counter, memory: Duration) -> Result<(), StoreFault> {
        let now = integer(self.now.get());
        let known = "INSERT INTO failures (counter, count, at_ms, until_ms) VALUES ($1, 0, $2, $3) \
             ON CONFLICT (counter) DO UPDATE SET count = 0, at_ms = $2, until_ms = $3";
        sqlx::query(known)
            .bind(&spot.0[..])
            .bind(now)
            .bind(now.saturating_add(milliseconds(memory)))
            .execute(&mut *self.db)
            .await
            .map_err(fault)?;
        Ok(())
    }

    async fn forget(&mut self, counter: Counter) -> Result<(), StoreFault> {
        for statement in
            ["DELETE FROM rate WHERE counter = $1", "DELETE FROM failures WHERE counter = $1"]
        {
            sqlx::query(statement)
                .bind(&counter.0[..])
                .execute(&mut *self.db)
                .await
                .map_err(fault)?;
        }
        Ok(())
    }

    /// Drops what is forgotten.
    pub(super) async fn forget_tries(&mut self, most: i64) -> Result<(), StoreFault> {
        for statement in [
            "DELETE FROM rate WHERE counter IN (SELECT counter FROM rate WHERE full_ms <= $1 LIMIT $2)",
            "DELETE FROM failures WHERE counter IN \
             (SELECT counter FROM failures WHERE until_ms <= $1 LIMIT $2)",
        ] {
            sqlx::query(statement)
                .bind(integer(self.now.get()))
                .bind(most)
                .execute(&mut *self.db)
                .await
                .map_err(fault)?;
        }
        Ok(())
    }
}
