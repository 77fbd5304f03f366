//! The figures as a table, and what was promised of them.

use std::io::{self, Write};

use e2e::Outcome;

use crate::Measured;

/// Prints it.
///
/// # Errors
/// When a limit is exceeded: with every one that is.
pub(crate) fn print(measured: &[Measured]) -> Outcome {
    let mut out = io::stdout().lock();
    let rounds = measured.first().map_or(0, |one| one.turns.len());
    writeln!(out, "\nprocessor time of workerd and requests answered, medians of {rounds} rounds")?;
    writeln!(
        out,
        "{:<52}{:>11}{:>15}{:>9}{:>11}",
        "", "µs/request", "of all rounds", "req/s", "of headers"
    )?;
    for one in measured {
        let (low, high) = one.spread();
        let ratio = ratio(measured, one, "headers").map(|ratio| format!("{:.2}", ratio.median));
        writeln!(
            out,
            "{:<52}{:>11.0}{:>15}{:>9.0}{:>11}",
            one.row.title,
            one.micros(),
            format!("{low:.0} – {high:.0}"),
            one.rate(),
            ratio.unwrap_or_default(),
        )?;
    }
    let missed = limits(&mut out, measured)?;
    asked(&mut out, measured)?;
    match missed.as_slice() {
        [] => Ok(()),
        missed => Err(format!("above the limit: {}", missed.join("; ")).into()),
    }
}

/// Prints what each row costs of its yardsticks; the ones that cost too much.
fn limits(out: &mut impl Write, measured: &[Measured]) -> Outcome<Vec<String>> {
    writeln!(out, "\n{:<52}{:>12}{:>8}{:>16}{:>9}", "", "of", "ratio", "of all rounds", "at most")?;
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

/// Prints what our Worker asked of others.
fn asked(out: &mut impl Write, measured: &[Measured]) -> Outcome {
    writeln!(out, "\n{:<52}{:>11}{:>11}{:>9}{:>11}", "", "requests", "app", "KV", "origin")?;
    for one in measured {
        let requests: u64 = one.turns.iter().map(|turn| turn.requests).sum();
        let counts = one.counts;
        writeln!(
            out,
            "{:<52}{requests:>11}{:>11}{:>9}{:>11}",
            one.row.title, counts.app, counts.kv, counts.origin
        )?;
    }
    Ok(())
}

/// How much a row costs of another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratio {
    /// Of the medians.
    pub(crate) median: f64,
    /// The lowest of the rounds, each by itself.
    low: f64,
    high: f64,
}

/// The ratio of a row to the one of this name.
pub(crate) fn ratio(measured: &[Measured], one: &Measured, of: &str) -> Option<Ratio> {
    let yardstick = measured.iter().find(|other| other.row.name == of)?;
    let rounds = one.turns.iter().zip(&yardstick.turns);
    let (low, high) = bounds(rounds.map(|(one, other)| one.micros() / other.micros()));
    Some(Ratio { median: one.micros() / yardstick.micros(), low, high })
}

impl Measured {
    /// Processor time of a request, in microseconds.
    pub(crate) fn micros(&self) -> f64 {
        median(self.turns.iter().map(crate::Turn::micros))
    }

    /// Requests answered in a second.
    pub(crate) fn rate(&self) -> f64 {
        median(self.turns.iter().map(crate::Turn::rate))
    }

    fn spread(&self) -> (f64, f64) {
        bounds(self.turns.iter().map(crate::Turn::micros))
    }
}

fn bounds(all: impl Iterator<Item = f64>) -> (f64, f64) {
    all.fold((f64::INFINITY, 0.0), |(low, high), one| (one.min(low), one.max(high)))
}

fn median(all: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = all.collect();
    all.sort_unstable_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}
