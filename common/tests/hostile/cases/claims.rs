//! Rows CLM-…: claims, each wrong in one way and truly signed.

use common::token::TokenError::{self, Audience, Claims, Expired, Issuer, Times, Type};
use common::token::access::LEEWAY;
use serde_json::{Value, json};

use super::{ABSENT, JTI, List, SID, text};

pub(super) fn add(list: &mut List<'_, '_>) {
    expiry(list);
    not_before(list);
    issued_at(list);
    issuer(list);
    audience(list);
    subject(list);
    other_tokens(list);
    client(list);
}

fn expiry(list: &mut List<'_, '_>) {
    let (now, leeway) = (list.mint.now, LEEWAY.as_secs());
    list.claim("CLM-01", "exp", json!(now - leeway), Expired);
    list.claim("CLM-01", "exp", json!(now - leeway - 1), Expired);
    list.claim("CLM-01", "exp", json!(now - 99), Expired);
    for late in [now - leeway + 1, now, now + 1] {
        let (what, token) = list.with_claim("exp", json!(late));
        list.accept("CLM-01", &what, token);
        list.only_by_the_clock();
    }

    list.claim("CLM-02", "exp", ABSENT, Claims);
    for shape in ["null", "\"1999999999\"", "true", "{}", "[]", "-1", "-0", "[1999999999]"] {
        list.written("CLM-02", "exp", shape, Claims);
    }
    for long_ago in ["0", "1", "999999999"] {
        list.written("CLM-02", "exp", long_ago, Times);
    }

    for (number, why) in [
        ("1e300", Claims),
        ("1e999", Claims),
        ("18446744073709551616", Claims),
        ("9223372036854775808", Times),
        ("9223372036854775807", Times),
        ("18446744073709551615", Times),
        ("9007199254740993", Times),
        ("9999999999999", Times),
        ("NaN", Claims),
        ("Infinity", Claims),
        ("0x77359400", Claims),
    ] {
        list.written("CLM-03", "exp", number, why);
    }
    for fraction in ["1999999999.5", "1e9", "1.8e9", "1E+9"] {
        list.written("CLM-04", "exp", fraction, Claims);
    }
    for zero in [".0", ".5", "e0", "E0"] {
        list.written("CLM-04", "exp", &format!("{}{zero}", now + 500), Claims);
    }
}

fn not_before(list: &mut List<'_, '_>) {
    let now = list.mint.now;
    for late in [now + 3600, u64::MAX] {
        list.claim("CLM-05", "nbf", json!(late), Times);
    }
    list.claim("CLM-05", "nbf", json!(now + 31), Times);
    list.only_by_the_clock();
    for good in [0, now - 100, now, now + 30] {
        let (what, token) = list.with_claim("nbf", json!(good));
        list.accept("CLM-05", &what, token);
    }
    for shape in ["\"0\"", "{}", "[]", "-1", "true", "null", "0.5", "1e2"] {
        list.written("CLM-05", "nbf", shape, Claims);
    }
}

fn issued_at(list: &mut List<'_, '_>) {
    let (now, max) = (list.mint.now, list.mint.max_life);
    for (iat, exp) in [
        (now + 300, now + 500),
        (now + 500, now + 500),
        (now + 501, now + 500),
        (now - 100, now - 100),
        (now - 100, now - 100 + max + 1),
        (0, now + 500),
        (u64::MAX, u64::MAX),
    ] {
        let token = with_times(list, iat, exp);
        list.refuse("CLM-06", &format!("iat {iat}, exp {exp}"), token, Times);
    }
    let token = with_times(list, now + 31, now + 500);
    list.refuse("CLM-06", "iat 31 s ahead", token, Times);
    list.only_by_the_clock();
    for (iat, exp) in [(now + 30, now + 31), (now - 100, now - 100 + max), (now, now + 1)] {
        let token = with_times(list, iat, exp);
        list.accept("CLM-06", &format!("iat {iat}, exp {exp}"), token);
        list.only_by_the_clock();
    }
    list.claim("CLM-06", "iat", ABSENT, Claims);
    for shape in ["null", "\"1\"", "{}", "-1", "1.5", "true"] {
        list.written("CLM-06", "iat", shape, Claims);
    }
}

fn with_times(list: &List<'_, '_>, iat: u64, exp: u64) -> String {
    let mut claims = list.mint.claims();
    claims.insert("iat".into(), json!(iat));
    claims.insert("exp".into(), json!(exp));
    list.mint.signed(&text(&list.mint.header()), &text(&claims))
}

