//! The figures as a table, and what was promised of them.

use std::io::{self, Write};
use std::time::Duration;

use e2e::Outcome;
use e2e::load::{Turn, quartiles};

use crate::rows::{Shown, Worker};
use crate::{Beginning, Counts, Measured};

/// The first response of our Worker may take so many times as long as an empty one's.
const FIRST_RESPONSE: f64 = 2.5;
/// The most the Worker may weigh, gzipped.
const GZIP: usize = 120 * 1024;

/// With less of a core than this, others worked on the machine, too.
const BUSY: f64 = 0.9;

/// Prints it.
///
/// # Errors
/// When a limit is exceeded: with every one that is.
pub(crate) fn print(measured: &[Measured], beginning: Option<&Beginning>) -> Outcome {
    let mut out = io::stdout().lock();
    let rounds = measured.first().map_or(0, |one| one.turns.len());
    writeln!(out, "\nprocessor time of workerd and requests answered, medians of {rounds} rounds")?;
    writeln!(
        out,
        "{:<52}{:>11}{:>15}{:>9}{:>7}{:>11}",
        "", "µs/request", "half of them", "req/s", "cores", "of headers"
    )?;
    let mut least = f64::INFINITY;
    for one in measured {
        let [low, micros, high] = quartiles(one.turns.iter().map(Turn::micros));
        let [_, rate, _] = quartiles(one.turns.iter().map(Turn::rate));
        let [_, share, _] = quartiles(one.turns.iter().map(Turn::share));
        least = least.min(share);
        let ratio = ratio(measured, one, "headers").map(|ratio| format!("{:.2}", ratio.median));
        writeln!(
            out,
            "{:<52}{micros:>11.0}{:>15}{rate:>9.0}{share:>7.2}{:>11}",
            one.row.title,
            format!("{low:.0} – {high:.0}"),
            ratio.unwrap_or_default(),
        )?;
    }
    if least < BUSY {
        writeln!(
            out,
            "the machine was busy: workerd got {least:.2} of a core, so the ratios are rough"
        )?;
    }
    let mut missed = limits(&mut out, measured)?;
    missed.extend(asked(&mut out, measured)?);
    if let Some(beginning) = beginning {
        missed.extend(first_response(&mut out, beginning)?);
    }
    match missed.as_slice() {
        [] => Ok(()),
        missed => Err(format!("above the limit: {}", missed.join("; ")).into()),
    }
}

/// Prints what each row costs of its yardsticks; the ones that cost too much.
fn limits(out: &mut impl Write, measured: &[Measured]) -> Outcome<Vec<String>> {
    writeln!(out, "\n{:<52}{:>12}{:>8}{:>16}{:>9}", "", "of", "ratio", "half of them", "at most")?;
    let mut missed = Vec::new();
    for one in measured {
        for limit in one.row.limits {
            let Some(ratio) = ratio(measured, one, limit.of) else { continue };
            let kept = ratio.median <= limit.ratio;
            writeln!(
                out,
                "{:<52}{:>12}{:>8.2}{:>16}{:>9.2}{}",
                one.row.title,
                limit.of,
                ratio.median,
                format!("{:.2} – {:.2}", ratio.low, ratio.high),
                limit.ratio,
                if kept { "" } else { "  MISSED" },
            )?;
            if !kept {
                let Ratio { median, .. } = ratio;
                let (title, of, most) = (&one.row.title, limit.of, limit.ratio);
                missed.push(format!("{title}: {median:.2} of {of}, at most {most:.2}"));
            }
        }
    }
    Ok(missed)
}

/// Prints how the Worker begins; what of it is too much.
fn first_response(out: &mut impl Write, beginning: &Beginning) -> Outcome<Vec<String>> {
    let Beginning { ours, empty, gzip } = beginning;
    let ratio = ours.as_secs_f64() / empty.as_secs_f64();
    let first = format!(
        "first response of a fresh workerd: {:.1} ms, {ratio:.2} of an empty Worker's, at most \
         {FIRST_RESPONSE:.2}",
        ours.as_secs_f64() * 1e3
    );
    let size = format!("the Worker: {} KB gzipped, at most {}", gzip.div_ceil(1024), GZIP / 1024);
    let mut missed = Vec::new();
    writeln!(out)?;
    for (line, kept) in [(first, ratio <= FIRST_RESPONSE), (size, *gzip <= GZIP)] {
        writeln!(out, "{line}{}", if kept { "" } else { "  MISSED" })?;
        if !kept {
            missed.push(line);
        }
    }
    Ok(missed)
}

/// Prints what the Workers asked of others; ours that ask too much on the hot path.
fn asked(out: &mut impl Write, measured: &[Measured]) -> Outcome<Vec<String>> {
    writeln!(out, "\n{:<52}{:>11}{:>11}{:>9}{:>11}", "", "requests", "app", "KV", "origin")?;
    let mut missed = Vec::new();
    for one in measured {
        let requests: u64 = one.turns.iter().map(|turn| turn.requests).sum();
        let Counts { app, kv, origin } = one.counts;
        let title = &one.row.title;
        writeln!(out, "{title:<52}{requests:>11}{app:>11}{kv:>9}{origin:>11}")?;
        if matches!(one.row.worker, Worker::Ours(_)) && one.row.shown == Shown::Seen {
            let took: Duration = one.turns.iter().map(|turn| turn.took).sum();
            // A look every five seconds, one at the beginning of a turn, and one for a filter's mistake.
            let looks = took.as_secs() / 5 + 2 * u64::try_from(one.turns.len())?;
            // The one that begins a turn, and those that wrk left.
            let more: u64 = one.turns.iter().map(|turn| turn.left + 1).sum();
            if kv > looks || origin > looks || !(requests..=requests + more).contains(&app) {
                missed.push(format!("{title}: asks app, KV or origin on the hot path"));
            }
        }
    }
    Ok(missed)
}

/// How much a row costs of another, round by round: what slows one down that is measured at about the
/// same time slows the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratio {
    /// In the middle one of the rounds.
    pub(crate) median: f64,
    /// Half of the rounds lie between these two.
    low: f64,
    high: f64,
}

/// The ratio of a row to the one of this name.
pub(crate) fn ratio(measured: &[Measured], one: &Measured, of: &str) -> Option<Ratio> {
    let yardstick = measured.iter().find(|other| other.row.name == of)?;
    let rounds = one.turns.iter().zip(&yardstick.turns);
    let [low, median, high] = quartiles(rounds.map(|(one, other)| one.micros() / other.micros()));
    Some(Ratio { median, low, high })
}
