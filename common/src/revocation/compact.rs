//! When the tail is full: which of its entries go into segments, and into which. Decides only;
//! reading the log and keeping what was made is the origin's work.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Blocked, Epoch, SegmentRef};
use crate::UnixSeconds;

/// How many entries a head lists exactly before the older ones of them go into segments.
pub const TAIL: usize = 4096;

/// How many entries are left in the tail then, so that not every further one moves the border.
const KEPT: usize = TAIL / 4;

/// The most entries of a segment. Two hundred thousand bytes in all are written when one more
/// revocation fills the tail: a segment of this size and a head with a short tail.
const SEGMENT: u32 = 56 * 1024;

/// Entries that expire within the same span share segments, which fall away with the last of them.
const BUCKET: Duration = Duration::from_mins(10);

/// All the segments there are, and how far they reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Every live entry up to this epoch is in one of the segments; the tail begins after it.
    pub through: Epoch,
    /// The segments.
    pub segments: Vec<Sealed>,
}

/// A segment, and which part of the log is in it: what came after the one epoch and up to the
/// other, and expires in the span that ends when the segment does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// As heads name it.
    pub segment: SegmentRef,
    /// What came after this,
    pub after: Epoch,
    /// and up to this.
    pub through: Epoch,
}

/// A segment to be made: from these entries of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Build {
    /// What came after this,
    pub after: Epoch,
    /// and up to this,
    pub through: Epoch,
    /// and expires in the span that ends here.
    pub expires_at: UnixSeconds,
}

impl Build {
    /// Whether an entry belongs into the segment.
    #[must_use]
    pub fn takes(&self, entry: &Blocked) -> bool {
        entry.epoch > self.after
            && entry.epoch <= self.through
            && bucket_end(entry.expires_at) == self.expires_at
    }
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The segments that stay.
    pub keep: Vec<Sealed>,
    /// The ones to be made.
    pub build: Vec<Build>,
    /// How far all of them reach then.
    pub through: Epoch,
}

impl Manifest {
    /// The segments that are not expired, as heads name them.
    pub fn live(&self, now: UnixSeconds) -> impl Iterator<Item = SegmentRef> {
        self.segments.iter().map(|s| s.segment).filter(move |segment| segment.expires_at > now)
    }
}

/// What to do about `tail`: the live entries after `manifest.through`, oldest change first. `None`
/// while they fit. A tail that is far too long is worked off in several plans.
#[must_use]
pub fn plan(manifest: &Manifest, tail: &[Blocked], now: UnixSeconds) -> Option<Plan> {
    if tail.len() <= TAIL {
        return None;
    }
    let sealed = tail.get(..(tail.len() - KEPT).min(SEGMENT as usize))?;
    let through = sealed.last()?.epoch;
    let mut keep: Vec<_> =
        manifest.segments.iter().filter(|s| s.segment.expires_at > now).copied().collect();
    let mut ends: Vec<_> = sealed.iter().map(|entry| bucket_end(entry.expires_at)).collect();
    ends.sort_unstable();
    let build = ends
        .chunk_by(|one, other| one == other)
        .filter_map(|bucket| Some((*bucket.first()?, u32::try_from(bucket.len()).ok()?)))
        .map(|(expires_at, more)| {
            // The last one of this span takes them in while there is room: few segments are quick
            // to ask. An earlier one cannot, since the log between it and here has others' entries.
            let last = (0..keep.len())
                .filter(|at| keep.get(*at).is_some_and(|s| s.segment.expires_at == expires_at))
                .max_by_key(|at| keep.get(*at).map(|s| s.through));
            let open = last.filter(|at| {
                keep.get(*at).is_some_and(|s| s.segment.count.saturating_add(more) <= SEGMENT)
            });
            let after = open.map_or(manifest.through, |at| keep.swap_remove(at).after);
            Build { after, through, expires_at }
        })
        .collect();
    Some(Plan { keep, build, through })
}

/// When the span ends in which this time lies.
fn bucket_end(expires_at: UnixSeconds) -> UnixSeconds {
    let span = BUCKET.as_secs();
    UnixSeconds::new((expires_at.get() / span).saturating_add(1).saturating_mul(span))
}

