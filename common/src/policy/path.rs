//! The one canonical path. What is decided on is what is sent upstream, byte for byte, so a path
//! that two programs could read differently is refused, never repaired.

use core::str;
use std::borrow::Cow;

/// A path that every server reads alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalPath<'a> {
    raw: &'a str,
    /// What it means once decoded: rules match on this, since upstream will decode too. No segment
    /// holds a slash, so the slashes are still those between them.
    decoded: Cow<'a, str>,
}

/// The path can be read in more than one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path is not canonical")]
pub struct NotCanonical;

impl<'a> CanonicalPath<'a> {
    /// Judges the path of a request target, without query, as it came over the wire.
    ///
    /// # Errors
    /// For encoded `/ \ NUL .` and control bytes (also when encoded several times over), empty or
    /// dot segments (also with a `;` parameter), bytes that RFC 3986 §3.3 has no place for, stray
    /// percent signs, and what does not decode to UTF-8.
    pub fn parse(raw: &'a str) -> Result<Self, NotCanonical> {
        let inner = raw.strip_prefix('/').ok_or(NotCanonical)?;
        if !inner.bytes().all(|b| matches!(b, b'/' | b'%') || may_stand_raw(b)) {
            return Err(NotCanonical);
        }
        // The empty segment behind a final slash is no segment: "/a/" and "/a" are one place to
        // many servers, so they are one place to the rules.
        let decoded = decode(inner.strip_suffix('/').unwrap_or(inner))?;
        // "/" alone has no segment; "//" has an empty one.
        let clear = |segment| !matches!(before_semicolon(segment), "" | "." | "..");
        if raw == "/" || decoded.split('/').all(clear) {
            Ok(Self { raw, decoded })
        } else {
            Err(NotCanonical)
        }
    }

    /// The path as it came and as it goes on.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.raw
    }

    /// What its segments mean once decoded.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.decoded.split('/').filter(|segment| !segment.is_empty())
    }

    /// The segments as a server sees them that takes `;…` for parameters; `None` when that makes
    /// no difference.
    pub(super) fn without_parameters(&self) -> Option<impl Iterator<Item = &str>> {
        self.decoded.contains(';').then(|| self.segments().map(before_semicolon))
    }

    pub(super) fn has_upper_case(&self) -> bool {
        self.decoded.bytes().any(|b| b.is_ascii_uppercase())
    }
}

fn before_semicolon(segment: &str) -> &str {
    segment.split(';').next().unwrap_or(segment)
}

fn decode(text: &str) -> Result<Cow<'_, str>, NotCanonical> {
    if !text.contains('%') {
        return Ok(text.into());
    }
    let once = unescape(text.as_bytes())?;
    if once.stray_percent {
        return Err(NotCanonical);
    }
    // A server behind may decode twice: what would then mean something else has two readings.
    if unescape(&once.bytes)?.changed {
        return Err(NotCanonical);
    }
    String::from_utf8(once.bytes).map(Cow::Owned).map_err(|_| NotCanonical)
}

struct Unescaped {
    bytes: Vec<u8>,
    changed: bool,
    stray_percent: bool,
}

/// Decodes each `%XX` once, refusing what nobody encodes who means well: it is either plain in a
/// path or has no place in one.
fn unescape(text: &[u8]) -> Result<Unescaped, NotCanonical> {
    let mut done =
        Unescaped { bytes: Vec::with_capacity(text.len()), changed: false, stray_percent: false };
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escaped = if *first == b'%' { hex_pair(tail) } else { None };
        if let Some(byte) = escaped {
            if matches!(byte, b'/' | b'\\' | b'.') || byte.is_ascii_control() {
                return Err(NotCanonical);
            }
            done.bytes.push(byte);
            done.changed = true;
            rest = tail.get(2..).unwrap_or_default();
        } else {
            done.stray_percent |= *first == b'%';
            done.bytes.push(*first);
        }
    }
    Ok(done)
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let pair = bytes.get(..2).filter(|pair| pair.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()
}

/// `pchar` of RFC 3986 §3.3, and the three more that the WHATWG URL parser leaves as they are, so
/// that what we send on is not rewritten on the way.
fn may_stand_raw(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@|[]".contains(&byte)
}
