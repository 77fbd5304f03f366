//! Keeps the mailbox at most a second behind the block log. Any replica may; a lease lets one.
//! Nothing is lost by a failure: the log in the store is the truth, and each head is made of it.

use std::sync::Arc;
use std::time::Duration;

use common::Epoch;
use common::revocation::SegmentName;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{info, warn};
use uuid::Uuid;

use super::Standing;
use super::delivery::{Delivery, DeliveryError, Found};
use crate::port::{BlockLog, Clock, Fence, Leases, Mailbox, Random, StoreFault};
use crate::service::{Compactor, Epochs, Heads, Station, Step};
use crate::telemetry::chain;

const LEASE: &str = "publisher";
/// Longer than the renewal, the store's answers and the slowest write together: nobody writes who
/// does not hold it any more.
const LEASE_LIFE: Duration = Duration::from_secs(8);
const LEASE_RENEWAL: Duration = Duration::from_secs(2);
/// For so long after its last renewal a write may be begun; it ends within the lease's life.
const LEASE_USE: Duration = Duration::from_secs(4);

/// For so long a write that was given up, or a former holder's, may still land on top of a later
/// one. Then the mailbox is looked at.
const LATE: Duration = Duration::from_secs(5);

/// How often the mailbox is looked at when nothing is written.
const LOOKING: Duration = Duration::from_secs(10);

/// The longest pause between two looks while the mailbox keeps showing something else: a place that
/// answers with what it had a minute ago is not written to all the time.
const LATEST: u32 = 12;

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
    pub(crate) compactor: Compactor,
    pub(crate) epochs: Arc<Epochs>,
    pub(crate) log: Arc<dyn BlockLog>,
    pub(crate) leases: Arc<dyn Leases>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    /// Where to, and how often when nothing changes. Without it the log is still watched, so that
    /// answers bear the latest epoch, and kept short.
    pub(crate) mailbox: Option<(Arc<dyn Mailbox>, Duration)>,
    pub(crate) standing: Arc<Standing>,
}

