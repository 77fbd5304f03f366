//! What holds of any input: no panic, and what is said of it in each module's words.

use common::cookie::{self, Cookie};
use common::keys::Key;
use common::policy::{CanonicalPath, Host, Policy, PolicyConfig};
use common::revocation::{Blocklist, UnverifiedHead};
use common::token::refresh::Unauthenticated;
use common::token::{Jws, MAX_TOKEN};
use common::{KeyId, Subject, identity};
use proptest::prelude::*;

use crate::cases::encode;
use crate::tokens::{Issuer, NOW};

/// Text of what paths are made of, and what is put into them to confuse.
fn path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z0-9._~!$&'()*+,;=:@|-]{0,6}",
        Just("/".to_owned()),
        "%[0-9a-fA-F]{2}",
        "%25[0-9a-fA-F]{2}",
        prop_oneof![
            "%2e", "%2f", "%5c", "%00", "%252e", "\\.\\.", "\\.", "%", "%zz", "\\\\", "ü", " "
        ],
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

/// Cookie headers, ours among others, well and badly written.
fn cookies() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop_oneof!["__Host-at", "__Host-rt", "__host-rt", "a", "b_c"],
        prop_oneof!["=", ";", "; ", ",", " ", "\t", "\"", "\u{2000}", "%"],
        "[ -~]{0,8}",
    ];
    proptest::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

fn decoded(segment: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let hex = std::str::from_utf8(&tail[..2]).unwrap();
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_without_panic(text in prop_oneof![".*", "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,90}"]) {
        let issuer = Issuer::new();
        prop_assert!(issuer.judge(&text, NOW).is_err());
        prop_assert!(Unauthenticated::parse(&text, "http://id.example").is_err());
        let key = Key::ed25519(KeyId::try_from(String::from("a")).unwrap(), [0; 32]);
        prop_assert!(UnverifiedHead::parse(&text, &key).is_err());
        let _ = Jws::parse(&text, MAX_TOKEN);
        let _ = Blocklist::decode(&text);
        let _ = identity::is_forgeable(&text);
    }

    #[test]
    fn any_json_in_a_signed_token_is_judged_without_panic(header in json_like(), claims in json_like()) {
        let issuer = Issuer::new();
        let token = issuer.mint().signed(header.as_bytes(), claims.as_bytes());
        prop_assert!(issuer.judge(&token, NOW).is_err());
    }

    #[test]
    fn a_tail_of_any_bytes_is_whole_records_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let list = Blocklist::decode(&encode(&bytes));
        prop_assert_eq!(list.is_ok(), bytes.len() % 20 == 0);
        if let Ok(list) = list {
            for record in bytes.chunks(20) {
                let id = uuid::Uuid::from_slice(&record[..16]).unwrap();
                prop_assert!(list.holds(id));
            }
        }
    }

    #[test]
    fn nothing_of_ours_is_left_in_a_cookie_header(header in prop_oneof![cookies(), ".*".boxed()]) {
        let kept = cookie::without_ours(&header).unwrap_or_default();
        for ours in [Cookie::Access, Cookie::Refresh] {
            prop_assert!(!kept.contains(ours.name()), "{kept}");
        }
        prop_assert_eq!(cookie::ours(&kept), Ok(cookie::Ours::default()));
        // What was kept was there.
        prop_assert!(kept.len() <= 2 * header.len());
        if let Ok(found) = cookie::ours(&header) {
            for value in [found.access, found.refresh].into_iter().flatten() {
                prop_assert!(header.contains(value));
                prop_assert!(!value.contains(';'));
            }
        }
    }

    #[test]
    fn an_accepted_path_means_one_thing(path in prop_oneof![path(), ".*".boxed()]) {
        if let Ok(canonical) = CanonicalPath::parse(&path) {
            prop_assert_eq!(canonical.as_str(), &path);
            prop_assert!(path.starts_with('/'));
            prop_assert!(path.is_ascii());
            let inner = path.trim_start_matches('/');
            let inner = inner.strip_suffix('/').unwrap_or(inner);
            for segment in inner.split('/').filter(|_| !inner.is_empty()) {
                let bytes = decoded(segment);
                prop_assert!(!matches!(&bytes[..], b"" | b"." | b".."), "{path}");
                prop_assert!(!bytes.iter().any(|b| matches!(b, b'/' | b'\\') || b.is_ascii_control()));
                prop_assert!(std::str::from_utf8(&bytes).is_ok());
            }
        }
    }

    /// However a path under /admin is spelt, no public rule covers it.
    #[test]
    fn pth_02_no_spelling_of_a_protected_path_is_public(tail in path(), method in "[A-Z]{3,6}") {
        let config: PolicyConfig = serde_json::from_str(
            r#"{"rules":[{"path":"/public/*","require":"public"},{"path":"/*","require":"public"},
                {"path":"/admin/*","require":{"role":"admin"}}]}"#,
        ).unwrap();
        let policy = Policy::new(config).unwrap();
        let host = Host::of_origin("https://app.example").unwrap();
        for head in ["/admin", "/%61dmin", "/a%64min", "/admin;x=1", "/ADMIN", "/%41dmin"] {
            let text = format!("{head}{tail}");
            let Ok(path) = CanonicalPath::parse(&text) else { continue };
            let place = policy.place(&host, &method, &path);
            let public = matches!(place, Ok(common::policy::Place::App(rule))
                if rule.require == common::policy::Requirement::Public);
            prop_assert!(!public, "{text}");
        }
    }

    #[test]
    fn any_policy_is_checked_without_panic(path in prop_oneof![path(), ".*".boxed()], word in ".*") {
        let rule = serde_json::json!({"path": path, "require": {"role": word}});
        let config: PolicyConfig = serde_json::from_value(serde_json::json!({"rules": [rule]})).unwrap();
        if let Ok(policy) = Policy::new(config) {
            drop(policy);
            prop_assert!(path.starts_with('/'));
            prop_assert!(!word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic()));
        }
    }

    #[test]
    fn a_subject_fits_into_a_header(text in ".*") {
        if let Ok(subject) = text.parse::<Subject>() {
            prop_assert!(subject.as_str().bytes().all(|b| (0x21..=0x7e).contains(&b)));
        }
    }
}

fn json_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop_oneof!["\\{", "\\}", "\\[", "\\]", ":", ",", "\""],
        prop_oneof![
            "\"alg\":\"EdDSA\"",
            "\"typ\":\"at\\+jwt\"",
            "\"kid\":\"Key-1\"",
            "\"exp\":1800000500"
        ],
        "-?[0-9]{1,20}(\\.[0-9]{1,3})?(e[0-9]{1,3})?",
        "[ -~]{0,6}",
        "\\PC{0,3}",
    ];
    proptest::collection::vec(piece, 0..16).prop_map(|pieces| format!("{{{}}}", pieces.concat()))
}
