//! REV-18 for segments: an operator deletes them from KV, and an edge that knows nothing asks for them
//! in vain. They are put back, and it must not stay blind for as long as its location remembers that
//! there was nothing.

use std::time::{Duration, Instant};

use e2e::kv::Distance;
use e2e::revoked::{fill, ids, settled};
use e2e::{Fleet, Outcome, Plan, Store};

/// A second of `cacheTtl` lasts a hundredth of one.
const SCALE: f64 = 0.01;
/// The life of the lease of the one that is gone, and a look of the edge; with room.
const BOUND: Duration = Duration::from_mins(1);
/// Enough for one segment.
const REVOKED: u64 = 6_000;

pub(crate) async fn tell(store: Store) -> Outcome {
    let distance = Distance { cache_scale: SCALE, ..Distance::default() };
    let mut fleet = Fleet::start(Plan { store, locations: 1, distance, ..Plan::default() }).await?;
    let (email, password) = fleet.somebody().await?;
    let origin = fleet.origin(0)?;
    let good = origin.login(&email, &password).await?.access()?;
    let revoked = ids(REVOKED);
    let epoch = fill(&fleet, &revoked).await?;
    let head = settled(&fleet, REVOKED, epoch).await?;

    fleet.origins[0].front.refuse();
    fleet.origins[0].process.kill();
    for segment in &head.segments {
        fleet.kv.lose(&format!("segment:{}", segment.name));
    }
    fleet.kv.empty_caches();
    let edge = fleet.edge_at(0, "cold").await?;
    let cold = edge.client()?;
    // It cannot know whom the missing segment names.
    cold.get("/orders", &good).await?.expect(503)?;
    // Who begins to publish looks what is there.
    fleet.origins[0].process.start()?;
    let lost = Instant::now();
    let keys: Vec<String> =
        head.segments.iter().map(|segment| format!("segment:{}", segment.name)).collect();
    while !keys.iter().all(|key| fleet.kv.value(key).is_some()) {
        assert!(lost.elapsed() < BOUND, "what was deleted is not put back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("lost_segments: put back {:?} after the loss", lost.elapsed());
    while cold.get("/orders", &good).await?.expect_any(&[200, 503])? == 503 {
        assert!(lost.elapsed() < BOUND, "the edge stays blind although the segments may be back");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    println!("lost_segments: a cold edge sees again {:?} after the loss", lost.elapsed());
    fleet.end().await
}
