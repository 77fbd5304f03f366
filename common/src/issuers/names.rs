//! What other issuers call people, sessions and tokens, made fit to stand beside our own names.

use core::fmt;

use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

use crate::Subject;
use crate::text::percent_encode;

/// Whom a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Person {
    /// A user of our own issuer.
    Own(Subject),
    /// Another issuer's, see `Person::foreign`.
    Foreign(String),
}

impl Person {
    /// `<issuer>|<sub>`, so that two issuers' `1` are two people, and neither is one of ours, whose
    /// names have no colon. In `sub`, all but visible ASCII, and `%` and `,`, is percent-encoded:
    /// no two texts become one, and none breaks out of a header (RFC 9110 §5.5) or a list in one.
    pub(super) fn foreign(issuer: &str, sub: &str) -> Self {
        let mut text = format!("{issuer}|");
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'%' | b',');
        percent_encode(sub, is_plain, &mut text);
        Self::Foreign(text)
    }

    /// The name that the app is told.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Own(subject) => subject.as_str(),
            Self::Foreign(text) => text,
        }
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a text of another issuer names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// A session: claim `sid`.
    Session,
    /// A token: claim `jti`.
    Token,
    /// A user: claim `sub`.
    Subject,
}

/// The id under which a session, token or user of another issuer is revoked: their names may be any
/// text, the block log holds UUIDs. Version 8 of RFC 9562 §5.8, by SHA-256 over kind, issuer and
/// text, each behind its length, so that no two names share an id.
#[must_use]
pub fn revocation_id(issuer: &str, kind: IdKind, text: &str) -> Uuid {
    let kind = match kind {
        IdKind::Session => "sid",
        IdKind::Token => "jti",
        IdKind::Subject => "sub",
    };
    let mut hash = Sha256::new();
    for part in [kind, issuer, text] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let (half, _) = digest.split_at(16);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(half);
    Builder::from_custom_bytes(bytes).into_uuid()
}
