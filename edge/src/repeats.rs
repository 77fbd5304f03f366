//! What many answers have in common, and which says nothing of the request they answer: the main module
//! keeps it, and is told which one to repeat.

use common::Epoch;
use common::policy::Cache;
use common::problem::Code;

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// A whole refusal.
    Refusal(Code),
    /// What is changed of the app's answer.
    OfApp {
        /// Where it may be kept.
        cache: Cache,
        /// Whether anybody may ask for it.
        is_public: bool,
    },
}

/// What the main module has, in the order of its numbers for it. All of it tells of the same head at the
/// same age. No number comes again: whoever comes to know of one too late finds nothing under it.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    told: Option<(Epoch, u64)>,
    /// The number of the first.
    first: usize,
    kept: Vec<Kept>,
}

/// Which one is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Repeat {
    /// One that the main module has.
    Again(usize),
    /// One that it is to keep.
    Keep(usize),
}

impl Repeats {
    /// Where this is kept, while this is told of the head: its epoch, and its age in seconds.
    pub(crate) fn of(&mut self, wanted: Kept, told: Option<(Epoch, u64)>) -> Repeat {
        if self.told != told {
            self.told = told;
            self.first += self.kept.len();
            self.kept.clear();
        }
        if let Some(at) = self.kept.iter().position(|known| *known == wanted) {
            return Repeat::Again(self.first + at);
        }
        self.kept.push(wanted);
        Repeat::Keep(self.first + self.kept.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_means_one_thing_at_one_time_and_never_another() {
        let mut repeats = Repeats::default();
        let [public, private] =
            [Cache::Upstream, Cache::Private].map(|cache| Kept::OfApp { cache, is_public: true });
        let (now, later) = (Some((Epoch::new(7), 1)), Some((Epoch::new(7), 2)));
        assert!(matches!(repeats.of(public, now), Repeat::Keep(0)));
        assert!(matches!(repeats.of(private, now), Repeat::Keep(1)));
        assert!(matches!(repeats.of(public, now), Repeat::Again(0)));
        assert!(matches!(repeats.of(private, later), Repeat::Keep(2)));
        assert!(matches!(repeats.of(public, later), Repeat::Keep(3)));
        assert!(matches!(repeats.of(private, later), Repeat::Again(2)));
        assert!(matches!(repeats.of(public, now), Repeat::Keep(4)));
    }
}
