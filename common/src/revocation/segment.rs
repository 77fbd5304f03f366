//! Segments: where the revoked ids go that no longer fit into the head's exact tail. Immutable,
//! named by their content, and small: a filter that may take a stranger for one of its own once in
//! 65,536 times, never one of its own for a stranger.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use uuid::Uuid;
use xorf::{BinaryFuse16, Descriptor, DmaSerializable as _, Filter as _};

use crate::json::Json;
use crate::{UnixSeconds, base64url};

/// The largest segment that is read, in bytes; none that we build comes near.
pub const MAX_SEGMENT: usize = 1024 * 1024;

/// What a segment begins with: its kind and the version of its layout.
const MAGIC: [u8; 8] = *b"pcseg\0\0\x01";
const KEY: usize = 16;
const DESCRIPTOR: usize = BinaryFuse16::DESCRIPTOR_LEN;

/// A SHA-256.
pub type Digest = [u8; 32];

/// A segment's name: the SHA-256 of its content, so that whoever knows the name can trust the
/// content wherever it comes from. In text, 43 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SegmentName(Digest);

/// The text names no segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a segment's name is a SHA-256 in base64url: 43 characters")]
pub struct InvalidName;

impl SegmentName {
    /// The name of a content with this SHA-256.
    #[must_use]
    pub const fn new(digest: Digest) -> Self {
        Self(digest)
    }
}

impl FromStr for SegmentName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let bytes = base64url::decode(text).ok_or(InvalidName)?;
        bytes.try_into().map(Self).map_err(|_| InvalidName)
    }
}

impl TryFrom<String> for SegmentName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<SegmentName> for String {
    fn from(name: SegmentName) -> Self {
        base64url::encode(name.0)
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(*self))
    }
}

impl fmt::Debug for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A segment as heads name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentRef {
    /// Its name.
    pub name: SegmentName,
    /// How many ids are in it.
    pub count: u32,
    /// When the last of them is expired.
    pub expires_at: UnixSeconds,
}

impl SegmentRef {
    pub(super) fn read(value: Json) -> Option<Self> {
        let Json::Object(mut members) = value else { return None };
        let read = Self {
            name: members.take("name")?.as_text()?.parse().ok()?,
            count: members.take("count")?.as_u64()?.try_into().ok()?,
            expires_at: UnixSeconds::read(&members.take("expires_at")?)?,
        };
        members.is_empty().then_some(read)
    }
}

/// Why bytes are not the segment that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// Not what was asked for: cut, changed, or another one.
    #[error("the content is not what the name says")]
    Content,
    /// What was asked for is no segment.
    #[error("it is no segment of a version that can be read here")]
    Form,
    /// No filter could be made; another key may have more luck.
    #[error("no filter can be made of these ids with this key")]
    Build,
}

/// A filter of revoked ids. The ids are mixed with a key that is drawn for each segment, so that
/// nobody can choose ids that the filter takes for one another.
#[derive(Clone, Debug)]
pub struct Segment {
    name: SegmentName,
    hasher: SipHasher13,
    filter: BinaryFuse16,
}

/// The content of a segment of these ids, mixed with `key`.
///
/// # Errors
/// `Build`, once in a very great while; another key then helps.
pub fn build_segment(key: [u8; KEY], ids: &[Uuid]) -> Result<Vec<u8>, SegmentError> {
    let hasher = SipHasher13::new_with_key(&key);
    let mut keys: Vec<u64> = ids.iter().map(|id| hasher.hash(id.as_bytes())).collect();
    keys.sort_unstable();
    keys.dedup();
    let filter = BinaryFuse16::try_from(&keys).map_err(|_| SegmentError::Build)?;
    // A false negative would let a revoked token in: worth the look, whatever the library promises.
    if !keys.iter().all(|key| filter.contains(key)) {
        return Err(SegmentError::Build);
    }
    let mut descriptor = [0; DESCRIPTOR];
    filter.dma_copy_descriptor_to(&mut descriptor);
    let mut bytes = Vec::with_capacity(MAGIC.len() + KEY + DESCRIPTOR + filter.len() * 2);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&key);
    bytes.extend_from_slice(&descriptor);
    bytes.extend(filter.fingerprints.iter().flat_map(|print| print.to_le_bytes()));
    Ok(bytes)
}

impl Segment {
    /// Takes the content in hand. `digest` is its SHA-256, computed by whoever can.
    ///
    /// # Errors
    /// When the digest is not the name, or the content no segment.
    pub fn open(name: SegmentName, bytes: &[u8], digest: Digest) -> Result<Self, SegmentError> {
        if name != SegmentName::new(digest) {
            return Err(SegmentError::Content);
        }
        Self::read(name, bytes).ok_or(SegmentError::Form)
    }

    fn read(name: SegmentName, bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&MAGIC)?;
        let (key, rest) = rest.split_first_chunk::<KEY>()?;
        let (seed, rest) = rest.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (mask, rest) = rest.split_first_chunk::<4>()?;
        let (count_length, rest) = rest.split_first_chunk::<4>()?;
        let (prints, odd) = rest.as_chunks::<2>();
        let descriptor = Descriptor {
            seed: u64::from_le_bytes(*seed),
            segment_length: u32::from_le_bytes(*length),
            segment_length_mask: u32::from_le_bytes(*mask),
            segment_count_length: u32::from_le_bytes(*count_length),
        };
        if !odd.is_empty() || !reaches_only(&descriptor, prints.len()) {
            return None;
        }
        let fingerprints = prints.iter().map(|print| u16::from_le_bytes(*print)).collect();
        let filter = BinaryFuse16 { descriptor, fingerprints };
        Some(Self { name, hasher: SipHasher13::new_with_key(key), filter })
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> SegmentName {
        self.name
    }

    /// Whether the id may be one of its own. A no is certain.
    #[must_use]
    pub fn may_hold(&self, id: Uuid) -> bool {
        self.filter.contains(&self.hasher.hash(id.as_bytes()))
    }
}

impl PartialEq for Segment {
    /// The same name is the same content.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Segment {}

/// Whether a filter of this description looks up nothing beyond `prints` fingerprints: its blocks
/// are a power of two long, every first one is followed by two more, and that is all there is.
fn reaches_only(descriptor: &Descriptor, prints: usize) -> bool {
    let Descriptor { segment_length: length, segment_length_mask: mask, .. } = *descriptor;
    let firsts = descriptor.segment_count_length;
    length.is_power_of_two()
        && mask == length - 1
        && firsts != 0
        && firsts.is_multiple_of(length)
        && u64::try_from(prints).ok() == Some(u64::from(firsts) + 2 * u64::from(length))
}

#[cfg(test)]
mod tests;
