//! The audit log in SQL, beside the accounts. Events wait in a bounded queue and are kept one
//! by one, so that nobody who signs in or refreshes waits for a disk.

mod row;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use self::row::Row;
use self::writer::{Message, Writer};
use super::accounts::fault;
use super::sqlite::Pool;
use crate::port::{Audit, AuditTrail, Event, Recorded, StoreFault, Wanted};

/// Events that wait to be kept; more than a store that hangs for a minute brings together.
const QUEUE: usize = 4096;

/// The audit log. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SqlAudit {
    pool: Pool,
    queue: mpsc::Sender<Message>,
    dropped: Arc<AtomicU64>,
}

impl SqlAudit {
    /// Begins to keep what is recorded, in the database of `pool`, for `keep`.
    pub(crate) fn start(pool: Pool, keep: Duration) -> Self {
        Self::queueing(pool, keep, QUEUE)
    }

    fn queueing(pool: Pool, keep: Duration, most: usize) -> Self {
        let (queue, messages) = mpsc::channel(most);
        let dropped = Arc::new(AtomicU64::new(0));
        let writer = Writer { pool: pool.clone(), keep, dropped: Arc::clone(&dropped) };
        tokio::spawn(writer.run(messages));
        Self { pool, queue, dropped }
    }
}

impl Audit for SqlAudit {
    fn record(&self, event: Event) {
        if self.queue.try_send(Message::Keep(Uuid::now_v7(), Box::new(event))).is_err() {
            // The writer tells of it, once for many.
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[async_trait]
impl AuditTrail for SqlAudit {
    async fn events(&self, wanted: &Wanted) -> Result<Vec<Recorded>, StoreFault> {
        let query = match (wanted.kind, &wanted.subject) {
            (None, None) => "SELECT * FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2",
            (Some(_), None) => {
                "SELECT * FROM audit WHERE id < $1 AND kind = $3 ORDER BY id DESC LIMIT $2"
            }
            (None, Some(_)) => {
                "SELECT * FROM audit WHERE id < $1 AND subject = $3 ORDER BY id DESC LIMIT $2"
            }
            (Some(_), Some(_)) => {
                "SELECT * FROM audit WHERE id < $1 AND kind = $3 AND subject = $4 \
                 ORDER BY id DESC LIMIT $2"
            }
        };
        // Above every UUID.
        let before = wanted.before.as_deref().unwrap_or("~");
        let mut query = sqlx::query_as(query).bind(before).bind(i64::from(wanted.limit));
        if let Some(kind) = wanted.kind {
            query = query.bind(kind.word());
        }
        if let Some(subject) = &wanted.subject {
            query = query.bind(subject.as_str());
        }
        let rows: Vec<Row> = query.fetch_all(&self.pool).await.map_err(fault)?;
        rows.into_iter().filter_map(|row| row.read().transpose()).collect()
    }

    async fn settled(&self) {
        let (kept, waiting) = oneshot::channel();
        // A writer that is gone keeps nothing more.
        if self.queue.send(Message::Tell(kept)).await.is_ok() {
            waiting.await.ok();
        }
    }
}
