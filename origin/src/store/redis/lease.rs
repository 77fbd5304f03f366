//! Leases, a hash each. It stays when the lease lapses: the next fence must be above the last.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::keys::Key;
use super::link::Resend;
use super::{RedisStore, script};
use crate::port::{Fence, Leases, StoreFault};

#[async_trait]
impl Leases for RedisStore {
    async fn acquire(
        &self,
        name: &'static str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Fence>, StoreFault> {
        let ttl = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let call = script::LEASE.on(&[Key::Lease(name)]).arg(holder.to_string()).arg(ttl);
        let fence: Option<u64> = self.run(call, Resend::Harmless).await?;
        Ok(fence.map(Fence))
    }

    async fn release(&self, name: &'static str, holder: Uuid) -> Result<(), StoreFault> {
        let call = script::RELEASE.on(&[Key::Lease(name)]).arg(holder.to_string());
        self.run(call, Resend::Harmless).await
    }
}
