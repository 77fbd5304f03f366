//! Keeps events as they come, and drops those that are old.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{error, info, warn};
use uuid::Uuid;

use super::row::Row;
use crate::port::{Event, StoreFault};
use crate::store::database::{Database, is_refused};
use crate::telemetry::chain;

/// The pause after a failure; the queue holds what comes meanwhile.
const AGAIN: Duration = Duration::from_secs(1);

/// How often old events are dropped, and how many at a time: others write in between.
const PRUNING: Duration = Duration::from_hours(1);
const PRUNED: u64 = 2_000;

/// At most so many events share a transaction: it has to be done in the time of one statement, each event with a round
/// trip of its own. Fewer do where that fails.
const BATCH: usize = 128;

/// What the writer is asked for.
pub(super) enum Message {
    /// To keep an event under this id.
    Keep(Uuid, Box<Event>),
    /// To tell when everything before is kept.
    Tell(oneshot::Sender<()>),
}

/// Keeps events.
pub(super) struct Writer {
    pub(super) database: Database,
    pub(super) keep: Duration,
    /// Those that nobody was told of yet.
    pub(super) dropped: Arc<AtomicU64>,
    /// All that are lost.
    pub(super) lost: Arc<AtomicU64>,
}

impl Writer {
    /// Runs until nobody can record any more.
    pub(super) async fn run(self, mut queue: mpsc::Receiver<Message>) {
        let mut pruning_at = Instant::now();
        let mut messages = Vec::with_capacity(BATCH);
        loop {
            match timeout_at(pruning_at, queue.recv_many(&mut messages, BATCH)).await {
                Ok(0) => return,
                Ok(_) => self.take(messages.drain(..)).await,
                Err(_) => {
                    self.prune().await;
                    pruning_at = Instant::now() + PRUNING;
                }
            }
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                error!(dropped, "more audit events at once than can be kept; these are lost");
            }
        }
    }

    /// Does what is asked, the telling last.
    async fn take(&self, messages: impl Iterator<Item = Message> + Send) {
        let (mut rows, mut waiting) = (Vec::new(), Vec::new());
        for message in messages {
            match message {
                Message::Keep(id, event) => rows.push(Row::of(id, &event)),
                Message::Tell(kept) => waiting.push(kept),
            }
        }
        if !rows.is_empty() {
            self.keep(&rows).await;
        }
        for kept in waiting {
            // Whoever hung up needs no answer.
            kept.send(()).ok();
        }
    }

    /// Keeps events, however long the store takes to answer. After a failure half as many share a transaction: the store
    /// may be too far away for so many in time, or refuse one of them, which alone is lost by that.
    async fn keep(&self, mut rows: &[Row]) {
        let (mut failing, mut most) = (false, rows.len());
        while let Some((some, others)) = rows.split_at_checked(most.min(rows.len()))
            && let [first, more @ ..] = some
        {
            match self.write(some).await {
                Ok(()) => rows = others,
                Err(fault) if is_refused(&fault) && more.is_empty() => {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                    error!(
                        event.id = first.id,
                        event.kind = first.kind,
                        error = chain(&fault),
                        "the database refuses an audit event for good; it is lost"
                    );
                    (rows, most) = (others, others.len());
                }
                Err(fault) => {
                    most = some.len().div_ceil(2);
                    if !is_refused(&fault) {
                        if !failing {
                            warn!(
                                error = chain(&fault),
                                "audit events cannot be kept now; they wait"
                            );
                        }
                        failing = true;
                        sleep(AGAIN).await;
                    }
                }
            }
        }
        if failing {
            info!("audit events are kept again");
        }
    }

    async fn write(&self, rows: &[Row]) -> Result<(), StoreFault> {
        // What seemed to fail may have been done.
        let insert = "INSERT INTO audit \
             (id, at, kind, actor, subject, session, network, place, detail) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING";
        let rows: Vec<_> = rows.iter().map(Row::values).collect();
        self.database.execute_each(insert, &rows).await
    }

    async fn prune(&self) {
        // The time as ids bear it.
        let (now, _) = Uuid::now_v7().as_u64_pair();
        let keep = u64::try_from(self.keep.as_millis()).unwrap_or(u64::MAX);
        let before = (now >> 16).saturating_sub(keep);
        let prune = "DELETE FROM audit WHERE id IN \
             (SELECT id FROM audit WHERE at < $1 ORDER BY at LIMIT $2)";
        loop {
            match self.database.execute(prune, &[before.into(), PRUNED.into()]).await {
                Ok(PRUNED) => {}
                Ok(_) => return,
                Err(fault) => {
                    warn!(error = chain(&fault), "old audit events were not dropped");
                    return;
                }
            }
        }
    }
}
