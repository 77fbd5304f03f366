//! Inputs of the same kinds that stand in no row.

use common::token::TokenError::{Algorithm, Claims, Form, Header, Key, Signature, Times, TooLong};
use serde_json::json;

use super::{ABSENT, JTI, List, Object, SID, encode, text};

const ROW: &str = "more";

pub(super) fn add(list: &mut List<'_, '_>) {
    names(list);
    algorithms(list);
    keys(list);
    numbers(list);
    identifiers(list);
    roles(list);
    nesting(list);
    around(list);
    spliced(list);
}

/// Names that are the same once their escapes are read, and names that only look the same.
fn names(list: &mut List<'_, '_>) {
    let claims = String::from_utf8(text(&list.mint.claims())).expect("JSON is UTF-8");
    let header = text(&list.mint.header());
    for (what, from, to, refusal) in [
        ("exp written with an escape", "\"exp\"", "\"\\u0065xp\"", None),
        ("a slash escaped in iss", "http:/", "http:\\/", None),
        ("exp in upper case", "\"exp\"", "\"EXP\"", Some(Claims)),
        ("exp with a Cyrillic letter", "\"exp\"", "\"\u{435}xp\"", Some(Claims)),
        ("exp with a space", "\"exp\"", "\"exp \"", Some(Claims)),
        ("exp with a NUL", "\"exp\"", "\"exp\\u0000\"", Some(Claims)),
        ("a second exp", "\"exp\"", "\"exp\":1999999999,\"exp\"", Some(Claims)),
        ("a second exp, escaped", "\"exp\"", "\"e\\u0078p\":1,\"exp\"", Some(Claims)),
        ("a second sub, the same", "\"sub\"", "\"sub\":\"user-1\",\"sub\"", Some(Claims)),
        ("duplicates inside a claim", "\"sub\"", "\"x\":{\"y\":1,\"y\":1},\"sub\"", Some(Claims)),
        (
            "duplicates deep inside",
            "\"sub\"",
            "\"x\":[[{\"y\":{\"z\":1,\"z\":2}}]],\"sub\"",
            Some(Claims),
        ),
        ("__proto__", "\"sub\"", "\"__proto__\":{\"roles\":[\"admin\"]},\"sub\"", None),
        ("a comment", "\"sub\"", "/* */\"sub\"", Some(Claims)),
        ("single quotes", "\"sub\"", "'sub'", Some(Claims)),
    ] {
        let payload = claims.replacen(from, to, 1);
        assert!(payload != claims || from == "http:/", "{what} changes nothing");
        let token = list.mint.signed(&header, payload.as_bytes());
        list.push(ROW, what, token, refusal);
    }
    let spaced = claims.replace(',', " ,\r\n\t ");
    let token = list.mint.signed(&header, format!(" \n{spaced}\t ").as_bytes());
    list.accept(ROW, "white space that JSON allows", token);
}

fn algorithms(list: &mut List<'_, '_>) {
    for alg in [
        "eddsa",
        "EDDSA",
        "Eddsa",
        "ed25519",
        "ED25519",
        "Ed448",
        "EdDSA ",
        " EdDSA",
        "EdDSA\0",
        "ES256",
        "RS256",
        "PS256",
        "HS256",
        "ES256K",
        "RSA1_5",
        "dir",
        "",
        "EdDSA,none",
    ] {
        list.header(ROW, "alg", json!(alg), Algorithm);
    }
    for alg in [json!(["EdDSA"]), json!(1), json!({}), json!(true), ABSENT] {
        list.header(ROW, "alg", alg, Header);
    }
    let (what, token) = list.with_header("alg", json!("Ed25519"));
    list.accept(ROW, &what, token);
    let (what, token) = list.with_header("unknown", json!({"x": [1, 2.5, "y"]}));
    list.accept(ROW, &what, token);
}

fn keys(list: &mut List<'_, '_>) {
    let kid = list.mint.kid.clone();
    for wrong in [
        format!("{kid} "),
        format!(" {kid}"),
        format!("{kid}\0"),
        kid[1..].to_owned(),
        flipped(&kid),
        format!("other-issuer#{kid}"),
        "0".to_owned(),
        "x".repeat(128),
        "x".repeat(129),
        "ü".to_owned(),
    ] {
        list.header(ROW, "kid", json!(wrong), Key);
    }
    list.header(ROW, "kid", json!([kid]), Header);
    // Unknown members are nobody's business; only the kid that is there counts.
    let (what, token) = list.with_header("KID", json!("x"));
    list.accept(ROW, &what, token);
}

/// The other case, where there are letters; otherwise another text.
fn flipped(kid: &str) -> String {
    let flip =
        |c: char| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    let other: String = kid.chars().map(flip).collect();
    if other == kid { format!("{kid}x") } else { other }
}

fn numbers(list: &mut List<'_, '_>) {
    let exp = list.mint.now + 500;
    for (number, why) in [
        (format!("+{exp}"), Claims),
        (format!("0{exp}"), Claims),
        (format!("{exp}."), Claims),
        (format!("{exp}.0"), Claims),
        (format!("{exp}e0"), Claims),
        (format!("{exp}n"), Claims),
        (format!("\"{exp}\""), Claims),
        (format!("[{exp}]"), Claims),
        (format!("-{exp}"), Claims),
        (format!("{exp}{exp}"), Times),
        (format!("{exp}{exp}{exp}"), Claims),
        (String::from("1e3"), Claims),
        ("-0".into(), Claims),
        ("-0.0".into(), Claims),
        ("99999999999".into(), Times),
    ] {
        list.written(ROW, "exp", &number, why);
        list.written(ROW, "iat", &number, if why == Claims { Claims } else { Times });
    }
    let token = list.with_written("exp", &format!(" {exp} "));
    list.accept(ROW, "exp between spaces", token);
}

