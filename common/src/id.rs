//! Identifiers, each its own type, none of which can carry a header or a key name apart.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is no identifier. Never carries the text: it may be hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Not a UUID in its hyphenated lower-case form.
    #[error("expected a UUID like 01931c7e-0000-7000-8000-000000000000")]
    Uuid,
    /// Not 1 to 255 visible ASCII characters without a colon.
    #[error("expected 1 to 255 visible ASCII characters without ':'")]
    Subject,
    /// Not 1 to 128 visible ASCII characters.
    #[error("expected 1 to 128 visible ASCII characters")]
    Key,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// The identifier with this value.
            #[must_use]
            pub const fn new(value: Uuid) -> Self {
                Self(value)
            }

            /// The UUID behind it.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                canonical_uuid(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

uuid_id! {
    /// A session: one sign-in on one device and everything rotated from it (claim `sid`).
    /// A `UUIDv7` whose time is the login's.
    SessionId
}

uuid_id! {
    /// One token (claim `jti`, RFC 7519 §4.1.7).
    TokenId
}

impl SessionId {
    /// When the session began, read from the `UUIDv7` itself (RFC 9562 §5.7). `None` for other
    /// versions of UUID.
    #[must_use]
    pub fn began_at(self) -> Option<crate::UnixMillis> {
        let (high, _) = self.0.as_u64_pair();
        (self.0.get_version_num() == 7).then(|| crate::UnixMillis::new(high >> 16))
    }
}

/// One spelling per UUID: two texts for one id would be two entries in a list and one in another.
fn canonical_uuid(text: &str) -> Result<Uuid, InvalidId> {
    let uuid = Uuid::try_parse(text).map_err(|_| InvalidId::Uuid)?;
    let mut buffer = Uuid::encode_buffer();
    if uuid.hyphenated().encode_lower(&mut buffer) == text {
        Ok(uuid)
    } else {
        Err(InvalidId::Uuid)
    }
}

/// Whom a token speaks for (claim `sub`): 1 to 255 visible ASCII characters, no colon, so that it
/// can stand in a header and in a key name as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Subject(String);

impl Subject {
    /// The text of the claim.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Subject {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        let fits = (1..=255).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
            Ok(Self(text))
        } else {
            Err(InvalidId::Subject)
        }
    }
}

impl From<Uuid> for Subject {
    fn from(id: Uuid) -> Self {
        Self(id.hyphenated().to_string())
    }
}

impl FromStr for Subject {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::try_from(String::from(text))
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names a key within a set (`kid`, RFC 7517 §4.5): 1 to 128 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct KeyId(String);

impl KeyId {
    /// The text of the member.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for KeyId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        let fits = (1..=128).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text))
        } else {
            Err(InvalidId::Key)
        }
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_uuid_has_one_spelling() {
        let good = "01931c7e-9a00-7000-8000-00000000000a";
        assert_eq!(good.parse::<SessionId>().unwrap().to_string(), good);
        for bad in [
            "01931C7E-9A00-7000-8000-00000000000A",
            "01931c7e9a0070008000-00000000000a",
            "{01931c7e-9a00-7000-8000-00000000000a}",
            "urn:uuid:01931c7e-9a00-7000-8000-00000000000a",
            "",
        ] {
            assert_eq!(bad.parse::<SessionId>(), Err(InvalidId::Uuid), "{bad}");
        }
    }

    #[test]
    fn a_session_knows_when_it_began() {
        let id: SessionId = "01931c7e-9a00-7000-8000-00000000000a".parse().unwrap();
        assert_eq!(id.began_at().unwrap().get(), 0x0193_1c7e_9a00);
        let v4: SessionId = "0b5b1f0c-5b0e-4c5e-9a83-0f0b8c8f0c11".parse().unwrap();
        assert_eq!(v4.began_at(), None);
    }

    #[test]
    fn clm_10_a_subject_cannot_break_out_of_a_header_or_a_key() {
        let long = "x".repeat(256);
        for bad in ["", "a b", "a:b", "a\r\nb", "a\0b", "ü", &long] {
            assert_eq!(bad.parse::<Subject>(), Err(InvalidId::Subject), "{bad:?}");
        }
        assert!("x".repeat(255).parse::<Subject>().is_ok());
    }
}
