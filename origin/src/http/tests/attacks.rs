//! Inputs of somebody who means harm, to what anybody can reach. Beside what each table expects, nothing here may fail
//! on our side.

use super::pages::{FORM, OWN, send};
use super::*;

/// Whatever it is, it is refused in our own way, or done.
fn is_no_fault(answer: &Answer, told: &str) {
    assert!(!answer.status.is_server_error(), "{told}: {} {}", answer.status, answer.text);
}

#[tokio::test]
async fn odd_addresses_are_refused_or_are_one_account_each() {
    let origin = Origin::start().await;
    for odd in [
        "a\u{200b}@b.co",
        "\u{feff}a@b.co",
        "a\u{202e}moc@b.co",
        "a\u{2066}b@b.co",
        "a\u{ad}b@b.co",
        "a\u{e0041}@b.co",
        "a\0@b.co",
        "a,b@b.co",
        "a;b@b.co",
        "a:b@b.co",
        "<a@b.co>",
        "Ada <a@b.co>",
        "\"a\"@b.co",
        "\"a@evil.example\"@b.co",
        "a(comment)@b.co",
        "a\\@b.co",
        "a@[127.0.0.1]",
        "a@b.co,c@b.co",
        "a@b.co\u{85}bcc: c@b.co",
        "a%00@b.co\0",
        // Longer once it is in lower case: such an account could not be verified.
        &format!("{}@b.co", "\u{130}".repeat(31)),
        &format!("a@{}.co", "\u{130}".repeat(31)),
    ] {
        let body = json!({ "email": odd, "password": PASSWORD });
        origin.post("/auth/register", body.clone(), &[]).await.expect(400, "email_invalid");
        origin.post("/auth/login", body, &[]).await.expect(401, "credentials_invalid");
        let fields = [("email", odd), ("password", PASSWORD)];
        for path in ["/auth/register", "/auth/login"] {
            is_no_fault(&send(&origin, path, &fields).await, odd);
        }
    }
    // One mailbox in two spellings is one account.
    for (first, again) in [
        ("caf\u{e9}@b.co", "cafe\u{301}@b.co"),
        ("ada@caf\u{e9}.example", "ada@cafe\u{301}.example"),
        ("kim@b.co", "\u{212a}im@b.co"),
        ("full@width.example", "full@\u{ff57}idth.example"),
        ("stra\u{df}e@b.co", "STRA\u{1e9e}E@B.CO"),
        ("o'neil+tag_{x}@b.co", "O'Neil+Tag_{X}@b.co"),
    ] {
        let body = |email| json!({ "email": email, "password": PASSWORD });
        assert_eq!(origin.post("/auth/register", body(first), &[]).await.status, 201, "{first}");
        origin.post("/auth/register", body(again), &[]).await.expect(409, "email_taken");
        let me = origin.post("/auth/login", body(again), &[]).await;
        assert_eq!((me.status.as_u16(), &me.json()["user"]["email"]), (200, &json!(first)));
    }
}

/// PWD-13: what is a command elsewhere is a name and a password here.
#[tokio::test]
async fn pwd_13_what_means_something_to_a_store_means_nothing_here() {
    let origin = Origin::start().await;
    let body = |email: &str, password: &str| json!({ "email": email, "password": password });
    for email in [
        "x'or'1'='1@b.co",
        "'--@b.co",
        "x'/**/union/**/select/**/1@b.co",
        "{portcullis}*?@b.co",
        "*|uid=*@b.co",
        "$where@b.co",
        "${jndi}@b.co",
        "`id`@b.co",
        "%0d%0aset%20epoch%200@b.co",
    ] {
        let password = format!("{email}' OR '1'='1' -- *)(uid=*))\r\nSET epoch 0\r\n\0");
        let answer = origin.post("/auth/register", body(email, &password), &[]).await;
        assert_eq!(answer.status, 201, "{email}: {}", answer.text);
        let me = origin.post("/auth/login", body(email, &password), &[]).await;
        assert_eq!((me.status.as_u16(), &me.json()["user"]["email"]), (200, &json!(email)));
        for wrong in ["' OR '1'='1' --", "*", "%", "\r\nSET epoch 0\r\n", &password[1..]] {
            let refused = origin.post("/auth/login", body(email, wrong), &[]).await;
            refused.expect(401, "credentials_invalid");
        }
    }
}

