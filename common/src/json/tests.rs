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

#[test]
fn width_and_depth_have_an_end() {
    let wide = |members: usize| {
        let members: Vec<String> = (0..members).map(|n| format!("\"{n}\":{n}")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(Json::parse(&wide(256)).is_ok());
    assert!(Json::parse(&wide(257)).is_err());
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(Json::parse(&deep(16)).is_ok());
    assert!(Json::parse(&deep(17)).is_err());
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, words) in [
        ("{\"a\":1,\"a\":2}", "a name twice at byte 10"),
        ("[1", "expected another character at byte 2"),
        ("[01]", "expected another character at byte 2"),
        ("", "expected a value at byte 0"),
        ("1e100", "too large a number at byte 5"),
    ] {
        assert_eq!(Json::parse(text).unwrap_err().to_string(), words, "{text}");
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod against_a_library {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    /// What the library says of a text, as far as it is as strict.
    fn library(text: &str) -> Option<Json> {
        serde_json::from_str::<Value>(text).ok().map(Json::from)
    }

    fn sorted(value: Json) -> Json {
        match value {
            Json::List(list) => Json::List(list.into_iter().map(sorted).collect()),
            Json::Object(Object(members)) => {
                let sort = |(name, value)| (name, sorted(value));
                let mut members: Vec<_> = members.into_iter().map(sort).collect();
                members.sort_by(|(one, _), (other, _)| one.cmp(other));
                Json::Object(Object(members))
            }
            other => other,
        }
    }

    /// Pieces of which nearly good texts are made.
    fn nearly_json() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\"a\"",
            "\"b\":",
            "\\u00",
            "\\ud83d",
            "\\ude00",
            "\\n",
            "\\",
            "0",
            "1",
            "-",
            ".",
            "e",
            "+",
            "18446744073709551615",
            "1.5",
            "null",
            "true",
            "fals",
            " ",
            "\t",
            "\n",
            "\u{e4}",
            "\u{1}",
            "\u{7f}",
            "1e3",
            "-0",
            "[1]",
            "{}",
        ]);
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e60..1e60).prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::btree_map("[^\\p{C}]{0,6}", inner, 0..8)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn what_a_library_writes_is_read_as_it_was(value in value(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let text = text.unwrap();
            let read = Json::parse(&text).map(sorted);
            prop_assert_eq!(read.ok(), library(&text).map(sorted), "{}", text);
        }

        #[test]
        fn nothing_is_read_that_a_library_refuses_or_reads_otherwise(text in nearly_json()) {
            if let Ok(read) = Json::parse(&text) {
                prop_assert_eq!(Some(sorted(read)), library(&text).map(sorted), "{}", text);
            }
        }

        #[test]
        fn strings_are_those_of_a_library(inside in r#"([a-z"]|\\["\\/bfnrtux]|\\u[0-9a-fD]{4}|\\ud[89a-f][0-9a-f]{2}){0,6}"#) {
            let text = format!("\"{inside}\"");
            prop_assert_eq!(Json::parse(&text).ok(), library(&text), "{}", text);
        }

        #[test]
        fn numbers_are_those_of_a_library(text in "-?[0-9]{0,21}(\\.[0-9]{0,3})?([eE][+-]?[0-9]{0,2})?") {
            prop_assert_eq!(Json::parse(&text).ok(), library(&text), "{}", text);
        }
    }
}
