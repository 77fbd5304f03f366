//! Tokens that this process has verified before.

use core::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use super::Verified;
use crate::identity;
use crate::revocation::{Head, HeadSerial, Standing};

/// Verified tokens by their whole text: two tokens that differ in any byte are two entries
/// (CVE-2026-35039 is what a shorter key leads to). Holds at most twice `generation` entries, and
/// twice four megabytes of their texts; what falls out is verified anew. Only verified tokens ever enter, so
/// nobody without a key can fill it.
#[derive(Debug)]
pub struct VerifiedCache {
    young: HashMap<Box<str>, Seen>,
    old: HashMap<Box<str>, Seen>,
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
    pub fn get(&self, token: &str) -> Option<&Seen> {
        self.young.get(token).or_else(|| self.old.get(token))
    }

    /// Remembers a verified token.
    pub fn remember(&mut self, token: &str, verified: Verified) {
        if self.young.len() >= self.generation || self.text + token.len() > MOST_TEXT {
            self.old = core::mem::take(&mut self.young);
            self.text = 0;
        }
        self.text += token.len();
        self.young.insert(token.into(), Seen::new(verified));
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

/// A token that was verified before, with what follows from it and need not be found again.
#[derive(Debug)]
pub struct Seen {
    /// The token.
    pub token: Verified,
    /// What the app is told of it, see [`identity::headers`].
    pub identity: Arc<[(&'static str, String)]>,
    /// What the head said of it that was asked last.
    standing: Cell<Option<(HeadSerial, Standing)>>,
}

impl Seen {
    fn new(token: Verified) -> Self {
        let identity = identity::headers(&token).into();
        Self { token, identity, standing: Cell::new(None) }
    }

    /// What this head says of it. Neither of the two ever changes, so each head is asked once, however
    /// much it lists.
    #[must_use]
    pub fn standing(&self, head: &Head) -> Standing {
        match self.standing.get() {
            Some((asked, standing)) if asked == head.serial() => standing,
            _ => {
                let standing = head.standing(&self.token);
                self.standing.set(Some((head.serial(), standing)));
                standing
            }
        }
    }
}
