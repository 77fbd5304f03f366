//! Who among the replicas may publish.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::StoreFault;

/// Grows with each change of holder: what a former holder still does can be told by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fence(pub(crate) u64);

/// Leases by name, timed by the store.
#[async_trait]
pub(crate) trait Leases: Send + Sync {
    /// Takes the lease or extends it; `None` when another holds it.
    async fn acquire(
        &self,
        name: &'static str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Fence>, StoreFault>;

    /// Gives it back early, so that the next holder need not wait. Without effect when lost.
    async fn release(&self, name: &'static str, holder: Uuid) -> Result<(), StoreFault>;
}
