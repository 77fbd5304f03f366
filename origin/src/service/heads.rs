//! The signed head, made from the block log: the same for the mailbox and for whoever asks here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use common::Epoch;
use common::revocation::{Blocklist, HeadClaims, MAX_HEAD, TailEntry};
use tracing::error;

use super::{Epochs, Fault};
use crate::port::{BlockLog, Clock, Signer};

/// How old a head may be that is given out again.
const FRESH: Duration = Duration::from_secs(1);

/// Bytes that an entry takes in the finished head: 20, in base64 twice.
const BYTES_PER_ENTRY: usize = 36;

/// Entries that fit, with room for keys and the rest.
const CAPACITY: usize = (MAX_HEAD - 16 * 1024) / BYTES_PER_ENTRY;

/// A head, signed.
#[derive(Clone, Debug)]
pub(crate) struct SignedHead {
    pub(crate) epoch: Epoch,
    pub(crate) document: Arc<str>,
    made: Instant,
}

/// Makes heads.
pub(crate) struct Heads {
    log: Arc<dyn BlockLog>,
    signer: Arc<dyn Signer>,
    clock: Arc<dyn Clock>,
    epochs: Arc<Epochs>,
    issuer: String,
    last: Mutex<Option<SignedHead>>,
}

impl Heads {
    pub(crate) fn new(
        issuer: &str,
        log: Arc<dyn BlockLog>,
        signer: Arc<dyn Signer>,
        clock: Arc<dyn Clock>,
        epochs: Arc<Epochs>,
    ) -> Self {
        Self { log, signer, clock, epochs, issuer: String::from(issuer), last: Mutex::default() }
    }

    /// A head not older than a second, and not older than any change this process knows of.
    pub(crate) async fn current(&self) -> Result<SignedHead, Fault> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match last {
            Some(head) if head.made.elapsed() < FRESH && head.epoch >= self.epochs.latest() => {
                Ok(head)
            }
            _ => self.make().await,
        }
    }

    /// A head made now.
    pub(crate) async fn make(&self) -> Result<SignedHead, Fault> {
        let made = Instant::now();
        let page = self.log.after(Epoch::ZERO).await?;
        self.epochs.observe(page.epoch);
        let overflow = page.entries.len().saturating_sub(CAPACITY);
        if overflow > 0 {
            error!(overflow, "more revocations than one head can hold; the oldest are left out");
        }
        let tail: Vec<_> = page
            .entries
            .iter()
            .skip(overflow)
            .map(|entry| TailEntry { id: entry.id, expires_at: entry.expires_at })
            .collect();
        let claims = HeadClaims {
            iss: self.issuer.clone(),
            epoch: page.epoch,
            issued_at: self.clock.now(),
            keys: self.signer.jwks(),
            sessions_before: None,
            tail: Blocklist::encode(&tail),
            segments: Vec::new(),
        };
        let document = self.signer.head(&claims)?.into();
        let head = SignedHead { epoch: page.epoch, document, made };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(head.clone());
        Ok(head)
    }
}
