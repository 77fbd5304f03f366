//! Rows JWT-…: form, header and signature.

use common::token::{MAX_TOKEN, TokenError};
use serde_json::json;

use super::{ABSENT, List, encode, text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(super) fn add(list: &mut List<'_, '_>) {
    let good = list.mint.good();
    list.accept("control", "a good token", good);
    algorithms(list);
    public_key_as_secret(list);
    keys_brought_along(list);
    key_names(list);
    signatures(list);
    members(list);
    encodings(list);
    segments(list);
    lengths(list);
    not_json(list);
    types(list);
}

fn algorithms(list: &mut List<'_, '_>) {
    for none in ["none", "None", "NONE", "nOnE"] {
        list.header("JWT-03", "alg", json!(none), TokenError::Algorithm);
        let (_, old) = list.with_header("alg", json!(none));
        let unsigned = old.rsplit_once('.').expect("two dots").0.to_owned();
        let empty = format!("{unsigned}.");
        list.refuse("JWT-03", &format!("{none}, no signature"), empty, TokenError::Form);
        list.refuse("JWT-03", &format!("{none}, one dot"), unsigned, TokenError::Form);
    }
    list.header("JWT-03", "alg", ABSENT, TokenError::Header);
}

/// What people have handed to an HMAC in place of a secret.
fn public_key_as_secret(list: &mut List<'_, '_>) {
    let public = list.mint.public;
    // RFC 8410 §4: SubjectPublicKeyInfo of Ed25519.
    let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let der = [&prefix[..], &public].concat();
    let body = STANDARD.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----");
    let x = encode(&public);
    let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
    let variants: [(&str, Vec<u8>); 10] = [
        ("PEM", pem.clone().into()),
        ("PEM and a line feed", format!("{pem}\n").into()),
        ("space and PEM", format!(" {pem}").into()),
        ("tab and PEM", format!("\t{pem}").into()),
        ("BOM and PEM", format!("\u{feff}{pem}").into()),
        ("DER", der),
        ("JWK", jwk.into()),
        ("raw x", public.into()),
        ("x in base64url", x.into()),
        ("nothing", Vec::new()),
    ];
    for (what, key) in variants {
        let row = if key.is_empty() { "JWT-05" } else { "JWT-04" };
        for (alg, why) in [
            ("HS256", TokenError::Algorithm),
            ("HS512", TokenError::Algorithm),
            // The name of the right algorithm over a MAC, which is too short to be a signature.
            ("EdDSA", TokenError::Signature),
        ] {
            let mut header = list.mint.header();
            header.insert("alg".into(), json!(alg));
            let token = list.mint.maced(&header, &key);
            list.refuse(row, &format!("{alg} with {what}"), token, why);
        }
    }
}

fn keys_brought_along(list: &mut List<'_, '_>) {
    let own = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&list.mint.public)});
    list.header("JWT-06", "jwk", own, TokenError::Header);
    list.header("JWT-06", "jwk", json!({}), TokenError::Header);
    for name in ["jku", "x5u"] {
        let url = json!("https://attacker.example/keys.json");
        list.header("JWT-06", name, url, TokenError::Header);
    }
    list.header("JWT-08", "x5c", json!(["MIIB"]), TokenError::Header);
    list.header("JWT-08", "x5c", json!([]), TokenError::Header);
}

fn key_names(list: &mut List<'_, '_>) {
    for kid in [
        "../../../../dev/null",
        "/dev/null",
        "' UNION SELECT '1",
        "|sleep 10",
        "\0",
        "__proto__",
        "constructor",
        "",
    ] {
        list.header("JWT-09", "kid", json!(kid), TokenError::Key);
    }
    list.header("JWT-09", "kid", json!("x".repeat(64 * 1024)), TokenError::TooLong);
    for kid in [json!({}), json!(5), json!([]), json!(true)] {
        list.header("JWT-09", "kid", kid, TokenError::Header);
    }
    list.header("JWT-09", "kid", ABSENT, TokenError::Key);
}

