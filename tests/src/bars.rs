//! Figures as horizontal bars, one below the other, in an SVG.

use std::path::Path;

use plotters::prelude::*;

use crate::Outcome;

/// Pixels.
const WIDTH: u32 = 820;
const TOP: i32 = 48;
const THICK: i32 = 18;
const STEP: i32 = 26;
/// Where bars begin.
const LEFT: i32 = 320;

const OURS: RGBColor = RGBColor(0x0b, 0x6e, 0x4f);
const OTHERS: RGBColor = RGBColor(0x9a, 0xa5, 0xb1);

/// One figure.
pub struct Bar<'a> {
    /// Whose it is.
    pub title: &'a str,
    /// How long the bar is, in pixels.
    pub length: f64,
    /// What is written at its end.
    pub figure: String,
    /// Whether it is Portcullis'.
    pub ours: bool,
}

/// Draws them.
///
/// # Errors
/// When the file cannot be written.
pub fn draw(path: &Path, title: &str, bars: &[Bar<'_>]) -> Outcome {
    let height = u32::try_from(TOP + STEP * i32::try_from(bars.len())? + 16)?;
    let area = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let text = |size: i32| ("sans-serif", size).into_font().color(&BLACK);
    area.draw(&Text::new(title, (14, 16), text(16)))?;
    for (bar, at) in bars.iter().zip(0..) {
        let top = TOP + STEP * at;
        let colour = if bar.ours { OURS } else { OTHERS };
        let end = LEFT + pixels(bar.length);
        area.draw(&Text::new(bar.title, (14, top + 3), text(13)))?;
        area.draw(&Rectangle::new([(LEFT, top), (end, top + THICK)], colour.filled()))?;
        area.draw(&Text::new(bar.figure.as_str(), (end + 6, top + 3), text(13)))?;
    }
    area.present()?;
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "a few hundred pixels")]
fn pixels(length: f64) -> i32 {
    length as i32
}