#[cfg(test)]
mod tests {
    use super::super::SegmentName;
    use super::*;
    use uuid::Uuid;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);

    /// A log and what was made of it, played with the plans carried out.
    #[derive(Default)]
    struct Played {
        log: Vec<Blocked>,
        manifest: Manifest,
        contents: Vec<(SegmentRef, Vec<Uuid>)>,
        epoch: u64,
    }

    impl Played {
        fn revoke(&mut self, count: u32, life: u64) {
            for _ in 0..count {
                self.epoch += 1;
                self.log.push(Blocked {
                    id: Uuid::from_u128(self.epoch.into()),
                    expires_at: UnixSeconds::new(NOW.get() + life),
                    epoch: Epoch::new(self.epoch),
                });
            }
        }

        fn tail(&self, now: UnixSeconds) -> Vec<Blocked> {
            let live = |e: &&Blocked| e.epoch > self.manifest.through && e.expires_at > now;
            self.log.iter().filter(live).copied().collect()
        }

        /// Carries out plans until there are none; the largest number of entries put into segments
        /// by one of them.
        fn compact(&mut self, now: UnixSeconds) -> usize {
            let mut most = 0;
            while let Some(plan) = plan(&self.manifest, &self.tail(now), now) {
                let mut manifest = Manifest { through: plan.through, segments: plan.keep };
                let mut written = 0;
                for build in plan.build {
                    let takes = |e: &&Blocked| build.takes(e) && e.expires_at > now;
                    let ids: Vec<_> = self.log.iter().filter(takes).map(|e| e.id).collect();
                    let mut name = [0; 32];
                    name[..8].copy_from_slice(&(self.contents.len() as u64).to_be_bytes());
                    let segment = SegmentRef {
                        name: SegmentName::new(name),
                        count: u32::try_from(ids.len()).unwrap(),
                        expires_at: build.expires_at,
                    };
                    written += ids.len();
                    self.contents.push((segment, ids));
                    let Build { after, through, .. } = build;
                    manifest.segments.push(Sealed { segment, after, through });
                }
                most = most.max(written);
                self.manifest = manifest;
            }
            most
        }

        /// Every live entry is in the tail or in a live segment.
        fn misses_nothing(&self, now: UnixSeconds) {
            let live: Vec<_> = self.manifest.live(now).collect();
            let held: std::collections::HashSet<_> = self
                .contents
                .iter()
                .filter(|(segment, _)| live.contains(segment))
                .flat_map(|(_, ids)| ids)
                .chain(&self.tail(now).iter().map(|e| e.id).collect::<Vec<_>>())
                .copied()
                .collect();
            for entry in self.log.iter().filter(|e| e.expires_at > now) {
                assert!(held.contains(&entry.id), "{} is missed", entry.epoch);
            }
        }
    }

    #[test]
    fn nothing_happens_while_the_tail_has_room() {
        let mut played = Played::default();
        played.revoke(4096, 600);
        assert_eq!(plan(&played.manifest, &played.tail(NOW), NOW), None);
        played.revoke(1, 600);
        let plan = plan(&played.manifest, &played.tail(NOW), NOW).unwrap();
        assert_eq!((plan.through, plan.build.len()), (Epoch::new(3073), 1));
    }

    #[test]
    fn nothing_is_missed_and_segments_stay_few_and_bounded() {
        let mut played = Played::default();
        for round in 0..30 {
            // Lives as tokens have them: mostly the usual one, now and then a short one.
            played.revoke(3000, 3000 + round * 20);
            played.revoke(500, 60);
            let written = played.compact(NOW);
            assert!(written <= 2 * SEGMENT as usize, "{written} entries written by one plan");
            played.misses_nothing(NOW);
        }
        let counts: Vec<_> = played.manifest.segments.iter().map(|s| s.segment.count).collect();
        assert!(counts.iter().all(|count| *count <= SEGMENT), "{counts:?}");
        assert!(counts.len() <= 8, "{counts:?}");
    }

    #[test]
    fn a_log_that_was_never_compacted_is_worked_off() {
        let mut played = Played::default();
        played.revoke(120_000, 3600);
        played.compact(NOW);
        played.misses_nothing(NOW);
        assert!(played.tail(NOW).len() <= TAIL);
        assert_eq!(played.manifest.segments.len(), 120_000_usize.div_ceil(SEGMENT as usize));
    }

    #[test]
    fn what_expired_falls_away_whole() {
        let mut played = Played::default();
        played.revoke(10_000, 60);
        played.compact(NOW);
        assert_eq!(played.manifest.live(NOW).count(), 1);
        let later = UnixSeconds::new(NOW.get() + 1200);
        assert_eq!(played.manifest.live(later).count(), 0);
        played.revoke(5000, 3600);
        played.compact(later);
        assert_eq!(played.manifest.segments.len(), 1);
        played.misses_nothing(later);
    }
}