/// The group order of Ed25519, little-endian (RFC 8032 §5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn signatures(list: &mut List<'_, '_>) {
    let good = list.mint.good();
    let (input, signature) = good.rsplit_once('.').expect("two dots");
    let signature = super::URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let (r, s) = signature.split_at(32);
    let mut push = |row, what: &str, bytes: &[u8]| {
        let token = format!("{input}.{}", encode(bytes));
        list.refuse(row, what, token, TokenError::Signature);
    };
    push("JWT-12", "S + L", &[r, &plus_order(s)].concat());
    push("JWT-12", "S = 0", &[r, &[0; 32]].concat());
    push("JWT-12", "S = L", &[r, &ORDER].concat());
    push("JWT-12", "R = 0", &[&[0; 32], s].concat());
    let mut identity = [0; 32];
    identity[0] = 1;
    push("JWT-12", "R of small order, S = 0", &[identity, [0; 32]].concat());
    push("JWT-12", "R and S swapped", &[s, r].concat());
    push("JWT-12", "63 bytes", &signature[..63]);
    push("JWT-12", "65 bytes", &[&signature[..], &[0]].concat());
    push("JWT-12", "32 bytes", r);
    push("JWT-12", "all ones", &[0xff; 64]);
    // CVE-2022-21449, for a verifier that would read them as ECDSA.
    push("JWT-10", "r = 0, s = 0", &[0; 64]);
    let mut one = [0; 64];
    one[31] = 1;
    push("JWT-10", "r = 1, s = 0", &one);
    // ECDSA in DER has 70 to 72 bytes.
    push("JWT-11", "as DER", &[&[0x30, 0x44, 0x02, 0x20], r, &[0x02, 0x20], s].concat());
}

fn plus_order(s: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = 0;
    for (at, byte) in sum.iter_mut().enumerate() {
        let wide = u16::from(s[at]) + u16::from(ORDER[at]) + carry;
        *byte = wide.to_le_bytes()[0];
        carry = wide >> 8;
    }
    sum
}