/// Every form, with a body that it would read.
#[rustfmt::skip]
const FORMS: &[(&str, &str)] = &[
    ("/auth/login", "email=a%40b.co&password=x"),
    ("/auth/register", "email=c%40b.co&password=correct+horse+battery"),
    ("/auth/password/forgot", "email=a%40b.co"),
    ("/auth/password/reset", "token=AAAA&password=correct+horse+battery"),
    ("/auth/verify", "token=AAAA"),
    ("/auth/account/password", "current_password=x&new_password=correct+horse+battery"),
    ("/auth/account/email", "current_password=x&email=c%40b.co"),
    ("/auth/account/sessions/end", "sid=0197f0a0-0000-7000-8000-000000000000"),
    ("/auth/account/link", "provider=google"),
    ("/auth/account/unlink", "provider=google"),
];

#[tokio::test]
async fn cks_04_forms_are_read_strictly_and_from_our_own_pages_alone() {
    let post = letters::Post::start(&[]).await;
    let origin = &post.origin;
    let signed_in = origin.sign_in("a@b.co").await;
    let cookie = format!("__Host-at={}", signed_in.member("access_token"));
    for (path, good) in FORMS {
        let ask = async |body: &str, headers: &[(&str, &str)]| {
            let headers = [&[("cookie", cookie.as_str())], headers].concat();
            origin.send(request("POST", path, Body::from(String::from(body)), &headers)).await
        };
        let first = good.split('&').next().unwrap();
        let name = first.split('=').next().unwrap();
        // A field twice, one too many, one without its name, text that is none, and far too much.
        for (body, status) in [
            (format!("{good}&{first}"), 400),
            (format!("{good}&is_admin=true"), 400),
            (format!("{good}&_method=DELETE"), 400),
            (format!("{good}&=x"), 400),
            (format!("{name}=%ff%fe&{good}"), 400),
            (good.replacen('=', "=%ff", 1), 400),
            (good.replacen('=', "=\u{0}\u{1b}%c3", 1), 400),
            (String::new(), 400),
            (format!("{good}{}", "x".repeat(20_000)), 413),
        ] {
            let answer = ask(&body, &[FORM, OWN]).await;
            assert_eq!(answer.status.as_u16(), status, "{path} {body:.99}: {}", answer.text);
        }
        // Long, and within what is read.
        is_no_fault(&ask(&format!("{good}{}", "x".repeat(15_000)), &[FORM, OWN]).await, path);
        is_no_fault(&ask(&good.replacen('=', "=%00", 1), &[FORM, OWN]).await, path);
        // What another site can have a browser send.
        for kind in [
            "application/x-www-form-urlencoded",
            "text/plain",
            "multipart/form-data; boundary=x",
            "",
        ] {
            for from in [&[][..], &[("sec-fetch-site", "cross-site")], &[("origin", "null")]] {
                let headers = [&[("content-type", kind)], from].concat();
                let answer = ask(good, &headers).await;
                let status = answer.status.as_u16();
                assert!([403, 415].contains(&status), "{path} {kind} {from:?}: {}", answer.text);
                assert!(answer.cookies().is_empty(), "{path} {kind}");
            }
        }
        // A method is what the request line says.
        for header in ["x-http-method-override", "x-http-method", "x-method-override"] {
            let headers = [("cookie", &*cookie), OWN, (header, "POST")];
            let body = Body::from(String::from(*good));
            let answer = origin.send(request("PUT", path, body, &headers)).await;
            answer.expect(405, "method_not_allowed");
        }
    }
    assert_eq!(origin.get("/auth/me", &[("cookie", &cookie)]).await.status, 200);
    let sid = signed_in.member("session_id");
    let over = [("cookie", &*cookie), OWN, ("x-http-method-override", "DELETE")];
    let path = format!("/auth/sessions/{sid}?_method=DELETE");
    origin
        .send(request("POST", &path, Body::empty(), &over))
        .await
        .expect(405, "method_not_allowed");
    origin
        .send(request("GET", &path, Body::empty(), &over))
        .await
        .expect(405, "method_not_allowed");
}

