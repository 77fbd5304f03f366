//! The signed head and its tail: nothing comes out of it without the anchor's signature.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::UnixSeconds;
use common::keys::Key;
use common::revocation::{Blocklist, HeadError, SegmentName, SegmentRef, UnverifiedHead};
use common::token::{TokenError, join};

use serde_json::json;

use super::issuer::{self, ISSUER, NOW};
use crate::input::Input;

struct Fixture {
    anchor: Key,
    text: String,
    /// Good ones, of a head with a segment, and with a key that must not be there.
    claims: [String; 3],
    tail: String,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let claims = issuer::head_claims();
    let (mut with_segment, mut with_secret) = (claims.clone(), json!(claims));
    with_segment.segments.push(SegmentRef {
        name: SegmentName::new([3; 32]),
        count: 1,
        expires_at: UnixSeconds::new(NOW + 600),
    });
    with_secret["keys"][0]["d"] = json!("AA");
    Fixture {
        anchor: issuer::anchor(),
        text: issuer::head_text(),
        tail: claims.tail.clone(),
        claims: [
            json!(claims).to_string(),
            json!(with_segment).to_string(),
            with_secret.to_string(),
        ],
    }
});

const HEADER: &str = r#"{"alg":"EdDSA","typ":"portcullis-head+jwt","kid":"k1"}"#;
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "0",
    "18446744073709551615",
    "-1",
    "1e400",
    "AAAA",
    "\"epoch\":9",
    "\"sessions_before\":1",
    "\"keys\":[]",
    "\"segments\":[{}]",
    "\"kty\":\"oct\"",
    "\"d\":\"x\"",
    "\"x\":\"AA\"",
    "\"crv\":\"P-256\"",
    "\"alg\":\"none\"",
    "\\u0000",
];

pub(super) fn run(input: &mut Input<'_>) -> String {
    let fixture = &*FIXTURE;
    let text = if input.coin() {
        input.text(&[&fixture.text], &[".", "=", "A", "e30", "-"])
    } else {
        let header = input.text(&[HEADER], PIECES);
        let claims = input.text(&fixture.claims.each_ref().map(String::as_str), PIECES);
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        join(format!("{}.{}", encode(&header), encode(&claims)), &[7; 64])
    };
    let parse = || UnverifiedHead::parse(&text, &fixture.anchor);
    let told =
        parse().and_then(|head| head.answered(true, ISSUER, issuer::now())).map(|announced| {
            let missing = announced.missing(&[], issuer::now()).len();
            let complete = announced.complete(&[], issuer::now());
            assert_eq!(complete.is_ok(), missing == 0, "decided by half a list");
            complete.map(|head| (head.epoch(), head.age(issuer::now()), head.keys().iter().count()))
        });
    if let Ok(head) = parse() {
        let refused = head.answered(false, ISSUER, issuer::now()).map(|_| ());
        assert_eq!(refused, Err(HeadError::Token(TokenError::Signature)));
    }
    let tail = input.text(&[&fixture.tail], &["A", "AAAA", "=", "-", "_"]);
    let tail = Blocklist::decode(&tail);
    format!("{told:?} {tail:?}")
}