/// Where the publisher stands.
struct Progress {
    holder: Uuid,
    lease: Option<(Fence, Instant)>,
    delivery: Option<Delivery>,
    /// Up to where the tail was looked at for what should go into segments.
    compacted: Epoch,
    /// Whether there is more to put into segments at once.
    compacting: bool,
    /// The last head left in the mailbox under the present lease.
    published: Option<(Epoch, Instant)>,
    /// When to look whether it is still there.
    look_at: Option<Instant>,
    /// How often in a row something else was there.
    surprises: u32,
    /// When the last write ended, whatever became of it.
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
            delivery: self.mailbox.as_ref().map(|(mailbox, _)| {
                Delivery::new(self.heads.clone(), self.clock.clone(), mailbox.clone())
            }),
            compacted: Epoch::ZERO,
            compacting: false,
            published: None,
            look_at: None,
            surprises: 0,
            written_at: None,
            open_at: now,
            failures: 0,
            pruned_at: now,
            store_answers: true,
        };
        loop {
            self.tick(&mut progress).await;
            self.standing.leading(progress.lease.is_some());
            let next_tick =
                Instant::now() + if progress.compacting { Duration::ZERO } else { TICK };
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
            self.farewell(&mut progress).await;
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
                progress.compacting = false;
                progress.lease = None;
                return;
            }
        }
        if progress.lease.is_none() || self.mailbox.is_none() {
            // Nothing will be written, so there is no hurry to hear of the next change.
            progress.open_at = Instant::now() + TICK;
        }
        if let Some((fence, _)) = progress.lease {
            self.compact(fence, progress).await;
            if !progress.compacting {
                self.look_if_due(progress).await;
                self.publish_if_due(progress).await;
            }
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
                progress.look_at = Some(now);
                progress.delivery.iter_mut().for_each(Delivery::forget);
            }
            progress.lease = fence.map(|fence| (fence, now));
        }
        if progress.lease.is_some() && now.duration_since(progress.pruned_at) >= PRUNING {
            progress.pruned_at = now;
            self.log.prune().await?;
        }
        Ok(())
    }

    /// Takes a step towards a short tail, where there is one to take. One at a time, since the lease
    /// may have to be renewed before the next.
    async fn compact(&self, fence: Fence, progress: &mut Progress) {
        let latest = self.epochs.latest();
        progress.compacting = false;
        if progress.compacted == latest {
            return;
        }
        match self.compactor.step(LEASE, fence).await {
            Ok(Step::Short) => progress.compacted = latest,
            Ok(Step::Taken) => progress.compacting = true,
            Ok(Step::LeaseLost) => progress.lease = None,
            // A longer tail serves as well.
            Err(error) => warn!(error = chain(&error), "the tail was not compacted"),
        }
    }

    async fn restore(&self, lost: SegmentName, progress: &Progress) {
        let Some((fence, _)) = progress.lease else { return };
        if let Err(error) = self.compactor.restore(LEASE, fence, lost).await {
            warn!(error = chain(&error), "a segment that was lost was not made again");
        }
    }

    /// Looks whether the head is still where it was left. Epochs there never go backwards for good:
    /// what a former holder wrote late is written over, and a head that is ahead of our store, which
    /// then was rolled back, is overtaken.
    async fn look_if_due(&self, progress: &mut Progress) {
        let (Some(delivery), Some(at)) = (&progress.delivery, progress.look_at) else { return };
        let now = Instant::now();
        if now < at {
            return;
        }
        progress.look_at = None;
        match delivery.look().await {
            Ok(Found::Ours) => {
                progress.surprises = 0;
                progress.look_at = Some(now + LOOKING);
            }
            Ok(Found::Other(found)) => {
                if progress.published.take().is_some() {
                    progress.surprises = progress.surprises.saturating_add(1);
                    let found = found.map(Epoch::get);
                    warn!(found, "the mailbox holds another head than was left there");
                }
                if let Some(known) = found.filter(|found| *found > self.epochs.latest()) {
                    warn!(%known, "the mailbox is ahead of the store, which was rolled back");
                    match self.log.advance(known).await {
                        Ok(epoch) => self.epochs.observe(epoch),
                        Err(error) => warn!(error = chain(&error), "the epoch was not set ahead"),
                    }
                }
            }
            // Writing tells, too, that the mailbox does not answer.
            Err(_) => progress.look_at = Some(now + LATE),
        }
    }

    async fn publish_if_due(&self, progress: &mut Progress) {
        let Some((_, heartbeat)) = &self.mailbox else { return };
        let now = Instant::now();
        let due = progress.published.is_none_or(|(epoch, at)| {
            epoch < self.epochs.latest() || now.duration_since(at) >= *heartbeat
        });
        if !due || now < progress.open_at {
            return;
        }
        let Some(outcome) = self.deliver(progress).await else { return };
        let ended = Instant::now();
        match outcome {
            Ok(epoch) => {
                self.epochs.reached(Station::Published, epoch);
                self.standing.published(epoch);
                if progress.failures > 0 || progress.published.is_none() {
                    info!(%epoch, "head published");
                }
                progress.published = Some((epoch, now));
                progress.failures = 0;
                progress.open_at = ended + TICK;
                progress.look_at = Some(ended + LATE * (1 + progress.surprises).min(LATEST));
            }
            Err(DeliveryError::Unfinished) => {}
            Err(error) => {
                if let DeliveryError::Lost(name) = error {
                    self.restore(name, progress).await;
                }
                self.standing.failed();
                progress.failures = progress.failures.saturating_add(1);
                let pause = self.pause_after(progress.failures);
                progress.open_at = ended + pause;
                warn!(error = chain(&error), failures = progress.failures, retry_ms = %pause.as_millis(),
                    "the head was not published");
            }
        }
    }

    /// `None` without a mailbox or a lease.
    async fn deliver(&self, progress: &mut Progress) -> Option<Result<Epoch, DeliveryError>> {
        let (delivery, (_, taken)) = (progress.delivery.as_mut()?, progress.lease?);
        let outcome = delivery.deliver(taken + LEASE_USE).await;
        progress.written_at = Some(Instant::now());
        Some(outcome)
    }

    /// Doubles with each failure; varies by half, so that replicas do not knock in step.
    fn pause_after(&self, failures: u32) -> Duration {
        let doubled = TICK.saturating_mul(1 << failures.saturating_sub(1).min(8));
        let pause = doubled.min(MAX_PAUSE);
        pause / 2 + pause.mul_f64(f64::from(self.random.up_to(1000)) / 2000.0)
    }

    /// Leaves what is pending, whatever failed before, and the lease to the next.
    async fn farewell(&self, progress: &mut Progress) {
        let pending = progress.published.is_none_or(|(epoch, _)| epoch < self.epochs.latest());
        if self.mailbox.is_some() && pending {
            if let Some(at) = progress.written_at {
                sleep_until(at + TICK).await;
            }
            match timeout(FAREWELL, self.deliver(progress)).await {
                Ok(Some(Ok(epoch))) => info!(%epoch, "last head published"),
                Ok(Some(Err(error))) => {
                    warn!(error = chain(&error), "the last head was not published");
                }
                Ok(None) => {}
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
