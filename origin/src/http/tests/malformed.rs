//! Requests that came apart on the way, by the thousand: each gets an answer that says so, and none gets
//! to see what is inside.

use axum::http::HeaderValue;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, RngExt as _, SeedableRng as _};

use super::*;

const REQUESTS: usize = 5_000;
/// The same each time, so that what is found can be found again.
const SEED: u64 = 10;
const JSON: &str = "application/json";
const METHODS: &[&str] = &["GET", "POST", "PUT", "DELETE", "PATCH", "BREW"];
const FORM: &str = "application/x-www-form-urlencoded";

/// Good requests, to be spoilt. `TOKEN` and `REFRESH` stand for tokens of a session.
#[rustfmt::skip]
const GOOD: &[(&str, &str, &str, &str)] = &[
    ("POST", "/auth/register", JSON, r#"{"email":"b@b.co","password":"12345678","name":"B"}"#),
    ("POST", "/auth/login", JSON, r#"{"email":"b@b.co","password":"1234","remember":true,"delivery":"body"}"#),
    ("POST", "/auth/login", FORM, "email=b%40b.co&password=1234&remember=on&return_to=%2Forders"),
    ("GET", "/auth/login?return_to=%2Forders", "", ""),
    ("POST", "/auth/password", JSON, r#"{"current":"1234","new":"12345678"}"#),
    ("POST", "/auth/password/forgot", JSON, r#"{"email":"b@b.co"}"#),
    ("POST", "/auth/password/reset", JSON, r#"{"token":"AAAA","password":"12345678"}"#),
    ("POST", "/auth/email", JSON, r#"{"email":"b@b.co","password":"1234"}"#),
    ("POST", "/auth/verify", FORM, "token=AAAA"),
    ("GET", "/auth/verify?token=AAAA", "", ""),
    ("GET", "/auth/reset?token=AAAA", "", ""),
    ("POST", "/auth/verify/resend", JSON, r#"{"email":"b@b.co"}"#),
    ("POST", "/auth/refresh", JSON, r#"{"refresh_token":"REFRESH"}"#),
    ("POST", "/auth/logout", JSON, r#"{"refresh_token":"REFRESH"}"#),
    ("GET", "/auth/me", "", ""),
    ("GET", "/auth/sessions", "", ""),
    ("DELETE", "/auth/sessions/0197f0a0-0000-7000-8000-000000000000", "", ""),
    ("POST", "/auth/revoke", FORM, "token=REFRESH&token_type_hint=refresh_token"),
    ("POST", "/auth/introspect", FORM, "token=TOKEN"),
    ("GET", "/auth/oauth/google?return_to=%2F", "", ""),
    ("GET", "/auth/oauth/google/callback?code=a&state=b", "", ""),
    ("POST", "/auth/oauth/apple/callback", FORM, "code=a&state=b&user=%7B%7D"),
    ("GET", "/auth/account", "", ""),
    ("POST", "/auth/account/password", FORM, "current=1234&new=12345678"),
    ("POST", "/auth/account/sessions/end", FORM, "session=0197f0a0-0000-7000-8000-000000000000"),
    ("POST", "/auth/account/unlink", FORM, "provider=google"),
    ("GET", "/auth/admin/users?query=b&after=1", "", ""),
    ("GET", "/auth/admin/users/0197f0a0-0000-7000-8000-000000000000", "", ""),
    ("PUT", "/auth/admin/users/0197f0a0-0000-7000-8000-000000000000/roles", JSON, r#"{"roles":["admin"]}"#),
    ("POST", "/auth/admin/revoke", JSON, r#"{"sid":"0197f0a0-0000-7000-8000-000000000000"}"#),
    ("GET", "/auth/admin/audit?before=1&kind=signed-in", "", ""),
    ("GET", "/auth/admin/user/0197f0a0-0000-7000-8000-000000000000", "", ""),
    ("POST", "/auth/edge/revoked", JSON, r#"{"ids":["0197f0a0-0000-7000-8000-000000000000"]}"#),
    ("GET", "/.well-known/portcullis/head?epoch=1", "", ""),
    ("GET", "/.well-known/portcullis/segments/AAAA", "", ""),
];

#[tokio::test]
async fn iss_10_of_five_thousand_malformed_requests_each_is_refused_in_words_for_strangers() {
    let origin = Origin::start().await;
    let mut random = StdRng::seed_from_u64(SEED);
    let mut session = origin.sign_in("a@b.co").await;
    let (mut refused, mut done) = (0, 0);
    for n in 0..REQUESTS {
        // One of these may have ended it.
        if n % 100 == 0 {
            session = origin.sign_in("a@b.co").await;
        }
        let (told, request) = spoilt(&mut random, &session);
        let asked = openapi::Asked::of(&request);
        let answer = read(origin.router.clone().oneshot(request).await.unwrap()).await;
        asked.expect_as_described(&answer);
        judge(&answer, &told);
        if answer.status.is_client_error() { refused += 1 } else { done += 1 }
    }
    assert!(refused > REQUESTS / 2, "only {refused} were refused, {done} done");
}

fn spoilt(random: &mut StdRng, session: &Answer) -> (String, Request<Body>) {
    let (method, target, kind, body) = *GOOD.choose(random).unwrap();
    let access = session.member("access_token");
    let body = body
        .replace("TOKEN", &access)
        .replace("REFRESH", &session.member("refresh_token"))
        .into_bytes();
    let mut target = target.as_bytes().to_vec();
    let mut parts = [
        kind.as_bytes().to_vec(),
        format!("Bearer {access}").into_bytes(),
        format!("__Host-at={access}; __Host-rt={}", session.member("refresh_token")).into_bytes(),
        body,
    ];
    let mut method = String::from(method);
    for _ in 0..random.random_range(1..=3) {
        match random.random_range(0..8) {
            0 => {
                method = (*METHODS.choose(random).unwrap()).into();
            }
            1 | 2 => spoil(random, &mut target),
            part => spoil(random, &mut parts[[0, 1, 2, 3, 3][part - 3]]),
        }
    }
    // What is no target or header cannot come by HTTP either.
    let target = String::from_utf8_lossy(&target).into_owned();
    let [kind, bearer, cookie, body] = parts;
    let mut request = Request::builder().method(&*method).header("host", "origin.test");
    request = match target.parse::<axum::http::Uri>() {
        Ok(uri) if target.starts_with('/') => request.uri(uri),
        _ => request.uri("/auth/login"),
    };
    let credential = *["authorization", "cookie", "none"].choose(random).unwrap();
    for (name, value) in [("content-type", &kind), ("authorization", &bearer), ("cookie", &cookie)]
    {
        let is_credential = name != "content-type";
        if let Ok(value) = HeaderValue::from_bytes(value)
            && (!is_credential || name == credential)
        {
            request = request.header(name, value);
        }
    }
    let site = *["same-origin", "cross-site", "none", "x"].choose(random).unwrap();
    let told = format!(
        "{method} {target} {} by {credential} from {site}: {}",
        String::from_utf8_lossy(&kind),
        String::from_utf8_lossy(&body)
    );
    (told, request.header("sec-fetch-site", site).body(Body::from(body)).unwrap())
}

/// Cuts, repeats, replaces or adds to some bytes.
fn spoil(random: &mut StdRng, bytes: &mut Vec<u8>) {
    const ODD: &[&[u8]] = &[
        b"\0",
        b"\xff",
        b"%",
        b"%00",
        b"%ff",
        b"&",
        b"=",
        b"\"",
        b"{",
        b"}",
        b"[[[[",
        b",",
        b"\\u0000",
        b"-1",
        b"1e999",
        b"99999999999999999999",
        b"null",
        b"..",
        b"//",
        b"'--",
        b"<b>",
        b";",
        b"\r\n",
        b"\xf0\x9f\x8f\xb0",
        b"token=1&",
        b"\"email\":1,",
    ];
    let at = random.random_range(0..=bytes.len());
    let end = random.random_range(at..=bytes.len());
    match random.random_range(0..5) {
        0 => bytes.truncate(at),
        1 => {
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        2 => drop(bytes.splice(at..end, ODD.choose(random).unwrap().iter().copied())),
        3 => drop(bytes.splice(at..at, ODD.choose(random).unwrap().iter().copied())),
        _ => {
            let mut noise = [0; 16];
            random.fill_bytes(&mut noise);
            bytes.splice(at..end, noise);
        }
    }
}

async fn read(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
    Answer { status: parts.status, headers: parts.headers, text }
}

/// A refusal is a problem (RFC 9457), an error of OAuth's (RFC 6749 §5.2) or a page.
fn judge(answer: &Answer, told: &str) {
    assert!(!answer.status.is_server_error(), "{told}: {} {}", answer.status, answer.text);
    for inside in ["panicked", ".rs", "sqlx", "SELECT ", "sqlite", "redis", "serde", "thread '"] {
        assert!(!answer.text.contains(inside), "{told}: {inside:?} in {}", answer.text);
    }
    if !answer.status.is_client_error() {
        return;
    }
    let named = match answer.header("content-type") {
        "application/problem+json" => answer.member("code"),
        "application/json" => answer.member("error"),
        "text/html; charset=utf-8" => String::from("a page"),
        other => panic!("{told}: {} as {other:?}: {}", answer.status, answer.text),
    };
    assert!(!named.is_empty(), "{told}: {}", answer.text);
}
