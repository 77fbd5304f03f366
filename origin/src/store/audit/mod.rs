//! The audit log in SQL, beside the accounts. Events wait in a bounded queue, so that nobody who signs in or
//! refreshes waits for a disk; those that wait together are kept together.

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
use super::database::{Database, Value};
use crate::port::{Audit, AuditTrail, Event, Events, StoreFault, Wanted};

/// Events that wait to be kept; more than a store that hangs for a minute brings together.
const QUEUE: usize = 4096;

/// The audit log. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SqlAudit {
    database: Database,
    queue: mpsc::Sender<Message>,
    dropped: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
}

impl SqlAudit {
    /// Begins to keep what is recorded, in this database, for `keep`.
    pub(crate) fn start(database: Database, keep: Duration) -> Self {
        Self::queueing(database, keep, QUEUE)
    }

    fn queueing(database: Database, keep: Duration, most: usize) -> Self {
        let (queue, messages) = mpsc::channel(most);
        let dropped = Arc::new(AtomicU64::new(0));
        let lost = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            database: database.clone(),
            keep,
            dropped: Arc::clone(&dropped),
            lost: Arc::clone(&lost),
        };
        tokio::spawn(writer.run(messages));
        Self { database, queue, dropped, lost }
    }

    /// Events that wait to be kept.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.max_capacity().saturating_sub(self.queue.capacity())
    }

    /// Events that were not kept and never will be, so far.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Audit for SqlAudit {
    fn record(&self, event: Event) {
        if self.queue.try_send(Message::Keep(Uuid::now_v7(), Box::new(event))).is_err() {
            // The writer tells of it, once for many.
            self.dropped.fetch_add(1, Ordering::Relaxed);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[async_trait]
impl AuditTrail for SqlAudit {
    async fn events(&self, wanted: &Wanted) -> Result<Events, StoreFault> {
        // Whoever asks finds what they have just done.
        self.settled().await;
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
        let mut values = vec![Value::from(before), u64::from(wanted.limit).into()];
        values.extend(wanted.kind.map(|kind| Value::from(kind.word())));
        values.extend(wanted.subject.as_ref().map(|subject| Value::from(subject.as_str())));
        let rows: Vec<Row> = self.database.all(query, &values).await?;
        // By what was read, known or not: a newer version may have filled a page with kinds of its own.
        let is_full = u64::try_from(rows.len()).is_ok_and(|read| read == u64::from(wanted.limit));
        let next = rows.last().filter(|_| is_full).map(|last| last.id.clone());
        let events = rows.into_iter().filter_map(|row| row.read().transpose());
        Ok(Events { events: events.collect::<Result<_, _>>()?, next })
    }

    async fn settled(&self) {
        let (kept, waiting) = oneshot::channel();
        // A writer that is gone keeps nothing more.
        if self.queue.send(Message::Tell(kept)).await.is_ok() {
            waiting.await.ok();
        }
    }
}
