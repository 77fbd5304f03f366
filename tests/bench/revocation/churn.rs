//! What the publisher costs per second while others revoke: processor time of the origin, and what
//! it writes to KV.

use std::time::{Duration, Instant};

use e2e::revoked::{fill, ids};
use e2e::{Fleet, Outcome, Plan, Store};

/// Revocations a second, entered in the block log as another replica would.
const RATES: [u64; 4] = [0, 10, 100, 500];
const SECONDS: u32 = 20;

pub(super) async fn section() -> Outcome {
    let heading = ["revocations a second", "origin's CPU", "writes", "bytes"].map(str::to_owned);
    let mut rows = vec![heading.to_vec()];
    for rate in RATES {
        rows.push(super::shown(&format!("{rate} revocations a second"), at(rate)).await?);
    }
    super::table("publisher, per second", &rows)
}

async fn at(rate: u64) -> Outcome<Vec<String>> {
    let (locations, store) = (1, Store::Redis);
    let fleet = Fleet::start(Plan { locations, store, ..Plan::default() }).await?;
    // What a start brings is over by then.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (cpu, writes, began) = (fleet.cpu(0)?, fleet.kv.writes().len(), Instant::now());
    for second in 1..=SECONDS {
        if rate > 0 {
            fill(&fleet, &ids(rate)).await?;
        }
        let next = began + Duration::from_secs(second.into());
        tokio::time::sleep(next.saturating_duration_since(Instant::now())).await;
    }
    let cpu = fleet.cpu(0)?.saturating_sub(cpu) / SECONDS;
    let writes = fleet.kv.writes().split_off(writes);
    let seconds = f64::from(SECONDS);
    let bytes: usize = writes.iter().map(|write| write.bytes).sum();
    fleet.end().await?;
    let count = u32::try_from(writes.len())?;
    Ok(vec![
        rate.to_string(),
        format!("{:.1} ms", cpu.as_secs_f64() * 1e3),
        format!("{:.2}", f64::from(count) / seconds),
        format!("{:.0}", f64::from(u32::try_from(bytes)?) / seconds),
    ])
}
