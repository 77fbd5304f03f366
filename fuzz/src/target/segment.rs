//! Segments: whatever bytes they are, they are read within their bounds, or refused.

use std::sync::LazyLock;

use common::revocation::{Segment, SegmentName, build_segment};
use uuid::Uuid;

use crate::input::Input;

const DIGEST: [u8; 32] = [4; 32];

static SEGMENT: LazyLock<Vec<u8>> =
    LazyLock::new(|| build_segment([9; 16], &ids().collect::<Vec<_>>()).expect("they fit"));

fn ids() -> impl Iterator<Item = Uuid> {
    (1..=40).map(|n: u128| Uuid::from_u128(n << 80 | 0x7 << 76 | 0x8 << 60 | n))
}

pub(super) fn run(input: &mut Input<'_>) -> String {
    let bytes = input.bytes(&SEGMENT);
    let opened = Segment::open(SegmentName::new(DIGEST), &bytes, DIGEST);
    assert!(Segment::open(SegmentName::new(DIGEST), &bytes, [5; 32]).is_err());
    let Ok(segment) = opened else {
        return format!("{:?}", opened.map(|_| ()));
    };
    let held = ids().filter(|id| segment.may_hold(*id)).count();
    if bytes == *SEGMENT {
        assert_eq!(held, 40, "one of its own is missed");
    }
    let strangers = (1000..1200).filter(|n| segment.may_hold(Uuid::from_u128(*n))).count();
    format!("{held} {strangers}")
}
