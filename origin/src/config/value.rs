//! How single values are written: a number may stand in quotes (environment variables have no
//! types), a duration may have a unit.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::error::Invalid;

/// Any scalar, as its text. What it has to be is said where it is parsed, with the key's name.
#[derive(Clone)]
pub(super) struct Text(String);

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(String::from(text))
    }
}

impl Text {
    /// The text, which must not be empty.
    pub(super) fn required(
        self,
        key: impl Into<Cow<'static, str>>,
        expected: &'static str,
    ) -> Result<String, Invalid> {
        if self.0.trim().is_empty() {
            return Err(Invalid::new(key, "", expected));
        }
        Ok(self.0)
    }

    /// The text parsed by its type's own rules.
    pub(super) fn parse<T: std::str::FromStr>(
        &self,
        key: impl Into<Cow<'static, str>>,
        expected: &'static str,
    ) -> Result<T, Invalid> {
        self.0.parse().map_err(|_| Invalid::new(key, &self.0, expected))
    }

    /// A duration: whole seconds, or numbers with units as in `10m` or `1h 30m`.
    pub(super) fn duration(
        &self,
        key: &'static str,
        bounds: std::ops::RangeInclusive<Duration>,
        expected: &'static str,
    ) -> Result<Duration, Invalid> {
        let seconds = self.0.parse().map(Duration::from_secs).ok();
        // Tokens count whole seconds; a fraction would silently be lost on the way there.
        seconds
            .or_else(|| humantime::parse_duration(&self.0).ok())
            .filter(|duration| bounds.contains(duration) && duration.subsec_nanos() == 0)
            .ok_or_else(|| Invalid::new(key, &self.0, expected))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, number or boolean")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text::from(text))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }
        }
        from.deserialize_any(Scalar)
    }
}
