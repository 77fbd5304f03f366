//! The figures as bars: what each row costs of the header work alone.

use std::path::Path;

use e2e::Outcome;
use plotters::prelude::*;

use crate::Measured;
use crate::rows::Worker;
use crate::table::ratio;

/// Pixels.
const WIDTH: u32 = 820;
const TOP: i32 = 48;
const BAR: i32 = 18;
const STEP: i32 = 26;
/// Where bars begin, and how long one of the ratio 1 is.
const LEFT: i32 = 320;
const ONE: f64 = 190.0;

const OURS: RGBColor = RGBColor(0x0b, 0x6e, 0x4f);
const OTHERS: RGBColor = RGBColor(0x9a, 0xa5, 0xb1);

/// Draws it.
pub(crate) fn draw(path: &Path, measured: &[Measured]) -> Outcome {
    let bars: Vec<_> = measured
        .iter()
        .filter_map(|one| Some((one, ratio(measured, one, "headers")?.median)))
        .collect();
    let count = i32::try_from(bars.len())?;
    let height = u32::try_from(TOP + STEP * count + 16)?;
    let area = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let text = |size: i32| ("sans-serif", size).into_font().color(&BLACK);
    let title =
        "Processor time of a request in workerd (a Worker that only does the header work: 1)";
    area.draw(&Text::new(title, (14, 16), text(16)))?;
    for ((one, ratio), at) in bars.into_iter().zip(0..) {
        let top = TOP + STEP * at;
        let colour = if matches!(one.row.worker, Worker::Ours(_)) { OURS } else { OTHERS };
        let end = LEFT + length(ratio);
        let title = one.row.title.as_str();
        area.draw(&Text::new(title, (14, top + 3), text(13)))?;
        area.draw(&Rectangle::new([(LEFT, top), (end, top + BAR)], colour.filled()))?;
        area.draw(&Text::new(format!("{ratio:.2}"), (end + 6, top + 3), text(13)))?;
    }
    area.present()?;
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "a few hundred pixels")]
fn length(ratio: f64) -> i32 {
    (ratio * ONE) as i32
}
