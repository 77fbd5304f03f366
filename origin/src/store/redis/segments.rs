//! Segments, a string each, and the manifest of them.

use async_trait::async_trait;
use common::revocation::{Manifest, SegmentName};
use redis::Cmd;

use super::keys::Key;
use super::link::{Call, Resend};
use super::{RedisStore, corrupt, script};
use crate::port::{Content, Fence, Segments, StoreFault};
use crate::store::manifest;

#[async_trait]
impl Segments for RedisStore {
    async fn manifest(&self) -> Result<Manifest, StoreFault> {
        let get = Call::Command(Cmd::get(Key::Manifest));
        let text: Option<String> = self.link.send(&get, Resend::Harmless).await?;
        Ok(manifest::read(text.as_deref()))
    }

    async fn replace(
        &self,
        lease: &'static str,
        fence: Fence,
        manifest: &Manifest,
        new: &[Content],
    ) -> Result<bool, StoreFault> {
        let manifest = serde_json::to_string(manifest)
            .map_err(|error| corrupt(format!("the manifest: {error}")))?;
        let mut keys = vec![Key::Lease(lease), Key::Manifest];
        keys.extend(new.iter().map(|content| Key::Segment(content.segment.name)));
        let mut call = script::REPLACE.on(&keys).arg(fence.0).arg(manifest);
        for Content { segment, bytes } in new {
            call = call.arg(segment.expires_at.get()).arg(&**bytes);
        }
        self.run(call, Resend::Harmless).await
    }

    async fn content(&self, name: SegmentName) -> Result<Option<Vec<u8>>, StoreFault> {
        let get = Call::Command(Cmd::get(Key::Segment(name)));
        self.link.send(&get, Resend::Harmless).await
    }
}
