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
    OfApp(Cache),
}

/// What the main module has, in the order of its numbers for it. All of it tells of the same head at the
/// same age.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    told: Option<(Epoch, u64)>,
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
            self.kept.clear();
        }
        if let Some(number) = self.kept.iter().position(|known| *known == wanted) {
            return Repeat::Again(number);
        }
        self.kept.push(wanted);
        Repeat::Keep(self.kept.len() - 1)
    }
}
