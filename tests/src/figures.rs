//! Times that were measured, and what is told of them.

use std::fmt;
use std::time::Duration;

/// Times, in order.
#[derive(Clone, Debug, Default)]
pub struct Figures(Vec<Duration>);

impl Figures {
    /// The time that so many of a hundred do not exceed (nearest rank); nothing of nothing.
    #[must_use]
    pub fn percentile(&self, of_hundred: usize) -> Duration {
        let rank = (self.0.len() * of_hundred).div_ceil(100);
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// The longest.
    #[must_use]
    pub fn max(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// All of them, shortest first.
    #[must_use]
    pub fn all(&self) -> &[Duration] {
        &self.0
    }
}

impl FromIterator<Duration> for Figures {
    fn from_iter<T: IntoIterator<Item = Duration>>(times: T) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |of_hundred| self.percentile(of_hundred).as_secs_f64();
        write!(
            f,
            "{} times: p50 {:.2} s, p95 {:.2} s, p99 {:.2} s, max {:.2} s",
            self.count(),
            seconds(50),
            seconds(95),
            seconds(99),
            self.max().as_secs_f64()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_time_that_was_measured() {
        let figures: Figures = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(figures.percentile(50), Duration::from_millis(100));
        assert_eq!(figures.percentile(99), Duration::from_millis(198));
        assert_eq!(figures.max(), Duration::from_millis(200));
        assert_eq!(Figures::default().percentile(99), Duration::ZERO);
    }
}
