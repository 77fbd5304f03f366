//! Segments against an exact list of the same ids: bytes to carry, time to load, time to ask. Both as
//! the edge has them, here natively and in turn.

use std::hint::black_box;
use std::time::Duration;

use common::UnixSeconds;
use common::revocation::{Blocked, Blocklist, Epoch, Segment, SegmentName, build_segment};
use e2e::Outcome;
use e2e::figures::Figures;
use e2e::revoked::ids;
use rustix::time::{ClockId, clock_gettime};
use uuid::Uuid;

const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];
/// As many as the origin puts into one.
const SEGMENT: usize = 56 * 1024;
const ROUNDS: usize = 9;
const LOOKUPS: usize = 200_000;

/// The design's limits for a million.
const LOOKUP: Duration = Duration::from_micros(1);
const LOAD: Duration = Duration::from_millis(200);

pub(super) fn section() -> Outcome {
    let heading = ["ids", "", "bytes", "load", "asked in"].map(str::to_owned);
    let mut rows = vec![heading.to_vec()];
    for size in SIZES {
        let ids = ids(size);
        let contents: Vec<_> =
            ids.chunks(SEGMENT).map(|ids| build_segment([7; 16], ids)).collect::<Result<_, _>>()?;
        let entry = |id: &Uuid| Blocked {
            id: *id,
            expires_at: UnixSeconds::new(2_000_000_000),
            epoch: Epoch::ZERO,
        };
        let list = Blocklist::encode(&ids.iter().map(entry).collect::<Vec<_>>());
        let asked: Vec<_> = (0..LOOKUPS).map(|_| (Uuid::now_v7(), Uuid::new_v4())).collect();
        let mut times = [const { Vec::new() }; 4];
        for _ in 0..ROUNDS {
            let (loaded, segments) = timed(|| open(&contents));
            let segments = segments?;
            let (searched, _) = timed(|| {
                let held = |id: Uuid| segments.iter().any(|segment| segment.may_hold(id));
                asked.iter().filter(|(sid, jti)| held(*sid) || held(*jti)).count()
            });
            let (decoded, exact) = timed(|| Blocklist::decode(&list));
            let exact = exact?;
            let (looked_up, _) = timed(|| {
                let held = |(sid, jti): &&(Uuid, Uuid)| exact.holds(*sid) || exact.holds(*jti);
                asked.iter().filter(held).count()
            });
            for (all, time) in times.iter_mut().zip([loaded, searched, decoded, looked_up]) {
                all.push(time);
            }
        }
        let [load, search, decode, look_up] =
            times.map(|times| times.into_iter().collect::<Figures>().percentile(50));
        let each = |time: Duration| time / u32::try_from(LOOKUPS).unwrap_or(u32::MAX);
        let bytes: usize = contents.iter().map(Vec::len).sum();
        let name = format!("{} segments", contents.len());
        rows.push(row(&size.to_string(), &name, bytes, load, each(search)));
        rows.push(row("", "exact, base64", list.len(), decode, each(look_up)));
        if each(search) > LOOKUP || load > LOAD {
            return Err(
                format!("{size} ids: loaded in {load:?}, asked in {:?}", each(search)).into()
            );
        }
    }
    super::table("segments and an exact list; a token's two ids asked about", &rows)
}

fn open(contents: &[Vec<u8>]) -> Result<Vec<Segment>, common::revocation::SegmentError> {
    // What it costs to check the name is the platform's own, and not in here.
    let name = SegmentName::new([0; 32]);
    contents.iter().map(|bytes| Segment::open(name, bytes, [0; 32])).collect()
}

/// Processor time, since others work on the machine, too.
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = processor_time();
    let done = black_box(work());
    (processor_time().saturating_sub(began), done)
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let part = |value: i64| u64::try_from(value).unwrap_or_default();
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

fn row(ids: &str, name: &str, bytes: usize, load: Duration, asked: Duration) -> Vec<String> {
    let load = format!("{:.2} ms", load.as_secs_f64() * 1e3);
    vec![ids.into(), name.into(), bytes.to_string(), load, format!("{} ns", asked.as_nanos())]
}
