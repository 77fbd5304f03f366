//! JSON, read one strict way: no duplicate names at any level, no depth or width that nobody needs,
//! and of numbers only what is whole.
//!
//! Most parsers keep the last of two equal names, others the first: a token on which two judges
//! disagree must not exist (RFC 7515 §4, RFC 7519 §4, RFC 8725 §2.4). Written by hand for the
//! Worker's size: a library brings code for every type of Rust's and for fractions. The tests hold it
//! against one.

mod found;
mod parse;
mod table;
mod write;

use serde::de::{Deserialize, Deserializer, Error as _};

pub(crate) use found::{found, found_kind, found_length, found_names, found_text};
pub use parse::InvalidJson;
pub use table::{Table, Unreadable};
pub use write::Writer;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, told where it is whole, not negative and below 2^64: no other is used anywhere.
    Number(Option<u64>),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Object),
}

/// The members of an object, each name once, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object(pub(crate) Vec<(String, Json)>);

impl Json {
    /// Reads one value and nothing after it.
    ///
    /// # Errors
    /// For what RFC 8259 does not allow, a duplicate name at any level, a name with a control
    /// character, more than 16 levels, or more than 256 members of one object.
    pub fn parse(text: &str) -> Result<Self, InvalidJson> {
        parse::parse(text)
    }

    /// Its text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Its number, if it is one that is whole and not negative.
    #[must_use]
    pub const fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => *number,
            _ => None,
        }
    }

    /// Its members, if it is an object.
    #[must_use]
    pub const fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Its items, if it is a list of texts.
    #[must_use]
    pub fn into_texts(self) -> Option<Vec<String>> {
        let Self::List(list) = self else { return None };
        let text = |item| match item {
            Self::Text(text) => Some(text),
            _ => None,
        };
        list.into_iter().map(text).collect()
    }
}

impl Object {
    /// The member of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// Whether there is a member of this name, of whatever shape.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the member of this name out.
    pub fn take(&mut self, name: &str) -> Option<Json> {
        let at = self.0.iter().position(|(own, _)| own == name)?;
        Some(self.0.remove(at).1)
    }
}

impl IntoIterator for Object {
    type Item = (String, Json);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Reads one object, as [`Json::parse`] reads it.
pub(crate) fn object(bytes: &[u8]) -> Option<Object> {
    match Json::parse(core::str::from_utf8(bytes).ok()?).ok()? {
        Json::Object(members) => Some(members),
        _ => None,
    }
}

/// For types that are read by hand, where a program reads them out of something larger.
pub(crate) fn deserialize<'de, T, E: core::fmt::Display, D: Deserializer<'de>>(
    from: D,
    read: impl FnOnce(Json) -> Result<T, E>,
) -> Result<T, D::Error> {
    read(serde_json::Value::deserialize(from)?.into()).map_err(D::Error::custom)
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(flag),
            Value::Number(number) => Self::Number(number.as_u64()),
            Value::String(text) => Self::Text(text),
            Value::Array(list) => Self::List(list.into_iter().map(Self::from).collect()),
            Value::Object(map) => Self::Object(Object(
                map.into_iter().map(|(name, value)| (name, value.into())).collect(),
            )),
        }
    }
}

#[cfg(test)]
mod tests;
