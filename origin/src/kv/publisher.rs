//! Keeps the mailbox at most a second behind the block log. Any replica may; a lease lets one.
//! Nothing is lost by a failure: the log in the store is the truth, and each head is made of it.

use std::sync::Arc;
use std::time::Duration;

use common::Epoch;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{info, warn};
use uuid::Uuid;

use crate::port::{BlockLog, Fence, Leases, Mailbox, MailboxFault, Random, StoreFault};
use crate::service::{Epochs, Fault, Heads};
use crate::telemetry::chain;

/// The mailbox's key of the head.
const KEY: &str = "head";

const LEASE: &str = "publisher";
/// Longer than the renewal, the store's answers and the slowest write together: nobody writes who
/// does not hold it any more.
const LEASE_LIFE: Duration = Duration::from_secs(12);
const LEASE_RENEWAL: Duration = Duration::from_secs(2);

/// For so long a write that was given up, or a former holder's, may still land on top of a later.
const LATE: Duration = Duration::from_secs(5);

/// How often other replicas' changes are looked for; also the pause that KV asks for between two
/// writes of one key.
const TICK: Duration = Duration::from_secs(1);

/// The longest pause after failures.
const MAX_PAUSE: Duration = Duration::from_secs(15);

/// How often expired entries are dropped.
const PRUNING: Duration = Duration::from_mins(1);

/// How long the last head may take at the end, once it may be written.
const FAREWELL: Duration = Duration::from_secs(3);

/// Publishes heads.
pub(crate) struct Publisher {
    pub(crate) heads: Arc<Heads>,
    pub(crate) epochs: Arc<Epochs>,
    pub(crate) log: Arc<dyn BlockLog>,
    pub(crate) leases: Arc<dyn Leases>,
    pub(crate) random: Arc<dyn Random>,
    /// Where to, and how often when nothing changes. Without it the log is still watched, so that
    /// answers bear the latest epoch, and kept free of what expired.
    pub(crate) mailbox: Option<(Arc<dyn Mailbox>, Duration)>,
}

