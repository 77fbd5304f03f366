//! What the origin said of tokens that a segment had raised a suspicion against.

use std::collections::HashMap;

use super::Epoch;
use crate::UnixSeconds;
use crate::token::{Ids, Verified};

/// The origin's answers, remembered: a yes until the token is dead by itself, a no until the next
/// change, since a later revocation may have gone into the same segment unseen. Holds at most twice
/// `generation` answers; what falls out is asked anew.
#[derive(Debug)]
pub struct Answers {
    young: HashMap<Ids, Answer>,
    old: HashMap<Ids, Answer>,
    generation: usize,
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Revoked { until: UnixSeconds },
    NotRevoked { at: Epoch },
}

impl Answers {
    /// A memory of two generations of this many answers.
    #[must_use]
    pub fn new(generation: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), generation }
    }

    /// What the origin said of this token that still holds while the head is at `epoch`.
    #[must_use]
    pub fn revoked(&self, token: &Verified, epoch: Epoch) -> Option<bool> {
        match self.young.get(&token.ids).or_else(|| self.old.get(&token.ids))? {
            // A later token may bear the same ids, where they name a user for a time.
            Answer::Revoked { until } => (token.expires_at() <= *until).then_some(true),
            Answer::NotRevoked { at } => (*at == epoch).then_some(false),
        }
    }

    /// Remembers an answer that was given while the head was at `epoch`.
    pub fn remember(&mut self, token: &Verified, epoch: Epoch, revoked: bool, now: UnixSeconds) {
        if self.young.len() >= self.generation {
            self.old = core::mem::take(&mut self.young);
            self.old.retain(|_, answer| match answer {
                Answer::Revoked { until } => *until > now,
                Answer::NotRevoked { at } => *at == epoch,
            });
        }
        let answer = if revoked {
            Answer::Revoked { until: token.expires_at() }
        } else {
            Answer::NotRevoked { at: epoch }
        };
        self.young.insert(token.ids, answer);
    }
}
