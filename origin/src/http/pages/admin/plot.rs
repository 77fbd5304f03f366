//! How far each of the last changes has got, drawn: a column each, with a mark where it was signed,
//! published and fetched. The same numbers stand in a table, for whoever does not see the drawing.

use std::time::Duration;

use maud::{Markup, html};

use super::super::words::admin::Words;
use crate::service::Passage;

/// Changes that are drawn.
const SHOWN: usize = 40;

/// The drawing's size and the room for its scale, in its own units.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 160.0;
const SCALE: f64 = 36.0;

/// The highest value that is drawn at least, in seconds: the bound of a logout.
const LEAST: f64 = 2.0;

/// The drawing and the table.
pub(super) fn plot(words: &Words, passages: &[Passage]) -> Markup {
    if passages.is_empty() {
        return html! { p .empty { (words.no_changes) } };
    }
    let shown = passages.get(passages.len().saturating_sub(SHOWN)..).unwrap_or_default();
    let stations = |passage: &Passage| {
        [("signed", passage.signed), ("published", passage.published), ("fetched", passage.fetched)]
    };
    let highest = shown.iter().flat_map(stations).filter_map(|(_, span)| span);
    let highest = highest.map(|span| span.as_secs_f64()).fold(LEAST, f64::max).ceil();
    let y = |seconds: f64| 8.0 + (HEIGHT - 16.0) * (1.0 - seconds / highest);
    let step = (WIDTH - SCALE) / f64::from(u32::try_from(SHOWN).unwrap_or(u32::MAX));
    let columns = (0_u32..).zip(shown);
    let x = |column: u32| SCALE + step * (f64::from(column) + 0.5);
    html! {
        figure {
            svg .plot viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(words.changes) {
                @for line in [0.0, highest / 2.0, highest] {
                    line .grid x1=(SCALE) x2=(WIDTH) y1=(coordinate(y(line))) y2=(coordinate(y(line))) {}
                    text x="0" y=(coordinate(y(line) + 4.0)) { (line) " " (words.seconds) }
                }
                @for (column, passage) in columns {
                    @for (station, span) in stations(passage) {
                        @if let Some(span) = span {
                            circle .(station) r="3.5" cx=(coordinate(x(column)))
                                cy=(coordinate(y(span.as_secs_f64()))) {}
                        }
                    }
                }
            }
            figcaption {
                @for (station, name) in
                    [("signed", words.signed), ("published", words.published), ("fetched", words.fetched)]
                {
                    span .key { svg viewBox="0 0 8 8" aria-hidden="true" { circle .(station) r="4" cx="4" cy="4" {} } (name) }
                }
                p .soft { (words.changes_hint) }
            }
        }
        div .scrolls tabindex="0" role="region" aria-label=(words.changes) { table {
            thead {
                tr {
                    th scope="col" { (words.change) }
                    th scope="col" { (words.signed) }
                    th scope="col" { (words.published) }
                    th scope="col" { (words.fetched) }
                }
            }
            tbody {
                @for passage in shown.iter().rev().take(10) {
                    tr {
                        td { (passage.epoch.get()) }
                        @for (_, span) in stations(passage) { td { (seconds(words, span)) } }
                    }
                }
            }
        } }
    }
}

fn seconds(words: &Words, span: Option<Duration>) -> String {
    span.map_or_else(
        || String::from("–"),
        |span| format!("{:.2} {}", span.as_secs_f64(), words.seconds),
    )
}

/// Half a unit is less than anybody sees.
fn coordinate(value: f64) -> String {
    format!("{value:.1}")
}
