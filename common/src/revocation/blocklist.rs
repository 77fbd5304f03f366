//! The list of revoked ids, exact.

use std::collections::BinaryHeap;

use uuid::Uuid;

use super::Epoch;
use crate::{UnixSeconds, base64url};

/// Bytes of one entry in a tail: the UUID, then its expiry in unix seconds, big-endian.
const RECORD: usize = 20;

/// One revoked id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// A `sid` or a `jti`.
    pub id: Uuid,
    /// When the last access token that bears it is dead by itself, leeway included.
    pub expires_at: UnixSeconds,
    /// The change that brought it; unique and growing.
    pub epoch: Epoch,
}

/// The text is no tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tail is not base64url of whole {RECORD}-byte records")]
pub struct InvalidTail;

/// Revoked ids, sorted for the search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocklist {
    ids: Vec<[u8; 16]>,
}

impl Blocklist {
    /// The text of a tail: 27 characters an entry.
    #[must_use]
    pub fn encode(entries: &[Blocked]) -> String {
        let mut bytes = Vec::with_capacity(entries.len() * RECORD);
        for entry in entries {
            bytes.extend_from_slice(entry.id.as_bytes());
            // The last second that four bytes hold lies in 2106; an entry beyond it just stays.
            let seconds = u32::try_from(entry.expires_at.get()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&seconds.to_be_bytes());
        }
        base64url::encode(bytes)
    }

    /// Reads a tail. Expiries are for the readers that sort entries away; an entry too many in the
    /// list does no harm, since no live token bears it.
    ///
    /// # Errors
    /// When it is not whole records.
    pub fn decode(tail: &str) -> Result<Self, InvalidTail> {
        let bytes = base64url::decode(tail).ok_or(InvalidTail)?;
        let (records, rest) = bytes.as_chunks::<RECORD>();
        if !rest.is_empty() {
            return Err(InvalidTail);
        }
        let ids = records.iter().filter_map(|record| record.first_chunk::<16>().copied());
        // A heap's sort is a tenth of the code of the others, and a tail is a few thousand ids.
        Ok(Self { ids: ids.collect::<BinaryHeap<[u8; 16]>>().into_sorted_vec() })
    }

    /// Whether this id is revoked.
    #[must_use]
    pub fn holds(&self, id: Uuid) -> bool {
        self.ids.binary_search(id.as_bytes()).is_ok()
    }

    /// How many ids it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn entry(n: u128) -> Blocked {
        let expires_at = UnixSeconds::new(1_800_000_000);
        Blocked { id: Uuid::from_u128(n), expires_at, epoch: Epoch::new(1) }
    }

    #[test]
    fn what_was_written_is_held_and_nothing_else() {
        let entries: Vec<_> = (0..4096).rev().map(|n| entry(n * 7)).collect();
        let list = Blocklist::decode(&Blocklist::encode(&entries)).unwrap();
        assert_eq!(list.len(), 4096);
        for n in 0..4096 * 7 {
            assert_eq!(list.holds(Uuid::from_u128(n)), n % 7 == 0);
        }
    }

    #[test]
    fn rev_12_a_tail_that_is_cut_or_no_tail_is_refused() {
        let whole = Blocklist::encode(&[entry(1), entry(2)]);
        for bad in [&whole[1..], &whole[..whole.len() - 1], "=", "a b", "\0", "AAAA"] {
            assert_eq!(Blocklist::decode(bad), Err(InvalidTail), "{bad}");
        }
        assert!(Blocklist::decode("").unwrap().is_empty());
    }
}