/// Why a head was not published.
#[derive(Debug, thiserror::Error)]
enum PublishError {
    #[error(transparent)]
    Head(#[from] Fault),
    #[error(transparent)]
    Mailbox(#[from] MailboxFault),
}

/// Where the publisher stands.
struct Progress {
    holder: Uuid,
    lease: Option<(Fence, Instant)>,
    /// The last head left in the mailbox under the present lease.
    published: Option<(Epoch, Instant)>,
    /// From this moment on the head is written once more, whatever was written in between.
    confirm_at: Option<Instant>,
    /// When the last write was begun, whatever became of it.
    written_at: Option<Instant>,
    /// Not before this moment is the mailbox written again, unless it is the last time.
    open_at: Instant,
    failures: u32,
    pruned_at: Instant,
    store_answers: bool,
}

impl Publisher {
    /// Runs until `stop` is sent or its sender is gone; then publishes what is pending and gives
    /// the lease back.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let now = Instant::now();
        let mut progress = Progress {
            holder: self.random.uuid(),
            lease: None,
            published: None,
            confirm_at: None,
            written_at: None,
            open_at: now,
            failures: 0,
            pruned_at: now,
            store_answers: true,
        };
        loop {
            self.tick(&mut progress).await;
            let next_tick = Instant::now() + TICK;
            let is_told = async {
                self.epochs.grown().await;
                // As soon as the mailbox may be written again.
                sleep_until(progress.open_at).await;
            };
            tokio::select! {
                () = sleep_until(next_tick) => {}
                () = is_told => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        if progress.lease.is_some() {
            self.farewell(&progress).await;
        }
    }

    async fn tick(&self, progress: &mut Progress) {
        match self.look_after_log(progress).await {
            Ok(()) if !progress.store_answers => {
                progress.store_answers = true;
                info!("the block log answers again");
            }
            Ok(()) => {}
            Err(error) => {
                if progress.store_answers {
                    warn!(
                        error = chain(&error),
                        "the block log does not answer; nothing is published meanwhile"
                    );
                }
                progress.store_answers = false;
                progress.lease = None;
                return;
            }
        }
        if progress.lease.is_some() {
            self.publish_if_due(progress).await;
        }
    }

    async fn look_after_log(&self, progress: &mut Progress) -> Result<(), StoreFault> {
        self.epochs.observe(self.log.epoch().await?);
        let now = Instant::now();
        let fresh = |(_, taken): (Fence, Instant)| now.duration_since(taken) < LEASE_RENEWAL;
        if !progress.lease.is_some_and(fresh) {
            let fence = self.leases.acquire(LEASE, progress.holder, LEASE_LIFE).await?;
            if fence.is_none() || fence != progress.lease.map(|(fence, _)| fence) {
                // Somebody else published in between: begin anew, from the log.
                progress.published = None;
                progress.confirm_at = Some(now + LATE);
            }
            progress.lease = fence.map(|fence| (fence, now));
        }
        if progress.lease.is_some() && now.duration_since(progress.pruned_at) >= PRUNING {
            progress.pruned_at = now;
            self.log.prune().await?;
        }
        Ok(())
    }

    async fn publish_if_due(&self, progress: &mut Progress) {
        let Some((mailbox, heartbeat)) = &self.mailbox else { return };
        let now = Instant::now();
        let due = match progress.published {
            None => true,
            Some((epoch, at)) => {
                epoch < self.epochs.latest()
                    || now.duration_since(at) >= *heartbeat
                    || progress.confirm_at.is_some_and(|at| now >= at)
            }
        };
        if !due || now < progress.open_at {
            return;
        }
        progress.written_at = Some(now);
        match self.publish(&**mailbox).await {
            Ok(epoch) => {
                if progress.failures > 0 || progress.published.is_none() {
                    info!(%epoch, "head published");
                }
                progress.published = Some((epoch, now));
                progress.failures = 0;
                progress.confirm_at = progress.confirm_at.filter(|at| now < *at);
                progress.open_at = now + TICK;
            }
            Err(error) => {
                progress.failures = progress.failures.saturating_add(1);
                let pause = self.pause_after(progress.failures);
                progress.open_at = now + pause;
                progress.confirm_at = Some(Instant::now() + LATE);
                warn!(error = chain(&error), failures = progress.failures, retry_ms = %pause.as_millis(),
                    "the head was not published");
            }
        }
    }

    async fn publish(&self, mailbox: &dyn Mailbox) -> Result<Epoch, PublishError> {
        let head = self.heads.make().await?;
        mailbox.put(KEY, &head.document).await?;
        Ok(head.epoch)
    }

    /// Doubles with each failure; varies by half, so that replicas do not knock in step.
    fn pause_after(&self, failures: u32) -> Duration {
        let doubled = TICK.saturating_mul(1 << failures.saturating_sub(1).min(8));
        let pause = doubled.min(MAX_PAUSE);
        pause / 2 + pause.mul_f64(f64::from(self.random.up_to(1000)) / 2000.0)
    }

    /// Leaves what is pending, whatever failed before, and the lease to the next.
    async fn farewell(&self, progress: &Progress) {
        let pending = progress.published.is_none_or(|(epoch, _)| epoch < self.epochs.latest());
        if let (Some((mailbox, _)), true) = (&self.mailbox, pending) {
            if let Some(at) = progress.written_at {
                sleep_until(at + TICK).await;
            }
            match timeout(FAREWELL, self.publish(&**mailbox)).await {
                Ok(Ok(epoch)) => info!(%epoch, "last head published"),
                Ok(Err(error)) => {
                    warn!(error = chain(&error), "the last head was not published");
                }
                Err(_) => warn!("the last head was not published in time; the next publisher will"),
            }
        }
        if let Err(error) = self.leases.release(LEASE, progress.holder).await {
            warn!(
                error = chain(&error),
                "the publisher's lease was not given back; it runs out by itself"
            );
        }
    }
}
