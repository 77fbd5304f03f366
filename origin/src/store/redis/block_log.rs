//! The block log: two sorted sets, by epoch and by expiry.

use std::time::Duration;

use async_trait::async_trait;
use common::revocation::Blocked;
use common::{Epoch, UnixMillis, UnixSeconds};
use redis::Cmd;
use uuid::Uuid;

use super::keys::Key;
use super::link::{Call, Resend};
use super::{RedisStore, corrupt, script};
use crate::port::{BlockLog, LogPage, StoreFault};

/// Entries that one call of the script drops.
const PRUNED: u64 = 5_000;

#[async_trait]
impl BlockLog for RedisStore {
    async fn block(&self, id: Uuid, retain: Duration) -> Result<Epoch, StoreFault> {
        let call = script::BLOCK.on_log_and(&[]).arg(id.to_string()).arg(retain.as_secs());
        self.keep(call).await.map(Epoch::new)
    }

    async fn advance(&self, known: Epoch) -> Result<Epoch, StoreFault> {
        let call = script::ADVANCE.on_log_and(&[]).arg(known.get());
        self.run(call, Resend::Harmless).await.map(Epoch::new)
    }

    async fn epoch(&self) -> Result<Epoch, StoreFault> {
        let get = Call::Command(Cmd::get(Key::Epoch));
        let epoch: Option<u64> = self.link.send(&get, Resend::Harmless).await?;
        Ok(epoch.map_or(Epoch::ZERO, Epoch::new))
    }

    async fn after(&self, epoch: Epoch, limit: u32) -> Result<LogPage, StoreFault> {
        let call = script::AFTER.on_log_and(&[Key::Cutoff]).arg(epoch.get()).arg(limit);
        let (epoch, now, cutoff, next, entries): (u64, u64, u64, u64, Vec<String>) =
            self.run(call, Resend::Harmless).await?;
        Ok(LogPage {
            epoch: Epoch::new(epoch),
            now: UnixSeconds::new(now),
            sessions_before: (cutoff > 0).then(|| UnixMillis::new(cutoff)),
            entries: entries.chunks(3).map(read_entry).collect::<Result<_, _>>()?,
            next: (next > 0).then(|| Epoch::new(next)),
        })
    }

    async fn blocked(&self, ids: &[Uuid]) -> Result<Vec<Uuid>, StoreFault> {
        let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
        let call = script::BLOCKED.on_log_and(&[Key::Cutoff]).arg(ids);
        let found: Vec<String> = self.run(call, Resend::Harmless).await?;
        found.iter().map(|id| read_id(id)).collect()
    }

    async fn prune(&self) -> Result<u64, StoreFault> {
        let mut dropped = 0;
        loop {
            let call = script::PRUNE.on_log_and(&[]).arg(PRUNED);
            let step: u64 = self.run(call, Resend::Harmless).await?;
            dropped += step;
            if step < PRUNED {
                return Ok(dropped);
            }
        }
    }
}

fn read_id(text: &str) -> Result<Uuid, StoreFault> {
    Uuid::try_parse(text).map_err(|_| corrupt("a blocked id is no UUID".to_owned()))
}

fn read_entry(fields: &[String]) -> Result<Blocked, StoreFault> {
    let [id, expires_at, epoch] = fields else {
        return Err(corrupt("the block log ends within an entry".to_owned()));
    };
    let number = |text: &str| {
        text.parse::<u64>().map_err(|_| corrupt(format!("blocked id {id} has the number {text}")))
    };
    Ok(Blocked {
        id: read_id(id)?,
        expires_at: UnixSeconds::new(number(expires_at)?),
        epoch: Epoch::new(number(epoch)?),
    })
}
