//! Tokens that this process has verified before.

use std::collections::HashMap;

use super::Verified;

/// Verified tokens by their whole text: two tokens that differ in any byte are two entries
/// (CVE-2026-35039 is what a shorter key leads to). Holds at most twice `generation` entries; what
/// falls out is verified anew. Only verified tokens ever enter, so nobody without a
/// key can fill it.
#[derive(Debug)]
pub struct VerifiedCache {
    young: HashMap<Box<str>, Verified>,
    old: HashMap<Box<str>, Verified>,
    generation: usize,
}

impl VerifiedCache {
    /// A cache of two generations of this many tokens.
    #[must_use]
    pub fn new(generation: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), generation }
    }

    /// What was verified of exactly this text.
    #[must_use]
    pub fn get(&self, token: &str) -> Option<&Verified> {
        self.young.get(token).or_else(|| self.old.get(token))
    }

    /// Remembers a verified token.
    pub fn remember(&mut self, token: &str, verified: Verified) {
        if self.young.len() >= self.generation {
            self.old = core::mem::take(&mut self.young);
        }
        self.young.insert(token.into(), verified);
    }

    /// How many tokens it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
