//! The signed head, made from the block log: the same for the mailbox and for whoever asks here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use common::Epoch;
use common::revocation::{
    Blocklist, HeadClaims, MAX_HEAD, SegmentName, SegmentRef, UnverifiedHead,
};
use tokio::sync::Mutex as Turn;
use tokio::time::sleep;
use tracing::{error, warn};

use super::tail::Tail;
use super::{Epochs, Fault, Station};
use crate::port::{BlockLog, Clock, Segments, Signer};

/// How old a head may be that is given out again.
const FRESH: Duration = Duration::from_secs(1);

/// How old a head must be for another to be made because somebody knows of a later epoch.
const PAUSE: Duration = Duration::from_millis(50);

/// Bytes that an entry takes in the finished head: 20, in base64 twice.
const BYTES_PER_ENTRY: usize = 36;

/// Entries that fit, with room for keys and the rest.
const CAPACITY: usize = (MAX_HEAD - 16 * 1024) / BYTES_PER_ENTRY;

/// A head, signed.
#[derive(Clone, Debug)]
pub(crate) struct SignedHead {
    pub(crate) epoch: Epoch,
    pub(crate) document: Arc<str>,
    /// The segments that it names.
    pub(crate) segments: Arc<[SegmentRef]>,
    made: Instant,
}

#[cfg(test)]
impl SignedHead {
    pub(crate) const fn made(&self) -> Instant {
        self.made
    }
}

/// Makes heads.
pub(crate) struct Heads {
    log: Arc<dyn BlockLog>,
    segments: Arc<dyn Segments>,
    signer: Arc<dyn Signer>,
    clock: Arc<dyn Clock>,
    epochs: Arc<Epochs>,
    issuer: String,
    last: Mutex<Option<SignedHead>>,
    /// One at a time makes a head because somebody asks.
    making: Turn<()>,
}

impl Heads {
    pub(crate) fn new(
        issuer: &str,
        log: Arc<dyn BlockLog>,
        segments: Arc<dyn Segments>,
        signer: Arc<dyn Signer>,
        clock: Arc<dyn Clock>,
        epochs: Arc<Epochs>,
    ) -> Self {
        let issuer = String::from(issuer);
        let (last, making) = (Mutex::default(), Turn::default());
        Self { log, segments, signer, clock, epochs, issuer, last, making }
    }

    /// A head not older than a second, and not older than any change this process knows of.
    pub(crate) async fn current(&self) -> Result<SignedHead, Fault> {
        self.made_for(|head| head.made.elapsed() < FRESH && head.epoch >= self.epochs.latest())
            .await
    }

    /// The current head; made anew if somebody knows of a later `epoch`, another replica's change.
    /// Whoever makes epochs up gets no more than one in [`PAUSE`] made.
    pub(crate) async fn reaching(&self, epoch: Epoch) -> Result<SignedHead, Fault> {
        let head = self.current().await?;
        if head.epoch >= epoch {
            return Ok(head);
        }
        let asked = Instant::now();
        sleep(PAUSE.saturating_sub(head.made.elapsed())).await;
        self.made_for(|head| head.epoch >= epoch || head.made >= asked).await
    }

    /// The last head if it serves, or else one that is made, once for all who ask for one meanwhile.
    async fn made_for(
        &self,
        serves: impl Fn(&SignedHead) -> bool + Send,
    ) -> Result<SignedHead, Fault> {
        if let Some(head) = self.last().filter(&serves) {
            return Ok(head);
        }
        let _turn = self.making.lock().await;
        match self.last().filter(&serves) {
            Some(head) => Ok(head),
            None => self.make().await,
        }
    }

    fn last(&self) -> Option<SignedHead> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A head made now.
    pub(crate) async fn make(&self) -> Result<SignedHead, Fault> {
        let made = Instant::now();
        // Both before the log is read: a head never looks newer than what it holds, and a change in
        // between is no rollback.
        let (issued_at, known) = (self.clock.now(), self.epochs.latest());
        let (mut segments, mut tail) = self.tail().await?;
        if tail.epoch < known {
            // No edge takes a head with an epoch below that of the one it has.
            warn!("the store was rolled back: its epoch is set ahead again");
            self.log.advance(known).await?;
            (segments, tail) = self.tail().await?;
        }
        self.epochs.observe(tail.epoch);
        // After the log: whoever changes keys counts the change afterwards.
        self.signer.look_again().await;
        if tail.entries.len() > CAPACITY {
            // Whatever were left out would be let in again.
            error!(capacity = CAPACITY, "more revocations than one head can hold");
            return Err(Fault::Overflow { capacity: CAPACITY });
        }
        let claims = HeadClaims {
            iss: self.issuer.clone(),
            epoch: tail.epoch,
            issued_at,
            keys: self.signer.jwks(issued_at),
            sessions_before: tail.sessions_before,
            tail: Blocklist::encode(&tail.entries),
            segments,
        };
        let document = self.signer.head(&claims)?.into();
        let segments = claims.segments.into();
        self.epochs.reached(Station::Signed, tail.epoch);
        let head = SignedHead { epoch: tail.epoch, document, segments, made };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Of two that are made at once, the slower may be the older.
        if last.as_ref().is_none_or(|last| (last.epoch, last.made) < (head.epoch, head.made)) {
            *last = Some(head.clone());
        }
        Ok(head)
    }

    /// The live segments, and what came after them. In this order: what goes into a segment in
    /// between is then in the tail too.
    async fn tail(&self) -> Result<(Vec<SegmentRef>, Tail), Fault> {
        let manifest = self.segments.manifest().await?;
        let tail = Tail::after(&*self.log, manifest.through, CAPACITY).await?;
        Ok((manifest.live(tail.now).collect(), tail))
    }

    /// The content of a segment, for an edge that lacks it.
    pub(crate) async fn segment(&self, name: SegmentName) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.segments.content(name).await?)
    }

    /// The epoch of a head of ours, as it lay in a mailbox; `None` when it is none.
    pub(crate) fn epoch_of(&self, document: &[u8]) -> Option<Epoch> {
        let text = str::from_utf8(document).ok()?;
        let head = UnverifiedHead::parse(text, self.signer.anchor()).ok()?;
        let signature_is_good = self.signer.signature_is_good(&head.check);
        let head = head.answered(signature_is_good, &self.issuer, self.clock.now()).ok()?;
        Some(head.epoch())
    }
}
