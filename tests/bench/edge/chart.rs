//! The figures as bars: what each row costs of the header work alone.

use std::path::Path;

use e2e::Outcome;
use e2e::bars::{self, Bar};

use crate::Measured;
use crate::rows::Worker;
use crate::table::ratio;

/// Pixels of a bar of the ratio 1.
const ONE: f64 = 190.0;

/// Draws it.
pub(crate) fn draw(path: &Path, measured: &[Measured]) -> Outcome {
    let bars: Vec<_> = measured
        .iter()
        .filter_map(|one| {
            let ratio = ratio(measured, one, "headers")?.median;
            Some(Bar {
                title: one.row.title.as_str(),
                length: ratio * ONE,
                figure: format!("{ratio:.2}"),
                ours: matches!(one.row.worker, Worker::Ours(_)),
            })
        })
        .collect();
    let title =
        "Processor time of a request in workerd (a Worker that only does the header work: 1)";
    bars::draw(path, title, &bars)
}
