use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Names stand for contents here; that SHA-256 makes them is the business of edge and origin.
const NAME: SegmentName = SegmentName::new([7; 32]);

fn ids(count: u128, salt: u128) -> Vec<Uuid> {
    (0..count)
        .map(|n| Uuid::from_u128((n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt))
        .collect()
}

fn open(bytes: &[u8]) -> Result<Segment, SegmentError> {
    Segment::open(NAME, bytes, [7; 32])
}

#[test]
fn none_of_its_own_is_missed_and_few_strangers_are_taken_for_one() {
    for count in [0, 1, 2, 3, 10, 2048, 57_344] {
        let own = ids(count, 0);
        let bytes = build_segment([3; 16], &own).unwrap();
        let segment = open(&bytes).unwrap();
        assert!(own.iter().all(|id| segment.may_hold(*id)), "{count}");
        let strangers = ids(50_000, 1 << 100);
        let taken = strangers.iter().filter(|id| segment.may_hold(**id)).count();
        assert!(taken < 10, "{taken} of 50,000 strangers with {count} ids");
        if count == 57_344 {
            assert!(bytes.len() * 10 < 26 * 57_344, "{} bytes", bytes.len());
        }
    }
}

#[test]
fn the_same_id_twice_does_no_harm() {
    let mut own = ids(100, 0);
    own.extend(ids(100, 0));
    let segment = open(&build_segment([3; 16], &own).unwrap()).unwrap();
    assert!(own.iter().all(|id| segment.may_hold(*id)));
}

#[test]
fn who_is_taken_for_whom_depends_on_the_key() {
    let own = ids(57_344, 0);
    let one = open(&build_segment([1; 16], &own).unwrap()).unwrap();
    let two = open(&build_segment([2; 16], &own).unwrap()).unwrap();
    let taken: Vec<_> = ids(300_000, 1 << 100).into_iter().filter(|id| one.may_hold(*id)).collect();
    assert!(!taken.is_empty());
    assert!(taken.iter().filter(|id| two.may_hold(**id)).count() <= 1);
}

#[test]
fn rev_12_what_is_cut_changed_or_no_segment_is_refused_and_nothing_panics() {
    let good = build_segment([3; 16], &ids(1000, 0)).unwrap();
    assert_eq!(Segment::open(NAME, &good, [8; 32]).unwrap_err(), SegmentError::Content);
    for length in (0..64).chain([good.len() - 2, good.len() - 1]) {
        assert_eq!(open(&good[..length]).unwrap_err(), SegmentError::Form, "{length}");
    }
    let longer = [&good[..], &[0, 0]].concat();
    assert_eq!(open(&longer).unwrap_err(), SegmentError::Form);
    // Whatever the description says, a lookup stays within what is there.
    for at in 0..44 {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[at] = value;
            if let Ok(segment) = open(&bytes) {
                for id in ids(2000, 5) {
                    let _ = segment.may_hold(id);
                }
            }
        }
    }
}

#[test]
fn a_name_has_one_spelling() {
    let text = NAME.to_string();
    assert_eq!(text.len(), 43);
    assert_eq!(text.parse(), Ok(NAME));
    let json = serde_json::to_string(&NAME).unwrap();
    assert_eq!(serde_json::from_str::<SegmentName>(&json).unwrap(), NAME);
    for bad in ["", "AA", &format!("{text}A"), &format!("{text}="), &text.replace('B', "/")] {
        assert!(bad.parse::<SegmentName>().is_err(), "{bad}");
    }
}