fn members(list: &mut List<'_, '_>) {
    for crit in
        [json!(["x"]), json!([]), json!("x"), json!(["alg"]), json!(["exp"]), json!(["b64", "b64"])]
    {
        list.header("JWT-13", "crit", crit, TokenError::Header);
    }
    list.header("JWT-13", "b64", json!(false), TokenError::Header);
    list.header("JWT-13", "b64", json!(true), TokenError::Header);
    list.header("JWT-15", "zip", json!("DEF"), TokenError::Header);
    let header = json!({"alg": "PBES2-HS256+A128KW", "enc": "A256GCM", "p2c": 2_147_483_647_u32});
    let jwe = [header.to_string().as_bytes(), b"key", b"iv", b"text", b"tag"].map(encode);
    list.refuse("JWT-15", "a JWE with p2c", jwe.join("."), TokenError::Form);
    list.header("JWT-26", "cty", json!("JWT"), TokenError::Header);

    let good = list.mint.good();
    let parts: Vec<&str> = good.split('.').collect();
    let [protected, payload, signature] = [parts[0], parts[1], parts[2]];
    let flat = json!({"protected": protected, "payload": payload, "signature": signature});
    let mut unprotected = flat.clone();
    unprotected["header"] = json!({"alg": "none"});
    let general = json!({"payload": payload,
        "signatures": [{"protected": protected, "signature": signature}]});
    for (what, value) in
        [("flattened", flat), ("with an unprotected header", unprotected), ("general", general)]
    {
        list.refuse("JWT-16", what, value.to_string(), TokenError::Form);
    }

    let kid = &list.mint.kid;
    let claims = text(&list.mint.claims());
    for header in [
        format!(r#"{{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"EdDSA","alg":"none","typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"EdDSA","alg":"EdDSA","typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"EdDSA","\u0061lg":"none","typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}","x":{{"y":1,"y":2}}}}"#),
    ] {
        let token = list.mint.signed(header.as_bytes(), &claims);
        list.refuse("JWT-17", &header, token, TokenError::Header);
    }
}

fn encodings(list: &mut List<'_, '_>) {
    let good = list.mint.good();
    let parts: [&str; 3] = {
        let mut split = good.split('.');
        [(); 3].map(|()| split.next().expect("three segments"))
    };
    for at in 0..3 {
        let part = parts[at];
        let changed = [
            ("padded", format!("{part}=")),
            ("padded twice", format!("{part}==")),
            ("with +", format!("+{}", &part[1..])),
            ("with /", format!("/{}", &part[1..])),
            ("a space before", format!(" {part}")),
            ("a space behind", format!("{part} ")),
            ("a line feed behind", format!("{part}\n")),
            ("a line feed inside", format!("{}\n{}", &part[..4], &part[4..])),
            ("one character more than whole bytes", lengthened(part)),
        ];
        for (what, text) in changed {
            let mut three = parts;
            three[at] = &text;
            list.refuse(
                "JWT-19",
                &format!("segment {at} {what}"),
                signed_if_it_can_be(list, three),
                TokenError::Form,
            );
        }
    }
    let (input, signature) = good.rsplit_once('.').expect("two dots");
    let stray = format!("{input}.{}", with_stray_bits(signature));
    list.refuse("JWT-19", "stray bits behind the signature", stray, TokenError::Form);
    // As many claims bytes as leave bits over.
    let mut claims = text(&list.mint.claims());
    while claims.len() % 3 != 1 {
        claims.push(b' ');
    }
    let (header, payload) = (encode(&text(&list.mint.header())), encode(&claims));
    let token = list.mint.seal(&header, &with_stray_bits(&payload));
    list.refuse("JWT-19", "stray bits behind the claims", token, TokenError::Form);
}

/// Re-signs where the change is in what is signed, so that nothing but the form is wrong.
fn signed_if_it_can_be(list: &List<'_, '_>, [header, payload, signature]: [&str; 3]) -> String {
    let good = list.mint.good();
    if good.ends_with(&format!(".{signature}")) {
        list.mint.seal(header, payload)
    } else {
        format!("{header}.{payload}.{signature}")
    }
}

/// A length that no whole number of bytes has.
fn lengthened(part: &str) -> String {
    let missing = (5 - part.len() % 4) % 4;
    format!("{part}{}", "A".repeat(missing))
}

/// The same bytes with the lowest bit of the last character set.
fn with_stray_bits(segment: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = segment.split_at(segment.len() - 1);
    let index = ALPHABET.iter().position(|c| *c == last.as_bytes()[0]).expect("base64url");
    format!("{rest}{}", char::from(ALPHABET[index | 1]))
}

fn segments(list: &mut List<'_, '_>) {
    let good = list.mint.good();
    let (input, signature) = good.rsplit_once('.').expect("two dots");
    let (header, payload) = input.split_once('.').expect("two segments");
    for (what, token) in [
        ("one segment", header.to_owned()),
        ("two segments", input.to_owned()),
        ("four segments", format!("{good}.{signature}")),
        ("five segments", format!("{good}.{signature}.{signature}")),
        ("fifty segments", vec![header; 50].join(".")),
        ("a dot before", format!(".{good}")),
        ("a dot behind", format!("{good}.")),
        ("a double dot", good.replacen('.', "..", 1)),
        ("an empty signature", format!("{input}.")),
        ("two dots", "..".to_owned()),
        ("nothing", String::new()),
    ] {
        list.refuse("JWT-21", what, token, TokenError::Form);
    }
    let token = list.mint.seal("", payload);
    list.refuse("JWT-21", "an empty header", token, TokenError::Header);
    // A JWS may be empty, a token may not.
    let token = list.mint.seal(header, "");
    list.refuse("JWT-21", "empty claims", token, TokenError::Claims);
    let dots = ".".repeat(1024 * 1024);
    list.refuse("JWT-21", "1 MiB of dots", dots, TokenError::TooLong);
}

fn lengths(list: &mut List<'_, '_>) {
    for (length, refusal) in [
        (4097, None),
        (MAX_TOKEN, None),
        (MAX_TOKEN + 1, Some(TokenError::TooLong)),
        (16 * 1024, Some(TokenError::TooLong)),
        (100 * 1024, Some(TokenError::TooLong)),
    ] {
        let token = of_length(list, length);
        list.push("JWT-22", &format!("{length} bytes"), token, refusal);
    }
}

/// A well-formed, truly signed token of exactly this many bytes.
fn of_length(list: &List<'_, '_>, length: usize) -> String {
    // Three bytes make four characters, so the claims alone do not reach every length.
    let nearly = (length - list.mint.good().len()) * 3 / 4 - 30;
    for fill in nearly..nearly + 30 {
        for more in 0..3 {
            let mut header = list.mint.header();
            header.insert("x".into(), json!("x".repeat(more)));
            let mut claims = list.mint.claims();
            claims.insert("x".into(), json!("x".repeat(fill)));
            let token = list.mint.signed(&text(&header), &text(&claims));
            if token.len() == length {
                return token;
            }
        }
    }
    unreachable!("some padding gives every length");
}

/// Makes something else of a JSON object's text.
type Spoil<'s> = &'s dyn Fn(&[u8]) -> Vec<u8>;

fn not_json(list: &mut List<'_, '_>) {
    let (header, claims) = (text(&list.mint.header()), text(&list.mint.claims()));
    let end = "}".repeat(500);
    let deep = format!("{}1{end}", r#"{"a":"#.repeat(500));
    let brackets = format!("{{\"a\":{}{}}}", "[".repeat(2500), "]".repeat(2500));
    let many = format!("{{\"a\":[{}0]}}", "0,".repeat(2500));
    let inside = |bytes: &[u8], extra: &[u8]| [&bytes[..bytes.len() - 1], extra, b"}"].concat();
    let utf16 = |bytes: &[u8]| -> Vec<u8> { bytes.iter().flat_map(|b| [*b, 0]).collect() };
    let spoilers: [(&str, Spoil<'_>); 14] = [
        ("invalid UTF-8", &|json| inside(json, b",\"a\":\"\xff\"")),
        ("overlong UTF-8", &|json| inside(json, b",\"a\":\"\xc0\xaf\"")),
        ("UTF-16", &utf16),
        ("UTF-16 with BOM", &|json| [&[0xff, 0xfe][..], &utf16(json)].concat()),
        ("BOM", &|json| [b"\xef\xbb\xbf", json].concat()),
        ("a lone surrogate", &|json| inside(json, br#","a":"\ud800""#)),
        ("NUL in a name", &|json| inside(json, br#","a\u0000":1"#)),
        ("raw NUL in a text", &|json| inside(json, b",\"a\":\"\0\"")),
        ("500 levels", &|_| deep.clone().into()),
        ("2500 brackets", &|_| brackets.clone().into()),
        ("bytes behind", &|json| [json, b"x"].concat()),
        ("a second object behind", &|json| [json, json].concat()),
        ("NUL behind", &|json| [json, b"\0"].concat()),
        ("a comma too many", &|json| inside(json, b",")),
    ];
    for (what, spoil) in spoilers {
        let token = list.mint.signed(&spoil(&header), &claims);
        list.refuse("JWT-23", &format!("header: {what}"), token, TokenError::Header);
        let token = list.mint.signed(&header, &spoil(&claims));
        list.refuse("JWT-23", &format!("claims: {what}"), token, TokenError::Claims);
    }
    let long = inside(&claims, format!(",{}", &many[1..many.len() - 1]).as_bytes());
    let token = list.mint.signed(&header, &long);
    list.accept("JWT-23", "claims: a long array nobody asked for", token);

    for other in ["[]", "[{}]", "\"x\"", "1", "null", "true", "", " "] {
        let token = list.mint.signed(&header, other.as_bytes());
        list.refuse("JWT-24", &format!("claims: {other}"), token, TokenError::Claims);
        if !other.is_empty() {
            let token = list.mint.signed(other.as_bytes(), &claims);
            list.refuse("JWT-24", &format!("header: {other}"), token, TokenError::Header);
        }
    }
}

fn types(list: &mut List<'_, '_>) {
    for typ in [
        "JWT",
        "id+jwt",
        "secevent+jwt",
        "rt+jwt",
        "portcullis-head+jwt",
        "",
        "at+jwt ",
        "at +jwt",
        "application/",
        "application/application/at+jwt",
        "text/at+jwt",
        "at+jwt; charset=utf-8",
        "AT+JWT\0",
        "logout+jwt",
    ] {
        list.header("JWT-25", "typ", json!(typ), TokenError::Type);
    }
    list.header("JWT-25", "typ", ABSENT, TokenError::Type);
    list.header("JWT-25", "typ", json!(1), TokenError::Header);
    list.header("JWT-25", "typ", json!(["at+jwt"]), TokenError::Header);
    for typ in ["at+JWT", "AT+jwt", "application/at+jwt", "Application/AT+JWT"] {
        let (what, token) = list.with_header("typ", json!(typ));
        list.accept("JWT-25", &what, token);
    }
}
