//! Puts a head into the mailbox, after every segment that it names, and looks whether it stays.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use common::Epoch;
use common::revocation::{SegmentName, SegmentRef};
use tokio::time::Instant;

use crate::port::{Clock, Mailbox, MailboxFault};
use crate::service::{Fault, Heads, SignedHead};

/// The mailbox's key of the head.
pub(crate) const HEAD: &str = "head";

/// What its keys of segments begin with; the name follows.
const SEGMENT: &str = "segment:";

/// How often it is asked which segments are there: somebody may have deleted one.
const LISTING: Duration = Duration::from_mins(5);

/// How much longer than its entries a segment stays: edges may still hold a head that names it.
const LINGERING: Duration = Duration::from_mins(20);

/// Why a head was not delivered.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeliveryError {
    #[error(transparent)]
    Head(#[from] Fault),
    #[error(transparent)]
    Mailbox(#[from] MailboxFault),
    /// The store's manifest names a segment that the store does not have.
    #[error("segment {0} is lost and is made again")]
    Lost(SegmentName),
    /// There was more to write than the lease leaves time for. What was written counts.
    #[error("the lease left no time to write all")]
    Unfinished,
}

/// What is found in the place of the head that was left there.
pub(super) enum Found {
    /// That very head.
    Ours,
    /// Another one, of this epoch if it is a head at all.
    Other(Option<Epoch>),
}

/// One mailbox, and what is known to be in it.
pub(super) struct Delivery {
    heads: Arc<Heads>,
    clock: Arc<dyn Clock>,
    mailbox: Arc<dyn Mailbox>,
    segments: HashSet<SegmentName>,
    listed_at: Option<Instant>,
    head: Option<Arc<str>>,
}

impl Delivery {
    pub(super) fn new(heads: Arc<Heads>, clock: Arc<dyn Clock>, mailbox: Arc<dyn Mailbox>) -> Self {
        Self { heads, clock, mailbox, segments: HashSet::new(), listed_at: None, head: None }
    }

    /// Forgets what it knows: somebody else has written in between.
    pub(super) fn forget(&mut self) {
        (self.listed_at, self.head) = (None, None);
    }

    /// Leaves a head made now. No write is begun after `until`.
    pub(super) async fn deliver(&mut self, until: Instant) -> Result<Epoch, DeliveryError> {
        let head = self.heads.make().await?;
        self.deliver_segments(&head, until).await?;
        if Instant::now() >= until {
            return Err(DeliveryError::Unfinished);
        }
        let document = head.document.as_bytes().to_vec();
        self.mailbox.put(HEAD, document, None).await?;
        self.head = Some(head.document);
        Ok(head.epoch)
    }

    async fn deliver_segments(
        &mut self,
        head: &SignedHead,
        until: Instant,
    ) -> Result<(), DeliveryError> {
        if head.segments.is_empty() {
            return Ok(());
        }
        if self.listed_at.is_none_or(|at| at.elapsed() >= LISTING) {
            let keys = self.mailbox.keys(SEGMENT).await?;
            let name = |key: &String| key.strip_prefix(SEGMENT)?.parse().ok();
            self.segments = keys.iter().filter_map(name).collect();
            self.listed_at = Some(Instant::now());
        }
        for segment in &*head.segments {
            if !self.segments.contains(&segment.name) {
                if Instant::now() >= until {
                    return Err(DeliveryError::Unfinished);
                }
                self.deliver_segment(segment).await?;
            }
        }
        Ok(())
    }

    async fn deliver_segment(&mut self, segment: &SegmentRef) -> Result<(), DeliveryError> {
        let SegmentRef { name, expires_at, .. } = *segment;
        let content = self.heads.segment(name).await?.ok_or(DeliveryError::Lost(name))?;
        let keep = expires_at.since(self.clock.now()) + LINGERING;
        self.mailbox.put(&format!("{SEGMENT}{name}"), content, Some(keep)).await?;
        self.segments.insert(name);
        Ok(())
    }

    /// Looks what lies in the place of the head.
    pub(super) async fn look(&self) -> Result<Found, MailboxFault> {
        let Some(found) = self.mailbox.get(HEAD).await? else { return Ok(Found::Other(None)) };
        let ours = self.head.as_ref().is_some_and(|head| head.as_bytes() == found);
        Ok(if ours { Found::Ours } else { Found::Other(self.heads.epoch_of(&found)) })
    }
}
