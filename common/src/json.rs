//! JSON objects without duplicate names at any level.
//!
//! `serde_json` keeps the last of two equal names, other parsers the first: a token on which two
//! judges disagree must not exist (RFC 7515 §4, RFC 7519 §4, RFC 8725 §2.4).

use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How deep objects and arrays may lie in each other. Our own tokens need three.
const MAX_DEPTH: usize = 16;

/// Reads one JSON object and nothing after it. `None` for anything else, for a duplicate name at
/// any level, a name with a control character, or more than 16 levels.
pub(crate) fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }.deserialize(&mut from).ok()?;
    from.end().ok()?;
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("too deep"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate names")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if name.chars().any(char::is_control) {
                return Err(A::Error::custom("control character in a name"));
            }
            let value = members.next_value_seed(inner)?;
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate name"));
            }
        }
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn jwt_17_23_24_only_one_clean_object_is_read() {
        assert!(object(br#"{"a":{"b":[1,2.5,"x",null,true]}}"#).is_some());
        let deep = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
        let just_too_deep = format!("{}1{}", r#"{"a":"#.repeat(17), "}".repeat(17));
        for bad in [
            r#"{"alg":"none","alg":"EdDSA"}"#.as_bytes(),
            r#"{"a":{"b":1,"b":2}}"#.as_bytes(),
            r#"{"a":[{"b":1,"b":2}]}"#.as_bytes(),
            r#"{"a":1,"\u0061":2}"#.as_bytes(),
            r#"{"a\u0000":1}"#.as_bytes(),
            r#"{"a":"\ud800"}"#.as_bytes(),
            br#"{"a":1}x"#,
            br#"{"a":1}{"a":1}"#,
            b"\xef\xbb\xbf{\"a\":1}",
            b"{\"a\":\"\xff\"}",
            b"\xff\xfe{\x00\"\x00a\x00\"\x00:\x001\x00}\x00",
            b"[]",
            b"\"x\"",
            b"1",
            b"null",
            b"",
            b"{'a':1}",
            b"{\"a\":NaN}",
            b"{\"a\":1,}",
            deep.as_bytes(),
            just_too_deep.as_bytes(),
        ] {
            assert_eq!(object(bad), None, "{}", String::from_utf8_lossy(&bad[..bad.len().min(60)]));
        }
    }
}
