//! Where segments are kept for all replicas alike, and which there are.

use async_trait::async_trait;
use common::revocation::{Manifest, SegmentName, SegmentRef};

use super::{Fence, StoreFault};

/// A segment with its content.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) segment: SegmentRef,
    pub(crate) bytes: Vec<u8>,
}

/// The segments. What they are made of stays in the block log: they can be lost and made again.
#[async_trait]
pub(crate) trait Segments: Send + Sync {
    /// Which there are.
    async fn manifest(&self) -> Result<Manifest, StoreFault>;

    /// Keeps `new` and puts `manifest` in the place of the one before, in one atomic step, while
    /// the lease of this name has this fence; false when it has not any more.
    async fn replace(
        &self,
        lease: &'static str,
        fence: Fence,
        manifest: &Manifest,
        new: &[Content],
    ) -> Result<bool, StoreFault>;

    /// The content of one. It falls away after its expiry.
    async fn content(&self, name: SegmentName) -> Result<Option<Vec<u8>>, StoreFault>;
}
