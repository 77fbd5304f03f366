//! What many live revocations cost an edge in workerd, and one more of them the publisher.

use std::time::Duration;

use e2e::Outcome;
use e2e::scale::{Course, Scale, measure};

const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];

/// The design's limits.
const MEMORY: u64 = 64 << 20;
const LOAD: Duration = Duration::from_millis(200);
const PUBLISHED: usize = 200_000;

pub(super) async fn section() -> Outcome {
    let heading =
        ["revoked", "cold start", "of it load", "memory", "of it list", "one more", "refused"]
            .map(str::to_owned);
    let mut rows = vec![heading.to_vec()];
    let mut broken = Vec::new();
    for revoked in SIZES {
        let course = Course { revoked, good: 1_000_000 };
        let scale =
            super::shown(&format!("{revoked} revocations at an edge"), measure(course)).await?;
        rows.push(row(revoked, &scale));
        let kept = scale.refused == 0
            && scale.let_in == 0
            && more_memory(&scale) < MEMORY
            && load(&scale) < LOAD
            && scale.published < PUBLISHED;
        if !kept {
            broken.push(format!("{revoked}: {scale:?}"));
        }
    }
    super::table(
        "an edge in workerd; bytes that one more revocation writes to KV; good tokens refused",
        &rows,
    )?;
    if broken.is_empty() { Ok(()) } else { Err(broken.join("; ").into()) }
}

fn load(scale: &Scale) -> Duration {
    scale.cold_after.saturating_sub(scale.cold_before)
}

fn more_memory(scale: &Scale) -> u64 {
    scale.memory_after.saturating_sub(scale.memory_before)
}

fn row(revoked: u64, scale: &Scale) -> Vec<String> {
    let ms = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1e3);
    let mb = |bytes: u64| format!("{} MB", bytes >> 20);
    vec![
        revoked.to_string(),
        ms(scale.cold_after),
        ms(load(scale)),
        mb(scale.memory_after),
        mb(more_memory(scale)),
        format!("{} KB", scale.published / 1000),
        format!("{} of {} ({} suspected)", scale.refused, 1_000_000, scale.suspected),
    ]
}
