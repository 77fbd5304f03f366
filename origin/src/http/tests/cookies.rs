//! Cookies, and what other sites may do with them.

use super::*;

const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

/// Signs in as a browser does.
async fn browser(origin: &Origin, remember: bool) -> Answer {
    origin.sign_in("a@b.co").await;
    let body = json!({ "email": "a@b.co", "password": PASSWORD, "remember": remember });
    let answer = origin.post("/auth/login", body, &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    answer
}

fn both(answer: &Answer) -> String {
    format!("__Host-at={}; __Host-rt={}", answer.cookie("__Host-at"), answer.cookie("__Host-rt"))
}

#[tokio::test]
async fn cks_01_08_cookies_have_every_attribute_and_the_body_has_no_refresh_token() {
    let origin = Origin::start().await;
    for remember in [false, true] {
        let answer = browser(&origin, remember).await;
        assert!(answer.json().get("refresh_token").is_none());
        assert_eq!(answer.cookies().len(), 2);
        for cookie in answer.cookies() {
            assert!(cookie.len() <= 4096);
            assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
            assert_eq!(cookie.contains("Max-Age="), remember, "{cookie}");
            assert!(!cookie.contains("Domain"));
        }
        let refreshed = [("cookie", &*both(&answer)), OWN];
        let answer = origin.post("/auth/refresh", json!({}), &refreshed).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert!(answer.json().get("refresh_token").is_none());
        assert!(answer.cookies().iter().all(|c| c.contains("Max-Age=") == remember));
    }
    let in_body = origin.sign_in("b@b.co").await;
    assert!(in_body.cookies().is_empty());
    assert!(!in_body.member("refresh_token").is_empty());
}

#[tokio::test]
async fn cks_03_a_sign_in_ends_the_session_whose_cookies_it_takes_the_place_of() {
    let origin = Origin::start().await;
    origin.sign_in("other@b.co").await;
    let ends = async |cookies: &str| {
        let me = origin.get("/auth/me", &[("cookie", cookies)]).await;
        let headers = [("cookie", cookies), OWN];
        let refreshed = origin.post("/auth/refresh", json!({}), &headers).await;
        (me.status.as_u16(), refreshed.status.as_u16()) == (401, 401)
    };
    let fields = |email: &str, more: &[(&str, Value)]| {
        let mut fields = json!({ "email": email, "password": PASSWORD });
        for (name, value) in more {
            fields[name] = value.clone();
        }
        fields
    };
    // Whoever signs in: the older session could not be ended from this browser any more.
    for email in ["a@b.co", "other@b.co"] {
        let first = both(&browser(&origin, false).await);
        let headers = [("cookie", &*first), OWN];
        let wrong = json!({ "email": email, "password": "a wrong password" });
        origin.post("/auth/login", wrong, &headers).await.expect(401, "credentials_invalid");
        let in_body = fields(email, &[("delivery", json!("body"))]);
        assert_eq!(origin.post("/auth/login", in_body, &headers).await.status, 200);
        assert_eq!(origin.get("/auth/me", &[("cookie", &*first)]).await.status, 200, "still there");
        let second = origin.post("/auth/login", fields(email, &[]), &headers).await;
        assert!(ends(&first).await, "{email}");
        let second = both(&second);
        assert_eq!(origin.get("/auth/me", &[("cookie", &*second)]).await.status, 200);

        // The same by the page's form.
        let form = serde_urlencoded::to_string([("email", email), ("password", PASSWORD)]).unwrap();
        let headers =
            [("cookie", &*second), OWN, ("content-type", "application/x-www-form-urlencoded")];
        let third = origin.send(request("POST", "/auth/login", form.into(), &headers)).await;
        assert_eq!(third.status, 303, "{}", third.text);
        assert!(ends(&second).await, "{email}");
        assert_eq!(origin.get("/auth/me", &[("cookie", &*both(&third))]).await.status, 200);
        // And by making an account there.
        let new = [("email", &*format!("new-{email}")), ("password", PASSWORD)]
            .map(|(n, v)| (n, v.to_owned()));
        let form = serde_urlencoded::to_string(new).unwrap();
        let third = both(&third);
        let headers =
            [("cookie", &*third), OWN, ("content-type", "application/x-www-form-urlencoded")];
        let made = origin.send(request("POST", "/auth/register", form.into(), &headers)).await;
        assert_eq!(made.status, 303, "{}", made.text);
        assert!(ends(&third).await, "{email}");
    }
}

#[tokio::test]
async fn cks_04_05_a_state_change_by_cookie_comes_from_our_own_pages() {
    let origin = Origin::with(&[("PORTCULLIS__TOKENS__ISSUER", "https://app.example")]).await;
    let cookies = both(&browser(&origin, false).await);
    for path in ["/auth/refresh", "/auth/logout", "/auth/logout-all", "/auth/login"] {
        for headers in [
            &[][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://app.example")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")],
            &[("origin", "null")],
            &[("origin", "https://app.example.evil")],
            &[("origin", "https://app.example:8443")],
            &[("origin", "http://app.example")],
            &[("origin", "https://app.example"), ("origin", "https://evil.example")],
        ] {
            let headers = [headers, &[("cookie", &*cookies)]].concat();
            let request = request("POST", path, Body::empty(), &headers);
            origin.send(request).await.expect(403, "cross_site");
        }
    }
    let headers = [("cookie", &*cookies), ("origin", "https://app.example")];
    let answer = origin.send(request("POST", "/auth/refresh", Body::empty(), &headers)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

#[tokio::test]
async fn cks_02_two_cookies_of_ours_are_none_and_only_the_exact_name_is_one() {
    let origin = Origin::start().await;
    let signed_in = browser(&origin, false).await;
    let (at, rt) = (signed_in.cookie("__Host-at"), signed_in.cookie("__Host-rt"));
    for cookies in [
        format!("__Host-rt={rt}; __Host-rt={rt}"),
        format!("__Host-at={at}; __Host-rt={rt}; __Host-at=x"),
        format!("__Host-rt={rt}, __Host-rt={rt}"),
    ] {
        let headers = [("cookie", &*cookies), OWN];
        let answer = origin.post("/auth/refresh", json!({}), &headers).await;
        answer.expect(400, "credentials_ambiguous");
    }
    let two_lines = [("cookie", &*format!("__Host-at={at}")), ("cookie", "__Host-at=x")];
    origin.get("/auth/me", &two_lines).await.expect(400, "credentials_ambiguous");
    for cookies in [
        format!("__host-rt={rt}"),
        format!("\u{2000}__Host-rt={rt}"),
        format!("=__Host-rt={rt}"),
        format!("x__Host-rt={rt}"),
    ] {
        let headers = [("cookie", &*cookies), OWN];
        let answer = origin.post("/auth/refresh", json!({}), &headers).await;
        answer.expect(401, "refresh_missing");
    }
    let legacy = [("cookie", &*format!("$Version=1; __Host-rt={rt}")), OWN];
    let answer = origin.post("/auth/refresh", json!({}), &legacy).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn brr_03_05_a_bearer_header_wins_over_the_cookie_and_two_are_none() {
    let origin = Origin::start().await;
    let mine = browser(&origin, false).await;
    let cookie = format!("__Host-at={}", mine.cookie("__Host-at"));
    let theirs = origin.sign_in("other@b.co").await;
    let headers = [("cookie", &*cookie), ("authorization", &*theirs.bearer())];
    let me = origin.get("/auth/me", &headers).await;
    assert_eq!(me.json()["user"]["email"], "other@b.co");
    let me = origin.get("/auth/me", &[("cookie", &cookie)]).await;
    assert_eq!(me.json()["user"]["email"], "a@b.co");

    let token = theirs.member("access_token");
    for scheme in ["bearer", "BEARER", "Bearer "] {
        let value = format!("{scheme} {token}");
        let me = origin.get("/auth/me", &[("authorization", &value)]).await;
        assert_eq!(me.status, StatusCode::OK);
    }
    for (value, status, code) in [
        (format!("Bearer {token}, Bearer {token}"), 400, "credentials_ambiguous"),
        (format!("Basic YTpi, Bearer {token}"), 400, "credentials_ambiguous"),
        (String::from("Bearer"), 401, "token_invalid"),
        (String::from("Bearer x"), 401, "token_invalid"),
        (format!("Bearer {}", theirs.member("refresh_token")), 401, "token_invalid"),
        (format!("Bearer{token}"), 401, "token_missing"),
        (format!("Bearer\t{token}"), 401, "token_invalid"),
        (String::from("Basic YTpi"), 401, "token_missing"),
    ] {
        let answer = origin.get("/auth/me", &[("authorization", &value)]).await;
        answer.expect(status, code);
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("Bearer realm="), "{challenge}");
        assert_eq!(challenge.contains("error="), code != "token_missing", "{challenge}");
    }
    let twice = [("authorization", &*theirs.bearer()), ("authorization", &*theirs.bearer())];
    origin.get("/auth/me", &twice).await.expect(400, "credentials_ambiguous");
    let in_query = format!("/auth/me?access_token={token}");
    origin.get(&in_query, &[]).await.expect(401, "token_missing");
}

#[tokio::test]
async fn cks_06_signing_out_clears_the_cookies_again_and_again() {
    let origin = Origin::start().await;
    let cookies = both(&browser(&origin, true).await);
    for _ in 0..2 {
        let headers = [("cookie", &*cookies), OWN];
        let answer = origin.send(request("POST", "/auth/logout", Body::empty(), &headers)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        let cleared = "=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax";
        assert_eq!(
            answer.cookies(),
            [format!("__Host-at{cleared}"), format!("__Host-rt{cleared}")]
        );
    }
    let headers = [("cookie", "__Host-rt=garbage"), OWN];
    let answer = origin.send(request("POST", "/auth/logout", Body::empty(), &headers)).await;
    assert_eq!((answer.status, answer.cookies().len()), (StatusCode::NO_CONTENT, 2));
    // Another site can make a browser send this much: what it did not send, it keeps.
    let answer = origin.send(request("POST", "/auth/logout", Body::empty(), &[])).await;
    assert_eq!((answer.status, answer.cookies().len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(answer.header("clear-site-data"), "");
}

#[tokio::test]
async fn the_cookies_of_another_session_outlive_a_sign_out_by_bearer() {
    let origin = Origin::start().await;
    let mine = both(&browser(&origin, false).await);
    let theirs = origin.sign_in("other@b.co").await;
    let headers = [("cookie", &*mine), ("authorization", &*theirs.bearer())];
    let answer = origin.send(request("POST", "/auth/logout", Body::empty(), &headers)).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(answer.cookies().is_empty());
    let me = origin.get("/auth/me", &[("cookie", &mine)]).await;
    assert_eq!(me.status, StatusCode::OK);
}

#[tokio::test]
async fn a_refusal_to_refresh_leaves_the_cookies_alone() {
    let origin = Origin::start().await;
    let cookies = both(&browser(&origin, false).await);
    let headers = [("cookie", &*cookies), OWN];
    origin.send(request("POST", "/auth/logout", Body::empty(), &headers)).await;
    let answer = origin.post("/auth/refresh", json!({}), &headers).await;
    answer.expect(401, "refresh_revoked");
    assert_eq!(answer.header("portcullis-session"), "ended");
    assert!(answer.cookies().is_empty(), "the browser may have signed in anew meanwhile");
}

#[tokio::test]
async fn cks_03_signing_in_takes_over_nothing_that_was_there_before() {
    let origin = Origin::start().await;
    let planted = origin.sign_in("attacker@b.co").await;
    let (at, rt) = (planted.member("access_token"), planted.member("refresh_token"));
    origin.sign_in("a@b.co").await;
    let body = json!({ "email": "a@b.co", "password": PASSWORD });
    let mut seen = vec![planted.member("session_id")];
    for cookies in [
        format!("__Host-at={at}; __Host-rt={rt}"),
        format!("__Host-rt={rt}"),
        String::from("__Host-at=chosen; __Host-rt=chosen"),
    ] {
        let headers = [("cookie", &*cookies), OWN];
        let answer = origin.post("/auth/login", body.clone(), &headers).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert_eq!(answer.json()["user"]["email"], "a@b.co");
        let sid = answer.member("session_id");
        assert!(!seen.contains(&sid), "a session that was there before");
        seen.push(sid);
        // Both are replaced, so that the two of the browser are never of two people.
        assert_ne!(answer.cookie("__Host-at"), at);
        assert_ne!(answer.cookie("__Host-rt"), rt);
    }
    // What was planted leads to nobody: it ended with the first sign-in that took its place.
    let refreshed = origin.post("/auth/refresh", json!({ "refresh_token": rt }), &[]).await;
    refreshed.expect(401, "refresh_revoked");
    let me = origin.get("/auth/me", &[("authorization", &planted.bearer())]).await;
    me.expect(401, "token_revoked");
}

#[tokio::test]
async fn cks_06_signing_out_everywhere_by_a_token_leaves_somebody_elses_cookies_alone() {
    let origin = Origin::start().await;
    let out = async |bearer: &str, cookies: Option<&str>| {
        let mut headers = vec![("authorization", bearer)];
        headers.extend(cookies.map(|cookies| ("cookie", cookies)));
        let path = "/auth/logout-all";
        let answer = origin.send(request("POST", path, Body::empty(), &headers)).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
        answer.cookies().len()
    };
    let browsers = both(&browser(&origin, false).await);
    let somebody = origin.sign_in("b@b.co").await;
    assert_eq!(out(&somebody.bearer(), Some(&browsers)).await, 0);
    assert_eq!(origin.get("/auth/me", &[("cookie", &*browsers)]).await.status, 200);
    let own = origin.sign_in("a@b.co").await;
    assert_eq!(out(&own.bearer(), None).await, 0, "none came along");
    let browsers = both(&browser(&origin, false).await);
    let own = origin.sign_in("a@b.co").await;
    assert_eq!(out(&own.bearer(), Some(&browsers)).await, 2, "that session is over too");
}
