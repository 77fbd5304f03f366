//! `[passwords]`: how many are hashed at a time. Each takes 19 MiB while it lasts.

use std::num::NonZeroUsize;

use serde::Deserialize;

use super::error::Invalid;
use super::value::Text;

/// How many passwords are hashed at a time.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    /// How many are hashed at once.
    pub(crate) max_concurrent: usize,
    /// How many may wait; one more is told to come back later.
    pub(crate) queue: usize,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    max_concurrent: Option<Text>,
    queue: Option<Text>,
}

/// One hash takes some 30 ms of a core: this many for each core are through well within the two
/// seconds that a caller is made to wait.
const QUEUE_PER_CORE: usize = 32;

impl Raw {
    pub(super) fn parse(self) -> Result<Passwords, Invalid> {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let max_concurrent = match self.max_concurrent {
            None => cores,
            Some(text) => {
                let (key, expected) = ("passwords.max_concurrent", "a number from 1 to 256");
                within(&text, key, 1..=256, expected)?
            }
        };
        let queue = match self.queue {
            None => max_concurrent * QUEUE_PER_CORE,
            Some(text) => within(&text, "passwords.queue", 0..=10_000, "a number from 0 to 10000")?,
        };
        Ok(Passwords { max_concurrent, queue })
    }
}

fn within(
    text: &Text,
    key: &'static str,
    bounds: std::ops::RangeInclusive<usize>,
    expected: &'static str,
) -> Result<usize, Invalid> {
    let number: usize = text.parse(key, expected)?;
    if bounds.contains(&number) {
        Ok(number)
    } else {
        Err(Invalid::new(key, &number.to_string(), expected))
    }
}