#[tokio::test]
async fn json_in_another_charset_is_no_json() {
    let origin = Origin::start().await;
    origin.sign_in("a@b.co").await;
    let text = json!({ "email": "a@b.co", "password": PASSWORD }).to_string();
    let utf16 =
        |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    for (kind, body) in [
        ("application/json; charset=utf-16", utf16(u16::to_be_bytes)),
        ("application/json; charset=utf-16le", utf16(u16::to_le_bytes)),
        ("application/json", marked),
        ("application/json", [b")]}'\n", text.as_bytes()].concat()),
        ("application/json", text.replace('"', "\u{201c}").into_bytes()),
        ("application/json", text.replace("a@b.co", "a@b.co\u{0}").into_bytes()),
        ("application/json", text.replace("email", "\\u0065mail\",\"email").into_bytes()),
    ] {
        let request = request("POST", "/auth/login", Body::from(body), &[("content-type", kind)]);
        origin.send(request).await.expect(400, "request_invalid");
    }
}

#[tokio::test]
async fn oid_18_no_way_back_leads_elsewhere_whichever_way_it_came() {
    let origin = Origin::start().await;
    origin.sign_in("a@b.co").await;
    for hostile in [
        "//evil.example",
        "/\\evil.example",
        "/\\/evil.example",
        "/%2f/evil.example",
        "/%2F%2Fevil.example",
        "/%5cevil.example",
        "https:evil.example",
        "https:/evil.example",
        "https://evil.example",
        "\thttps://evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\n/evil.example",
        "/\u{a0}/evil.example",
        "/.//evil.example",
        "/..//evil.example",
        "/;//evil.example",
        "javascript:alert(1)//evil.example",
        "/\u{2044}/evil.example",
        "/\u{ff0f}evil.example",
        "?//evil.example",
        "#//evil.example",
        "@evil.example",
        "/x\r\nset-cookie: evil.example=1",
    ] {
        let fields = [("email", "a@b.co"), ("password", PASSWORD), ("return_to", hostile)];
        let answer = send(&origin, "/auth/login", &fields).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"), "{hostile:?}");
        let query = serde_urlencoded::to_string([("return_to", hostile)]).unwrap();
        for path in ["/auth/login", "/auth/register"] {
            let page = origin.get(&format!("{path}?{query}&return_to=%2F"), &[]).await;
            assert!(!page.text.contains("evil"), "{hostile:?}: {}", page.text);
            let page = origin.get(&format!("{path}?{query}"), &[]).await;
            assert!(!page.text.contains("evil"), "{hostile:?}: {}", page.text);
        }
    }
}

#[tokio::test]
async fn headers_that_nobody_sends_break_nothing() {
    let origin = Origin::start().await;
    let long = "x".repeat(8_000);
    let many = "a=b; ".repeat(1_500);
    let attempt = |rest: &str| format!("__Host-at-sign-in={rest}");
    let huge = attempt(&format!("idp.s.n.v.{}.browser.own.Lw", u64::MAX));
    let zero = attempt("idp.s.n.v.0.browser.own.Lw");
    let evil = attempt("idp.s.n.v.1.browser.own.Ly9ldmlsLmV4YW1wbGU");
    for header in [
        ("accept-language", "ko;q=NaN, en;q=-1, *;q=1e999"),
        ("accept-language", &*long),
        ("accept-language", ";;;,,,q=q=q"),
        ("user-agent", &long),
        ("user-agent", "\u{ff}\u{301}"),
        ("cookie", &many),
        ("cookie", &huge),
        ("cookie", &zero),
        ("cookie", &evil),
        ("cookie", "__Host-at-sign-in=.......; __Host-at-sign-in"),
        ("sec-fetch-site", "same-origin, same-origin"),
        ("x-portcullis-client-ip", "::ffff:0:0"),
        ("x-portcullis-place", "%00%ff%0d%0aset-cookie:x"),
    ] {
        for path in [
            "/auth/login",
            "/auth/oauth/idp/callback?state=s&code=c",
            "/auth/account",
            "/auth/admin",
        ] {
            let answer = origin.get(path, &[header, ("sec-fetch-mode", "navigate")]).await;
            is_no_fault(&answer, header.0);
            assert!(!answer.text.contains("evil") && !answer.header("location").contains("evil"));
        }
    }
}