fn identifiers(list: &mut List<'_, '_>) {
    for name in ["sid", "jti"] {
        let good = if name == "sid" { SID } else { JTI };
        for wrong in [
            json!(""),
            json!("x"),
            json!(good.to_uppercase()),
            json!(good.replace('-', "")),
            json!(format!("{{{good}}}")),
            json!(format!("urn:uuid:{good}")),
            json!(format!("{good} ")),
            json!(format!(" {good}")),
            json!(format!("{good}\0")),
            json!(&good[1..]),
            json!(format!("{good}0")),
            json!([good]),
            json!(1),
            json!(true),
            ABSENT,
        ] {
            list.claim(ROW, name, wrong, Claims);
        }
    }
    for wrong in [json!("true"), json!(1), json!([]), ABSENT] {
        list.claim(ROW, "email_verified", wrong, Claims);
    }
}

fn roles(list: &mut List<'_, '_>) {
    for wrong in [
        json!("admin"),
        json!(["a,admin"]),
        json!(["a\r\nx-auth-subject: root"]),
        json!(["a b"]),
        json!([""]),
        json!(["ü"]),
        json!(["a\0"]),
        json!([1]),
        json!([null]),
        json!([["admin"]]),
        json!({"0": "admin"}),
        json!(["x".repeat(129)]),
        json!(1),
        ABSENT,
    ] {
        list.claim(ROW, "roles", wrong, Claims);
    }
    for right in [json!([]), json!(["x".repeat(128)]), json!(["a", "a"])] {
        let (what, token) = list.with_claim("roles", right);
        list.accept(ROW, &what, token);
    }
}

fn nesting(list: &mut List<'_, '_>) {
    // The claims themselves are the first of 16 levels.
    for (levels, refusal) in [(15, None), (16, Some(Claims)), (17, Some(Claims))] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let inner = if open == "[" { "" } else { "1" };
            let json = format!("{}{inner}{}", open.repeat(levels), close.repeat(levels));
            let token = list.with_written("x", &json);
            list.push(ROW, &format!("{levels} levels of {open}"), token, refusal);
        }
    }
}

fn around(list: &mut List<'_, '_>) {
    let good = list.mint.good();
    for (what, token) in [
        ("a space before", format!(" {good}")),
        ("a tab before", format!("\t{good}")),
        ("a line feed behind", format!("{good}\n")),
        ("a NUL behind", format!("{good}\0")),
        ("quotes around", format!("\"{good}\"")),
        ("spaces around the dots", good.replace('.', " . ")),
        ("a full-width dot", good.replacen('.', "\u{ff0e}", 1)),
        ("an escaped dot", good.replacen('.', "%2e", 1)),
        ("two tokens, comma", format!("{good},{good}")),
        ("two tokens, space", format!("{good} {good}")),
        ("a query behind", format!("{good}?x=1")),
        ("a BOM before", format!("\u{feff}{good}")),
        ("an ä inside", format!("{}ä{}", &good[..20], &good[20..])),
        ("a soft hyphen inside", format!("{}\u{ad}{}", &good[..20], &good[20..])),
    ] {
        list.refuse(ROW, what, token, Form);
    }
    let long = format!("{good}{}", "A".repeat(8192));
    list.refuse(ROW, "a long signature", long, TooLong);
    let longer = format!("{good}{}", "A".repeat(4));
    list.refuse(ROW, "a signature of 67 bytes", longer, Signature);
}

/// Segments of good tokens in new company.
fn spliced(list: &mut List<'_, '_>) {
    let good = list.mint.good();
    let mut claims: Object = list.mint.claims();
    claims.insert("roles".into(), json!(["admin"]));
    let other = list.mint.signed(&text(&list.mint.header()), &text(&claims));
    let split = |token: &str| -> Vec<String> { token.split('.').map(str::to_owned).collect() };
    let (one, two) = (split(&good), split(&other));
    for (what, parts) in [
        ("one's claims, other's signature", [&one[0], &two[1], &one[2]]),
        ("other's claims, one's signature", [&two[0], &one[1], &two[2]]),
    ] {
        let token = parts.map(String::as_str).join(".");
        list.refuse(ROW, what, token, Signature);
    }
    for (what, parts, why) in [
        ("header twice", [&one[0], &one[0], &one[2]], super::TokenError::Issuer),
        ("claims first", [&one[1], &one[0], &one[2]], Header),
        ("signature as claims", [&one[0], &one[2], &one[1]], Claims),
    ] {
        let token = parts.map(String::as_str).join(".");
        list.refuse(ROW, what, token, why);
    }
    // The header signed alone, the rest behind it.
    let token =
        format!("{}.{}.{}", one[0], one[1], encode(&list.mint.crypto.sign(one[1].as_bytes())));
    list.refuse(ROW, "only the claims signed", token, Signature);
    let raw = [text(&list.mint.header()), text(&list.mint.claims())].concat();
    let token = format!("{}.{}.{}", one[0], one[1], encode(&list.mint.crypto.sign(&raw)));
    list.refuse(ROW, "the decoded text signed", token, Signature);
}
