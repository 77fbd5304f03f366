//! From a logout's answer to the first refusal, at two edges in two places.

use std::path::Path;
use std::time::Duration;

use e2e::figures::Figures;
use e2e::propagation::{Course, Mailboxes, Propagation, measure};
use e2e::{Outcome, Store};
use plotters::prelude::*;

/// How many sessions are ended, over how long: longer than a location's cache lasts, so that every
/// moment of it is met.
const LOGOUTS: usize = 200;
const OVER: Duration = Duration::from_mins(1);
const LOCATIONS: usize = 2;

/// What the design promises of 99 in a hundred, in seconds.
const BOUND_BOTH: f64 = 10.0;
const BOUND_KV_ALONE: f64 = 40.0;
/// How far the plot reaches, in seconds.
const HORIZON: f64 = 45.0;

pub(super) async fn section(plot: &Path) -> Outcome {
    let both = measured("logouts with both mailboxes", Mailboxes::Both).await?;
    let alone = measured("logouts with KV alone", Mailboxes::KvAlone).await?;
    let row = |name: &str, found: &Propagation, bound: f64| {
        let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
        let times = &found.times;
        let mut row = vec![name.to_owned()];
        row.extend([50, 95, 99].map(|of_hundred| seconds(times.percentile(of_hundred))));
        row.extend([seconds(times.max()), format!("{bound:.0} s"), found.flaps.to_string()]);
        row
    };
    let heading = ["from", "p50", "p95", "p99", "max", "p99 at most", "flaps"].map(str::to_owned);
    super::table(
        &format!("{LOGOUTS} logouts over {} s, felt at {LOCATIONS} edges", OVER.as_secs()),
        &[
            heading.to_vec(),
            row("KV and the origin's head", &both, BOUND_BOTH),
            row("KV alone (cacheTtl 30 s)", &alone, BOUND_KV_ALONE),
        ],
    )?;
    draw(plot, &both.times, &alone.times)?;
    for (found, bound) in [(&both, BOUND_BOTH), (&alone, BOUND_KV_ALONE)] {
        let kept = found.times.percentile(99).as_secs_f64() <= bound;
        if !kept || found.flaps > 0 || !found.strange.is_empty() {
            return Err(format!("a promise is broken: {:?}", found.strange).into());
        }
    }
    Ok(())
}

async fn measured(name: &str, mailboxes: Mailboxes) -> Outcome<Propagation> {
    let (logouts, over, locations) = (LOGOUTS, OVER, LOCATIONS);
    let course = Course { mailboxes, logouts, over, locations, store: Store::Embedded };
    super::shown(name, measure(&course)).await
}

/// The share of edges that refuse, over the time since the answer.
fn draw(path: &Path, both: &Figures, alone: &Figures) -> Outcome {
    let area = SVGBackend::new(path, (820, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("How long after its answer a logout is felt at an edge", ("sans-serif", 18))
        .margin(14)
        .x_label_area_size(42)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..HORIZON, 0.0..105.0)?;
    chart
        .configure_mesh()
        .x_desc("seconds since the answer of the logout")
        .y_desc("edges that refuse the session, %")
        .x_labels(10)
        .label_style(("sans-serif", 13))
        .light_line_style(WHITE)
        .draw()?;
    let curves = [
        ("KV and the origin's head", both, BOUND_BOTH, RGBColor(0x0b, 0x6e, 0x4f)),
        ("KV alone", alone, BOUND_KV_ALONE, RGBColor(0xb0, 0x3a, 0x2e)),
    ];
    for (name, times, bound, colour) in curves {
        chart
            .draw_series(LineSeries::new(steps(times), colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        let promised = [(bound, 0.0), (bound, 100.0)];
        chart.draw_series([PathElement::new(promised, colour.mix(0.4))])?;
        let label = format!("promised: {bound:.0} s");
        let style = ("sans-serif", 12).into_font().color(&colour);
        chart.draw_series([Text::new(label, (bound + 0.3, 104.0), style)])?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .label_font(("sans-serif", 13))
        .draw()?;
    area.present()?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred times, exact in a double")]
fn steps(times: &Figures) -> Vec<(f64, f64)> {
    let share = |count: usize| 100.0 * count as f64 / times.count() as f64;
    let mut points = vec![(0.0, 0.0)];
    for (at, time) in times.all().iter().enumerate() {
        points.extend([(time.as_secs_f64(), share(at)), (time.as_secs_f64(), share(at + 1))]);
    }
    points.push((HORIZON, 100.0));
    points
}
