//! Everything that was ever used to prove something, so that logs can be searched for it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

/// Fewer characters could be found in any text.
const TELLING: usize = 12;

static USED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Remembers a password, token or cookie.
pub fn used(secret: &str) {
    if secret.len() >= TELLING {
        USED.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.into());
    }
}

/// How many are remembered.
#[must_use]
pub fn count() -> usize {
    USED.lock().unwrap_or_else(PoisonError::into_inner).len()
}

/// The first few characters of those that stand in a text: enough to find it by.
///
/// Long stories use tens of thousands and write megabytes: each place of the text is looked up once,
/// by what would begin there.
#[must_use]
pub fn found_in(text: &str) -> Vec<String> {
    let used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut by_beginning: HashMap<&[u8], Vec<&str>> = HashMap::new();
    for secret in used.iter() {
        if let Some(beginning) = telling_part(secret).as_bytes().first_chunk::<TELLING>() {
            by_beginning.entry(beginning).or_default().push(secret);
        }
    }
    let mut found = BTreeSet::new();
    for (at, beginning) in text.as_bytes().windows(TELLING).enumerate() {
        for secret in by_beginning.get(beginning).into_iter().flatten() {
            let rest = text.as_bytes().get(at..).unwrap_or_default();
            if rest.starts_with(telling_part(secret).as_bytes()) {
                found.insert(format!("{}…", secret.chars().take(TELLING).collect::<String>()));
            }
        }
    }
    found.into_iter().collect()
}

/// A token's signature is what makes it one; its header is the same for all.
fn telling_part(secret: &str) -> &str {
    match secret.rsplit_once('.') {
        Some((_, signature)) if signature.len() >= TELLING => signature,
        _ => secret,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_is_found_and_nothing_else() {
        used("a secret of the test of secrets");
        used("eyJ0eXAiOiJ4In0.e30.the-signature-of-the-test-of-secrets");
        used("short");
        assert_eq!(found_in("a secret of the test of anything, short"), [""; 0]);
        assert_eq!(found_in("<<a secret of the test of secrets>>"), ["a secret of …"]);
        let cut = "bearer the-signature-of-the-test-of-secrets";
        assert_eq!(found_in(cut), ["eyJ0eXAiOiJ4…"]);
    }
}
