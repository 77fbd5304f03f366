//! The pages, as a browser without scripts uses them.

use super::*;

pub(super) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
pub(super) const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

pub(super) async fn send(origin: &Origin, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body = serde_urlencoded::to_string(fields).unwrap();
    origin.send(request("POST", path, body.into(), &[FORM, OWN])).await
}

pub(super) fn is_page(answer: &Answer, status: u16) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.ends_with("form-action 'self'; frame-ancestors 'none'; base-uri 'none'"));
    assert!(answer.cookies().is_empty());
    assert!(!answer.text.contains("<script"));
}

#[tokio::test]
async fn the_pages_come_in_the_language_of_the_browser_and_know_the_way_back() {
    let origin = Origin::start().await;
    for (path, language, title, other) in [
        ("/auth/login", "en", "Sign in", "/auth/register"),
        ("/auth/login", "ko-KR,ko;q=0.9,en;q=0.8", "로그인", "/auth/register"),
        ("/auth/register", "en", "Create an account", "/auth/login"),
        ("/auth/register", "ko", "계정 만들기", "/auth/login"),
    ] {
        let asked = format!("{path}?return_to=/orders%3Fa%3D1%26b%3D2");
        let answer = origin.get(&asked, &[("accept-language", language)]).await;
        is_page(&answer, 200);
        assert_eq!(answer.header("vary"), "accept-language");
        for part in [
            &format!("<html lang=\"{}\">", &language[..2]),
            &format!("<h1>{title}</h1>"),
            &format!("<form method=\"post\" action=\"{path}\">"),
            r#"name="return_to" value="/orders?a=1&amp;b=2""#,
            &format!("href=\"{other}?return_to=%2Forders%3Fa%3D1%26b%3D2\""),
        ] {
            assert!(answer.text.contains(part), "{part}: {}", answer.text);
        }
        let astray = origin.get(&format!("{path}?return_to=//evil.example"), &[]).await;
        assert!(!astray.text.contains("evil"), "{}", astray.text);
    }
}

#[tokio::test]
async fn oid_19_an_account_is_made_and_signed_in_to_by_forms_and_the_browser_goes_on_by_303() {
    let origin = Origin::start().await;
    let fields = [
        ("email", "a@b.co"),
        ("password", PASSWORD),
        ("name", ""),
        ("return_to", "/orders?a=1&b=2"),
    ];
    let answer = send(&origin, "/auth/register", &fields).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/orders?a=1&b=2"));
    for (remember, lasting) in [(None, false), (Some(("remember", "true")), true)] {
        let fields = [("email", "a@b.co"), ("password", PASSWORD)];
        let fields: Vec<_> = fields.into_iter().chain(remember).collect();
        let answer = send(&origin, "/auth/login", &fields).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"));
        assert_eq!(answer.cookies().len(), 2);
        assert!(answer.cookies().iter().all(|cookie| cookie.contains("Max-Age=") == lasting));
        let cookie = format!("__Host-at={}", answer.cookie("__Host-at"));
        let me = origin.get("/auth/me", &[("cookie", &cookie)]).await;
        assert_eq!(me.json()["user"]["email"], "a@b.co");
    }
    let astray = [("email", "a@b.co"), ("password", PASSWORD), ("return_to", "/\t/evil.example")];
    assert_eq!(send(&origin, "/auth/login", &astray).await.header("location"), "/");
}

#[tokio::test]
async fn pwd_01_a_refusal_is_the_page_again_with_the_words_and_without_the_password() {
    let origin = Origin::start().await;
    origin.sign_in("a@b.co").await;
    let mut pages = Vec::new();
    for (email, password) in [("a@b.co", "a wrong password"), ("c@b.co", "a wrong password")] {
        let fields = [("email", email), ("password", password), ("return_to", "/orders")];
        let answer = send(&origin, "/auth/login", &fields).await;
        is_page(&answer, 401);
        for part in ["E-mail address or password is wrong.", email, "value=\"/orders\""] {
            assert!(answer.text.contains(part), "{part}: {}", answer.text);
        }
        assert!(!answer.text.contains(password), "{}", answer.text);
        pages.push((answer.text.replace(email, ""), answer.headers));
    }
    assert_eq!(pages[0], pages[1]);
    for (email, password, status, words) in [
        ("a@b.co", PASSWORD, 409, "There is an account with this e-mail address."),
        ("c@b.co", "short", 400, "at least 8 characters"),
        ("c@b.co", "password", 400, "easily guessed"),
        ("no address", PASSWORD, 400, "This is no e-mail address"),
    ] {
        let fields = [("email", email), ("password", password)];
        let answer = send(&origin, "/auth/register", &fields).await;
        is_page(&answer, status);
        assert!(answer.text.contains(words) && answer.text.contains(email), "{}", answer.text);
        assert!(answer.text.contains("aria-invalid=\"true\""), "{}", answer.text);
    }
}

