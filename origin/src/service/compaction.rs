//! Makes segments of what no longer fits into the head's tail. Whoever holds the publisher's lease
//! does it, for all replicas; [`common::revocation::plan`] says what.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use common::revocation::{
    Blocked, Build, Manifest, Plan, Sealed, SegmentError, SegmentName, SegmentRef, build_segment,
    plan,
};
use tokio::task::spawn_blocking;
use tracing::info;
use uuid::Uuid;

use super::Fault;
use super::tail::{PAGE, Tail};
use crate::port::{BlockLog, Content, Fence, Random, Segments, StoreFault};

/// How many times a filter is tried, each time with another key, before something else is wrong.
const TRIES: usize = 5;

/// Entries that one plan looks at: more than it can put into segments.
const AT_A_TIME: usize = 50_000;

/// How a step towards a short tail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The tail is short enough.
    Short,
    /// It is shorter now, and perhaps not yet short enough.
    Taken,
    /// It was for another to take.
    LeaseLost,
}

/// Keeps the tail short.
pub(crate) struct Compactor {
    pub(crate) log: Arc<dyn BlockLog>,
    pub(crate) segments: Arc<dyn Segments>,
    pub(crate) random: Arc<dyn Random>,
}

impl Compactor {
    /// Takes one step towards a short tail. Nothing is done once the lease has another fence: a
    /// former holder must not put an old manifest in the place of a newer one.
    pub(crate) async fn step(&self, lease: &'static str, fence: Fence) -> Result<Step, Fault> {
        let manifest = self.segments.manifest().await?;
        let tail = Tail::after(&*self.log, manifest.through, AT_A_TIME).await?;
        let Some(Plan { keep, build, through }) = plan(&manifest, &tail.entries, tail.now) else {
            return Ok(Step::Short);
        };
        let mut next = Manifest { through, segments: keep };
        let mut made = Vec::new();
        for build in build {
            let content = self.make(build).await?;
            let Build { after, through, .. } = build;
            next.segments.push(Sealed { segment: content.segment, after, through });
            made.push(content);
        }
        if !self.segments.replace(lease, fence, &next, &made).await? {
            return Ok(Step::LeaseLost);
        }
        info!(segments = next.segments.len(), made = made.len(), "tail compacted");
        Ok(Step::Taken)
    }

    /// Makes a segment again whose content the store has lost. Its name is another then, since its
    /// key is.
    pub(crate) async fn restore(
        &self,
        lease: &'static str,
        fence: Fence,
        lost: SegmentName,
    ) -> Result<(), Fault> {
        let mut manifest = self.segments.manifest().await?;
        let Some(sealed) = manifest.segments.iter_mut().find(|s| s.segment.name == lost) else {
            return Ok(());
        };
        let Sealed { after, through, segment: SegmentRef { expires_at, .. } } = *sealed;
        let content = self.make(Build { after, through, expires_at }).await?;
        sealed.segment = content.segment;
        self.segments.replace(lease, fence, &manifest, &[content]).await?;
        Ok(())
    }

    async fn make(&self, build: Build) -> Result<Content, Fault> {
        let ids = self.ids(build).await?;
        let keys = [(); TRIES].map(|()| *self.random.uuid().as_bytes());
        let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        // Some ten milliseconds of work.
        let bytes = spawn_blocking(move || {
            let mut failed = SegmentError::Build;
            for key in keys {
                match build_segment(key, &ids) {
                    Ok(bytes) => return Ok(bytes),
                    Err(error) => failed = error,
                }
            }
            Err(failed)
        });
        let bytes = bytes.await.map_err(|_| SegmentError::Build)??;
        let mut name = [0; 32];
        name.copy_from_slice(digest(&SHA256, &bytes).as_ref());
        let (name, expires_at) = (SegmentName::new(name), build.expires_at);
        Ok(Content { segment: SegmentRef { name, count, expires_at }, bytes })
    }

    /// The ids that belong into the segment, by the log.
    async fn ids(&self, build: Build) -> Result<Vec<Uuid>, StoreFault> {
        let mut ids = Vec::new();
        let mut from = Some(build.after);
        while let Some(epoch) = from.filter(|epoch| *epoch < build.through) {
            let page = self.log.after(epoch, PAGE).await?;
            let taken = |entry: &&Blocked| build.takes(entry);
            ids.extend(page.entries.iter().filter(taken).map(|entry| entry.id));
            from = page.next;
        }
        Ok(ids)
    }
}
