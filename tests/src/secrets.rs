//! Everything that was ever used to prove something, so that logs can be searched for it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

static USED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Remembers a password, token or cookie.
pub fn used(secret: &str) {
    // A header that says little could be found in any log.
    if secret.len() >= 12 {
        USED.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.into());
    }
}

/// How many are remembered.
#[must_use]
pub fn count() -> usize {
    USED.lock().unwrap_or_else(PoisonError::into_inner).len()
}

/// The first few characters of those that stand in a text: enough to find it by.
#[must_use]
pub fn found_in(text: &str) -> Vec<String> {
    let used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    used.iter()
        .filter(|secret| text.contains(telling_part(secret)))
        .map(|secret| format!("{}…", secret.chars().take(12).collect::<String>()))
        .collect()
}

/// A token's signature is what makes it one; its header is the same for all.
fn telling_part(secret: &str) -> &str {
    match secret.rsplit_once('.') {
        Some((_, signature)) if signature.len() >= 12 => signature,
        _ => secret,
    }
}
