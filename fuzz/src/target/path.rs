//! The path: what is accepted means one thing to every server, and no platform rewrites it.

use common::policy::CanonicalPath;

use crate::input::Input;

pub(super) const SEEDS: &[&str] = &[
    "/",
    "/admin",
    "/admin/users",
    "/public/a.css",
    "/%61dmin",
    "/public/..;/admin",
    "/a;v=1/b",
    "/caf%C3%A9",
    "/100%25",
    "/auth/login",
    "/auth/edge/revoked",
    "/.well-known/jwks.json",
];
pub(super) const PIECES: &[&str] = &[
    "/", "//", ".", "..", "./", "../", "%2e", "%2E", "%2f", "%5c", "%00", "%25", "%252f", "%3b",
    ";", ";x=1", "\\", "%", "%zz", "admin", "public", "%61", "%41", "ADMIN", "auth", "edge",
    "%c0%af", "%C3%A9", "*", "?", "#", " ", "|", "^", "\u{e9}",
];

pub(super) fn run(input: &mut Input<'_>) -> String {
    let raw = input.text(SEEDS, PIECES);
    let Ok(path) = CanonicalPath::parse(&raw) else {
        return "refused".into();
    };
    assert_eq!(path.as_str(), raw, "what is decided on is not what came");
    assert!(raw.starts_with('/') && raw.is_ascii() && !raw.contains(['\\', '?', '#', ' ']));
    let once = decoded(raw.as_bytes());
    assert_eq!(decoded(&once), once, "another meaning when decoded twice: {raw:?}");
    let text = String::from_utf8(once).expect("an accepted path is UTF-8");
    assert!(!text.chars().any(|c| c.is_ascii_control() || c == '\\'), "{raw:?}");
    assert_eq!(text.matches('/').count(), raw.matches('/').count(), "{raw:?}");
    let inner = text.strip_prefix('/').unwrap_or(&text);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let segments: Vec<&str> = inner.split('/').filter(|_| !inner.is_empty()).collect();
    for segment in &segments {
        let bare = segment.split(';').next().unwrap_or_default();
        assert!(!matches!(bare, "" | "." | ".."), "{raw:?}");
    }
    assert_eq!(path.segments().collect::<Vec<_>>(), segments, "{raw:?}");
    unchanged_by_the_platform(&raw);
    format!("{segments:?}")
}

/// What the edge asks for is parsed once more on the way to the app, by the WHATWG's rules.
#[cfg(not(target_arch = "wasm32"))]
fn unchanged_by_the_platform(raw: &str) {
    let url =
        url::Url::parse(&format!("https://app.example{raw}")).expect("an accepted path parses");
    assert_eq!(url.path(), raw, "the platform rewrites it");
}

#[cfg(target_arch = "wasm32")]
fn unchanged_by_the_platform(_: &str) {}

/// The plainest decoder there can be, to be held against ours.
fn decoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| str::from_utf8(pair).ok());
        let pair = pair.filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()));
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}
