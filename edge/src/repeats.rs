//! Refusals that say nothing of the request they answer: the main module keeps what they are made of, and
//! is told which one to repeat.

use common::Epoch;
use common::problem::Code;

/// Which refusals the main module has, in the order of its numbers for them. All of them tell the same
/// head at the same age.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    told: Option<(Epoch, u64)>,
    codes: Vec<Code>,
}

/// Which one to answer with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Repeat {
    /// One that the main module has.
    Again(usize),
    /// One that it is to keep.
    Keep(usize),
}

impl Repeats {
    /// The refusal by this code, while this is told of the head: its epoch, and its age in seconds.
    pub(crate) fn of(&mut self, code: Code, told: Option<(Epoch, u64)>) -> Repeat {
        if self.told != told {
            self.told = told;
            self.codes.clear();
        }
        if let Some(number) = self.codes.iter().position(|known| *known == code) {
            return Repeat::Again(number);
        }
        self.codes.push(code);
        Repeat::Keep(self.codes.len() - 1)
    }
}
