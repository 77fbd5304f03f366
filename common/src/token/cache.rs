//! Tokens that this process has verified before.

use std::collections::HashMap;

use super::Verified;

/// Verified tokens by their whole text: two tokens that differ in any byte are two entries
/// (CVE-2026-35039 is what a shorter key leads to). Holds at most twice `generation` entries, and
/// twice four megabytes of their texts; what falls out is verified anew. Only verified tokens ever enter, so
/// nobody without a key can fill it.
#[derive(Debug)]
pub struct VerifiedCache {
    young: HashMap<Box<str>, Verified>,
    old: HashMap<Box<str>, Verified>,
    generation: usize,
    /// Of the texts of the young ones, in bytes.
    text: usize,
}

/// How much text a generation may have, in bytes: other issuers' tokens can be as long as they may be.
const MOST_TEXT: usize = 4 * 1024 * 1024;

impl VerifiedCache {
    /// A cache of two generations of this many tokens.
    #[must_use]
    pub fn new(generation: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), generation, text: 0 }
    }

    /// What was verified of exactly this text.
    #[must_use]
    pub fn get(&self, token: &str) -> Option<&Verified> {
        self.young.get(token).or_else(|| self.old.get(token))
    }

    /// Remembers a verified token.
    pub fn remember(&mut self, token: &str, verified: Verified) {
        if self.young.len() >= self.generation || self.text + token.len() > MOST_TEXT {
            self.old = core::mem::take(&mut self.young);
            self.text = 0;
        }
        self.text += token.len();
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
