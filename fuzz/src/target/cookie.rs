//! The `Cookie` header: ours are found once or not at all, and none goes on.

use common::cookie::{Ours, ours, without_ours};

use crate::input::Input;

const SEEDS: &[&str] =
    &["__Host-at=a.b.c", "a=1; __Host-at=x; b=2; __Host-rt=y", "theme=dark", "__Host-rt=r, a=b"];
const PIECES: &[&str] = &[
    "__Host-at",
    "__Host-rt",
    "__host-at",
    "=",
    ";",
    "; ",
    ",",
    "\"",
    " ",
    "\t",
    "$Version=1",
    "\u{2000}",
    "__Host-at=z",
    "__Host-",
    "at=",
    ";;",
    "%5F",
];

pub(super) fn run(input: &mut Input<'_>) -> String {
    let header = input.text(SEEDS, PIECES);
    let found = ours(&header);
    if let Ok(Ours { access, refresh }) = found {
        for (name, value) in [("__Host-at", access), ("__Host-rt", refresh)] {
            if let Some(value) = value {
                assert!(!value.contains([';', ',']), "{value:?}");
                assert!(header.contains(name) && header.contains(value));
            }
        }
    }
    let rest = without_ours(&header);
    if let Some(rest) = &rest {
        assert!(!rest.contains("__Host-at") && !rest.contains("__Host-rt"), "{rest:?}");
        assert_eq!(ours(rest), Ok(Ours::default()));
        assert_eq!(without_ours(rest).as_ref(), Some(rest), "not the same the second time");
        let came: Vec<&str> =
            header.split(';').map(|pair| pair.trim_matches([' ', '\t'])).collect();
        assert!(
            rest.split("; ").all(|pair| came.contains(&pair) || pair.contains(';')),
            "{rest:?}"
        );
    }
    format!("{found:?} {rest:?}")
}
