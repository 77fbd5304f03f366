//! Counters of tries, each call a script.

use std::time::Duration;

use async_trait::async_trait;

use super::keys::Key;
use super::link::Resend;
use super::sessions::milliseconds;
use super::{RedisStore, script};
use crate::port::{Counter, Leave, Proving, Rate, StoreFault, Tries};

#[async_trait]
impl Tries for RedisStore {
    async fn count(&self, counter: Counter, rate: Rate) -> Result<Leave, StoreFault> {
        let call = script::COUNT
            .on(&[Key::Rate(counter)])
            .arg(milliseconds(rate.step()))
            .arg(milliseconds(rate.span));
        // Done twice it counts twice, which is on the safe side.
        self.run(call, Resend::Harmless).await.map(leave)
    }

    async fn uncount(&self, counter: Counter, rate: Rate) -> Result<(), StoreFault> {
        let call = script::UNCOUNT.on(&[Key::Rate(counter)]).arg(milliseconds(rate.step()));
        self.run::<u8>(call, Resend::Harmless).await.map(drop)
    }

    async fn begin_proof(&self, proving: &Proving) -> Result<Leave, StoreFault> {
        let patience = proving.patience;
        let call = script::BEGIN_PROOF
            .on(&keys(proving))
            .arg(milliseconds(proving.rate.step()))
            .arg(milliseconds(proving.rate.span))
            .arg(patience.free)
            .arg(milliseconds(patience.first))
            .arg(milliseconds(patience.longest))
            .arg(patience.most)
            .arg(milliseconds(patience.memory));
        self.run(call, Resend::Harmless).await.map(leave)
    }

    async fn proven(&self, proving: &Proving, memory: Duration) -> Result<(), StoreFault> {
        let call = script::PROVEN
            .on(&keys(proving))
            .arg(milliseconds(proving.rate.step()))
            .arg(milliseconds(memory));
        self.run::<u8>(call, Resend::Harmless).await.map(drop)
    }

    async fn remember(&self, spot: Counter, memory: Duration) -> Result<(), StoreFault> {
        let call = script::REMEMBER.on(&[Key::Row(spot)]).arg(milliseconds(memory));
        self.run::<u8>(call, Resend::Harmless).await.map(drop)
    }

    async fn forget(&self, counter: Counter) -> Result<(), StoreFault> {
        let call = script::FORGET.on(&[Key::Rate(counter), Key::Row(counter)]);
        self.run::<u8>(call, Resend::Harmless).await.map(drop)
    }
}

const fn keys(proving: &Proving) -> [Key<'static>; 3] {
    [Key::Rate(proving.network), Key::Row(proving.strangers), Key::Row(proving.spot)]
}

const fn leave(milliseconds: u64) -> Leave {
    match milliseconds {
        0 => Leave::Granted,
        wait => Leave::Wait(Duration::from_millis(wait)),
    }
}