fn issuer(list: &mut List<'_, '_>) {
    let own = list.mint.issuer.clone();
    let other_scheme = match own.strip_prefix("http:") {
        Some(rest) => format!("https:{rest}"),
        None => own.replacen("https:", "http:", 1),
    };
    for wrong in [
        json!(format!("{own}/")),
        json!(format!("{own} ")),
        json!(format!(" {own}")),
        json!(format!("{own}\0")),
        json!(format!("{own}?")),
        json!(format!("{own}#")),
        json!(format!("{own}.evil.example")),
        json!(own.to_uppercase()),
        json!(other_scheme),
        json!(&own[..own.len() - 1]),
        json!([own]),
        json!({"iss": own}),
        json!(""),
        json!(1),
        ABSENT,
    ] {
        list.claim("CLM-08", "iss", wrong, Issuer);
    }
}

fn audience(list: &mut List<'_, '_>) {
    let own = list.mint.audience.clone();
    for wrong in [
        json!(format!("{own} ")),
        json!(format!(" {own}")),
        json!(format!("{own}2")),
        json!(&own[1..]),
        json!(own.to_uppercase()),
        json!(format!("other,{own}")),
        json!(format!("other {own}")),
        json!([]),
        json!([format!("{own} ")]),
        json!([[own]]),
        json!([own, 1]),
        json!([1, own]),
        json!([own, null]),
        json!({"0": own}),
        json!("*"),
        json!(["*"]),
        json!(""),
        json!(1),
        json!(true),
        ABSENT,
    ] {
        list.claim("CLM-09", "aud", wrong, Audience);
    }
    for right in [json!(own), json!([own]), json!(["other", own])] {
        let (what, token) = list.with_claim("aud", right);
        list.accept("CLM-09", &what, token);
    }
}

fn subject(list: &mut List<'_, '_>) {
    for wrong in [
        json!(""),
        json!(1),
        json!([]),
        json!({}),
        json!(true),
        json!("x".repeat(256)),
        json!("a\r\nx-auth-roles: admin"),
        json!("a\nb"),
        json!("a\0"),
        json!("a:b"),
        json!("a b"),
        json!("ü"),
        json!("a\u{7f}"),
        json!("\u{202e}resu"),
        ABSENT,
    ] {
        list.claim("CLM-10", "sub", wrong, Claims);
    }
    let (what, token) = list.with_claim("sub", json!("x".repeat(255)));
    list.accept("CLM-10", &what, token);
}

/// Tokens of ours, or of an identity provider, that are no access tokens.
fn other_tokens(list: &mut List<'_, '_>) {
    let (iss, now) = (list.mint.issuer.clone(), list.mint.now);
    let aud = list.mint.audience.clone();
    let kid = list.mint.kid.clone();
    let id_token = json!({"iss": iss, "sub": "user-1", "aud": aud, "nonce": "n", "iat": now,
        "exp": now + 300});
    let refresh = json!({"iss": iss, "aud": iss, "sub": "user-1", "sid": SID, "gen": 0, "jti": JTI,
        "iat": now, "exp": now + 3600});
    let logout = json!({"iss": iss, "aud": aud, "sub": "user-1", "sid": SID, "jti": JTI,
        "iat": now, "exp": now + 120,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}}});
    let head = json!({"iss": iss, "epoch": 1, "issued_at": now, "keys": [], "tail": "",
        "segments": []});
    let mut kinds: Vec<(&str, Option<&str>, Value, TokenError)> = vec![
        ("ID token", Some("JWT"), id_token.clone(), Type),
        ("ID token without typ", None, id_token.clone(), Type),
        ("refresh token", Some("rt+jwt"), refresh.clone(), Type),
        ("logout token", Some("logout+jwt"), logout.clone(), Type),
        ("head", Some("portcullis-head+jwt"), head.clone(), Type),
    ];
    // The same with the right `typ`: their claims are still no access token's.
    kinds.extend([
        ("ID token as at+jwt", Some("at+jwt"), id_token, Claims),
        ("refresh token as at+jwt", Some("at+jwt"), refresh, Audience),
        ("logout token as at+jwt", Some("at+jwt"), logout, Claims),
        ("head as at+jwt", Some("at+jwt"), head, Audience),
    ]);
    for (what, typ, claims, why) in kinds {
        let mut header = super::object(json!({"alg": "EdDSA", "kid": kid}));
        if let Some(typ) = typ {
            header.insert("typ".into(), json!(typ));
        }
        let token = list.mint.signed(&text(&header), claims.to_string().as_bytes());
        list.refuse("CLM-12", what, token, why);
    }
    // As the origin really makes them: HS256, no kid.
    let header = super::object(json!({"alg": "HS256", "typ": "rt+jwt"}));
    let token = list.mint.maced(&header, b"a key of 32 bytes, more or less.");
    list.refuse("CLM-12", "refresh token by HS256", token, Type);
}

fn client(list: &mut List<'_, '_>) {
    for wrong in [json!(""), json!(1), json!(["portcullis"]), json!("a b"), json!("a\r\n"), ABSENT]
    {
        list.claim("CLM-13", "client_id", wrong, Claims);
    }
}
