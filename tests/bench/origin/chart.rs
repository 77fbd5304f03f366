//! Refreshes in a second of a core, as bars.

use std::path::Path;

use e2e::Outcome;
use e2e::bars::{self, Bar};
use e2e::load::Turn;

use crate::Measured;
use crate::rows::{Task, Who};

/// Pixels of the longest bar.
const LONGEST: f64 = 400.0;

/// Draws it.
pub(crate) fn draw(path: &Path, measured: &[Measured]) -> Outcome {
    let refreshes = measured.iter().filter(|one| one.row.task == Task::Refresh);
    let rates: Vec<_> = refreshes.map(|one| (one, one.quartiles(Turn::of_a_core)[1])).collect();
    let most = rates.iter().map(|(_, rate)| *rate).fold(1.0, f64::max);
    let bars: Vec<_> = rates
        .iter()
        .map(|(one, rate)| Bar {
            title: one.row.title,
            length: rate / most * LONGEST,
            figure: format!("{rate:.0}"),
            ours: !matches!(one.row.who, Who::Bare | Who::Peer(_)),
        })
        .collect();
    bars::draw(path, "Sessions renewed in a second of one core (Redis has another)", &bars)
}
