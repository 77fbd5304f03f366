//! Refreshes in a second of a core, as bars.

use std::path::Path;

use e2e::Outcome;
use plotters::prelude::*;

use crate::Measured;
use crate::load::Turn;
use crate::rows::{Task, Who};

/// Pixels.
const WIDTH: u32 = 820;
const TOP: i32 = 48;
const BAR: i32 = 18;
const STEP: i32 = 26;
/// Where bars begin, and how long the longest is.
const LEFT: i32 = 320;
const LONGEST: f64 = 400.0;

const OURS: RGBColor = RGBColor(0x0b, 0x6e, 0x4f);
const OTHERS: RGBColor = RGBColor(0x9a, 0xa5, 0xb1);

/// Draws it.
pub(crate) fn draw(path: &Path, measured: &[Measured]) -> Outcome {
    let refreshes = measured.iter().filter(|one| one.row.task == Task::Refresh);
    let bars: Vec<_> = refreshes.map(|one| (one, one.quartiles(Turn::of_a_core)[1])).collect();
    let most = bars.iter().map(|(_, rate)| *rate).fold(1.0, f64::max);
    let height = u32::try_from(TOP + STEP * i32::try_from(bars.len())? + 16)?;
    let area = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let text = |size: i32| ("sans-serif", size).into_font().color(&BLACK);
    let title = "Sessions renewed in a second of one core (Redis has another)";
    area.draw(&Text::new(title, (14, 16), text(16)))?;
    for ((one, rate), at) in bars.into_iter().zip(0..) {
        let top = TOP + STEP * at;
        let colour = if matches!(one.row.who, Who::Peer(_)) { OTHERS } else { OURS };
        let end = LEFT + length(rate / most);
        area.draw(&Text::new(one.row.title, (14, top + 3), text(13)))?;
        area.draw(&Rectangle::new([(LEFT, top), (end, top + BAR)], colour.filled()))?;
        area.draw(&Text::new(format!("{rate:.0}"), (end + 6, top + 3), text(13)))?;
    }
    area.present()?;
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "a few hundred pixels")]
fn length(part: f64) -> i32 {
    (part * LONGEST) as i32
}
