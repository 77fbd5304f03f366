//! The one writer of the file. Steps that arrive together share a transaction: a commit waits for
//! the disk, and a thousand callers need not wait for it one after the other.
//!
//! Each caller is answered after the commit. A step finds out that it cannot be done before it
//! changes anything, so it leaves nothing behind; a fault of SQLite itself rolls back the whole
//! batch, and every caller in it is told.

use std::pin::Pin;

use common::UnixMillis;
use sqlx::{Sqlite, Transaction};
use tokio::sync::{mpsc, oneshot};

use super::{FILE, NOW_MS, fault};
use crate::port::StoreFault;
use crate::store::sqlite::Pool;

/// Callers beyond these wait until there is room.
const QUEUE: usize = 1024;

/// At most so many share a commit, so that the first does not wait long for the last.
const BATCH: usize = 256;

/// The transaction of a batch, and the one instant at which all of it happens.
pub(super) struct Batch {
    pub(super) db: Transaction<'static, Sqlite>,
    pub(super) now: UnixMillis,
}

/// Tells a caller that its step was kept.
type Answer = Box<dyn FnOnce() + Send>;

/// SQLite failed, the caller of this step knows; the batch cannot go on.
struct Broken;

/// What a step is doing with its batch.
pub(super) type Doing<'b, T> = Pin<Box<dyn Future<Output = T> + Send + 'b>>;

type Step = Box<dyn for<'b> FnOnce(&'b mut Batch) -> Doing<'b, Result<Answer, Broken>> + Send>;

/// A handle to the writer.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Step>,
}

impl Writer {
    /// Starts the writer on a pool of one connection. It ends when all handles are gone.
    pub(super) fn start(connection: Pool) -> Self {
        let (queue, steps) = mpsc::channel(QUEUE);
        tokio::spawn(run(connection, steps));
        Self { queue }
    }

    /// Does `step` in a transaction, and answers once it is on the disk. A step that was handed
    /// in is done also when its caller no longer waits.
    pub(super) async fn write<T, F>(&self, step: F) -> Result<T, StoreFault>
    where
        T: Send + 'static,
        F: for<'b> FnOnce(&'b mut Batch) -> Doing<'b, Result<T, StoreFault>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let step: Step = Box::new(move |batch| {
            Box::pin(async move {
                let outcome = step(batch).await;
                if let Err(fault @ StoreFault::Unavailable { .. }) = outcome {
                    // Whoever hung up needs no answer, here and below.
                    let _ = reply.send(Err(fault));
                    return Err(Broken);
                }
                let answer: Answer = Box::new(move || {
                    let _ = reply.send(outcome);
                });
                Ok(answer)
            })
        });
        self.queue.send(step).await.map_err(|_| gave_up())?;
        answer.await.unwrap_or_else(|_| Err(gave_up()))
    }
}

fn gave_up() -> StoreFault {
    let source = "a write was rolled back with its batch; the log says why".into();
    StoreFault::Unavailable { store: FILE.name, source }
}

async fn run(connection: Pool, mut steps: mpsc::Receiver<Step>) {
    let mut batch = Vec::with_capacity(BATCH);
    while steps.recv_many(&mut batch, BATCH).await > 0 {
        if let Err(error) = commit(&connection, batch.drain(..)).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "Sessions could not be kept; the writes were rolled back"
            );
        }
    }
    connection.close().await;
}

/// Does the steps in one transaction. Those dropped without an answer hear that it was given up.
async fn commit(
    connection: &Pool,
    steps: impl Iterator<Item = Step> + Send,
) -> Result<(), StoreFault> {
    let mut db = connection.begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
    let now: i64 = sqlx::query_scalar(NOW_MS).fetch_one(&mut *db).await.map_err(fault)?;
    let mut batch = Batch { db, now: UnixMillis::new(now.unsigned_abs()) };
    let mut answers = Vec::new();
    for step in steps {
        let Ok(answer) = step(&mut batch).await else {
            return batch.db.rollback().await.map_err(fault);
        };
        answers.push(answer);
    }
    batch.db.commit().await.map_err(fault)?;
    for answer in answers {
        answer();
    }
    Ok(())
}
