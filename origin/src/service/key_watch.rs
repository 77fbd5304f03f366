//! Makes what commands change of the signing keys known to edges, while the origin runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tracing::warn;

use super::{Epochs, Fault, Heads};
use crate::port::{BlockLog, KeysRevision, Signer};
use crate::telemetry::chain;

/// How often the keys are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Watches the signing keys.
pub(crate) struct KeyWatch {
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) log: Arc<dyn BlockLog>,
    pub(crate) epochs: Arc<Epochs>,
    pub(crate) heads: Arc<Heads>,
}

impl KeyWatch {
    /// Runs until `stop` is sent or its sender is gone.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let (mut told, mut store_answers) = (KeysRevision::default(), true);
        loop {
            let revision = self.signer.look_again().await;
            if revision != told {
                match self.tell().await {
                    Ok(()) => (told, store_answers) = (revision, true),
                    Err(fault) => {
                        if store_answers {
                            warn!(
                                error = chain(&fault),
                                "the signing keys changed, and edges cannot be told yet"
                            );
                        }
                        store_answers = false;
                    }
                }
            }
            tokio::select! {
                () = sleep(EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Other keys are a change like a revocation: the epoch grows, answers bear it, edges that hear
    /// of it fetch the head, and the publisher is woken.
    async fn tell(&self) -> Result<(), Fault> {
        let epoch = self.log.advance(self.epochs.latest()).await?;
        self.epochs.observe(epoch);
        self.heads.make().await?;
        Ok(())
    }
}