#[tokio::test]
async fn what_is_typed_in_stays_text() {
    let origin = Origin::start().await;
    for (path, field) in [("/auth/login", "email"), ("/auth/register", "name")] {
        let hostile = "\"><script>alert(1)</script><img src=x onerror='a'>&amp;";
        let other = if field == "email" { ("remember", "false") } else { ("email", "x") };
        let fields = [(field, hostile), ("password", "x"), other];
        let answer = send(&origin, path, &fields).await;
        assert!(answer.status.is_client_error());
        let escaped = "&quot;&gt;&lt;script&gt;";
        assert!(answer.text.contains(escaped), "{path}: {}", answer.text);
        assert!(!answer.text.contains("<script") && !answer.text.contains("<img"));
    }
}

#[tokio::test]
async fn cks_04_a_form_from_elsewhere_signs_nobody_in() {
    let origin = Origin::with(&[("PORTCULLIS__TOKENS__ISSUER", "https://app.example")]).await;
    origin.sign_in("a@b.co").await;
    for path in ["/auth/login", "/auth/register"] {
        let site = "`Sec-Fetch-Site` says";
        for (headers, why) in [
            (&[][..], "Neither `Sec-Fetch-Site` nor `Origin` was sent."),
            (&[("sec-fetch-site", "cross-site")], site),
            (&[("sec-fetch-site", "same-site")], site),
            (&[("sec-fetch-site", "none")], site),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://app.example")], site),
            (&[("origin", "null")], "`Origin` is not the address"),
            (&[("origin", "https://app.example.evil")], "`Origin` is not the address"),
            (&[("origin", "https://app.example"), ("origin", "https://evil.example")], "twice"),
        ] {
            let fields = [("email", "a@b.co"), ("password", PASSWORD)];
            let body = serde_urlencoded::to_string(fields).unwrap();
            let headers = [headers, &[FORM]].concat();
            let answer = origin.send(request("POST", path, body.into(), &headers)).await;
            answer.expect(403, "cross_site");
            assert!(answer.text.contains(why), "{}", answer.text);
            assert!(answer.cookies().is_empty());
        }
    }
    let body = serde_urlencoded::to_string([("email", "a@b.co"), ("password", PASSWORD)]).unwrap();
    let headers = [FORM, ("origin", "https://app.example")];
    let answer = origin.send(request("POST", "/auth/login", body.into(), &headers)).await;
    assert_eq!(answer.status.as_u16(), 303);
}

#[tokio::test]
async fn a_form_has_the_fields_expected_each_once() {
    let origin = Origin::start().await;
    for body in [
        "",
        "email=a@b.co",
        "email=a@b.co&password=x&password=y",
        "email=a@b.co&password=x&delivery=body",
        "email=a@b.co&password=x&remember=on",
        r#"{"email":"a@b.co","password":"x"}"#,
    ] {
        let answer = origin.send(request("POST", "/auth/login", body.into(), &[FORM, OWN])).await;
        answer.expect(400, "request_invalid");
    }
    let large = format!("email=a@b.co&password={}", "x".repeat(16 * 1024));
    let answer = origin.send(request("POST", "/auth/login", large.into(), &[FORM, OWN])).await;
    answer.expect(413, "body_too_large");
    // A program's, whatever it calls its body.
    let headers = [FORM, OWN, ("authorization", "Bearer x")];
    let answer = origin.send(request("POST", "/auth/login", "email=a".into(), &headers)).await;
    answer.expect(415, "media_type_unsupported");
}

#[tokio::test]
async fn cks_06_a_button_signs_out() {
    let origin = Origin::start().await;
    origin.sign_in("a@b.co").await;
    let fields = [("email", "a@b.co"), ("password", PASSWORD)];
    let signed_in = send(&origin, "/auth/login", &fields).await;
    let cookie =
        ["__Host-at", "__Host-rt"].map(|name| format!("{name}={}", signed_in.cookie(name)));
    let cookies = ("cookie", &*cookie.join("; "));
    let foreign = [FORM, cookies, ("sec-fetch-site", "same-site")];
    let answer = origin.send(request("POST", "/auth/logout", Body::empty(), &foreign)).await;
    answer.expect(403, "cross_site");
    let own = [FORM, cookies, OWN];
    let answer = origin.send(request("POST", "/auth/logout", Body::empty(), &own)).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"));
    assert!(answer.cookies().iter().all(|cookie| cookie.contains("=; Max-Age=0;")));
    assert_eq!((answer.cookies().len(), answer.header("clear-site-data")), (2, "\"cache\""));
    origin.get("/auth/me", &[cookies]).await.expect(401, "token_revoked");
}
