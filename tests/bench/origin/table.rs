//! The figures as a table, and what was promised of them.

use std::fs;
use std::io::{self, Write};

use e2e::Outcome;
use e2e::load::{Turn, quartiles};

use crate::Measured;
use crate::rows::{Task, Who};

/// With less of a core than this, others worked on the machine, too.
const BUSY: f64 = 0.9;

/// Prints it; the promises that are not kept.
pub(crate) fn print(measured: &[Measured]) -> Outcome<Vec<String>> {
    let mut out = io::stdout().lock();
    let rounds = measured.first().map_or(0, |one| one.turns.len());
    writeln!(out, "\none core for the server; {}; medians of {rounds} rounds", machine())?;
    for (task, title) in
        [(Task::Refresh, "refreshes, 16 sessions at a time"), (Task::Login, "sign-ins")]
    {
        writeln!(
            out,
            "\n{title:<44}{:>9}{:>8}{:>12}{:>17}{:>12}",
            "req/s", "cores", "µs/request", "half of them", "Redis, µs"
        )?;
        for one in measured.iter().filter(|one| one.row.task == task) {
            let [_, rate, _] = one.quartiles(Turn::rate);
            let [_, share, _] = one.quartiles(Turn::share);
            let [low, micros, high] = one.quartiles(Turn::micros);
            let [_, redis, _] = one.quartiles(Turn::redis_micros);
            let half = format!("{low:.1} – {high:.1}");
            let redis = match one.row.who {
                Who::Embedded | Who::Argon2 => String::new(),
                Who::OnRedis | Who::Bare | Who::Peer(_) => format!("{redis:.1}"),
            };
            let title = one.row.title;
            writeln!(out, "{title:<44}{rate:>9.0}{share:>8.2}{micros:>12.1}{half:>17}{redis:>12}")?;
        }
    }
    let missed = limits(&mut out, measured)?;
    let least = measured.iter().map(|one| one.quartiles(Turn::share)[1]).fold(1.0, f64::min);
    if least < BUSY {
        writeln!(
            out,
            "\nsome server got {least:.2} of its core: it waited for Redis or the load, or others worked on \
             the machine"
        )?;
    }
    Ok(missed)
}

/// Prints how ours compare; the promises that are not kept. Judged are requests a second of the core that the
/// server got: while others work on the machine, requests a second say how much of it they left.
fn limits(out: &mut impl Write, measured: &[Measured]) -> Outcome<Vec<String>> {
    writeln!(
        out,
        "\n{:<20}{:>15}{:>9}{:>17}{:>15}{:>10}",
        "times as many", "as", "req/s", "req/s of a core", "half of them", "at least"
    )?;
    let mut missed = Vec::new();
    for one in measured {
        let name = one.row.name;
        for limit in one.row.limits {
            let rates = ratio(measured, one, limit.of, Turn::rate);
            let work = ratio(measured, one, limit.of, Turn::of_a_core);
            let (Some([_, rate, _]), Some([low, median, high])) = (rates, work) else { continue };
            let (of, least) = (limit.of, limit.ratio);
            let half = format!("{low:.2} – {high:.2}");
            let mark = if median >= least { "" } else { "  MISSED" };
            writeln!(
                out,
                "{name:<20}{of:>15}{rate:>9.2}{median:>17.2}{half:>15}{least:>10.2}{mark}"
            )?;
            if median < least {
                missed.push(format!("{name}: {median:.2} of {of}, at least {least:.2}"));
            }
        }
        let [_, micros, _] = one.quartiles(Turn::micros);
        if let Some(most) = one.row.micros.filter(|most| micros > *most) {
            missed.push(format!("{name}: {micros:.1} µs a request, at most {most:.0}"));
        }
    }
    Ok(missed)
}

/// How many times another row's a figure is, round by round: what slows one down that is measured at about
/// the same time slows the other.
fn ratio(
    measured: &[Measured],
    one: &Measured,
    of: &str,
    figure: impl Fn(&Turn) -> f64,
) -> Option<[f64; 3]> {
    let other = measured.iter().find(|other| other.row.name == of)?;
    let rounds = one.turns.iter().zip(&other.turns);
    Some(quartiles(rounds.map(|(one, other)| figure(one) / figure(other))))
}

impl Measured {
    /// A quarter of the way through a figure's rounds in order, half, and three quarters.
    pub(crate) fn quartiles(&self, figure: impl Fn(&Turn) -> f64) -> [f64; 3] {
        quartiles(self.turns.iter().map(figure))
    }
}

/// The processor, as Linux calls it.
fn machine() -> String {
    let known = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = known.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| String::from("unknown processor"), |(_, name)| name.trim().to_owned())
}
