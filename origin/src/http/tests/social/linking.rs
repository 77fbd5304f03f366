//! Whose account a login opens, and linking one by hand.

use std::time::Duration;

use common::token::AccessClaims;
use common::{SessionId, UnixMillis};

use super::super::letters::Post;
use super::*;
use crate::crypto::OsRandom;
use crate::port::{Device, Email, NewSession, Random as _, RevokeReason, TOKEN_DEAD_AFTER};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
pub(super) const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");
const TAKEN: &str = "There is an account with this e-mail address.";

fn claims(changes: Value) -> Manner {
    Manner { claims: changes, userinfo: json!({}), ..Manner::default() }
}

/// The account that a way back signed in to.
async fn signed_in(origin: &Origin, answer: &Answer) -> Value {
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.text);
    let cookie = format!("__Host-at={}", answer.cookie("__Host-at"));
    let me = origin.get("/auth/me", &[("cookie", &cookie)]).await;
    assert_eq!(me.status.as_u16(), 200, "{}", me.text);
    me.json()
}

fn is_turned_away(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    assert!(answer.text.contains(words), "{words}: {}", answer.text);
    assert!(answer.cookies().iter().all(|cookie| !cookie.starts_with("__Host-at=")));
}

#[tokio::test]
async fn oid_11_12_an_address_links_when_it_is_proven_on_both_sides_alone() {
    let upstream = Upstream::start().await;
    for locally in [false, true] {
        let origin = origin_of(&upstream).await;
        // Whoever registered the address first has a password for the account.
        let owner = origin.sign_in("ada@example.com").await;
        if locally {
            origin.sql("accounts.db", "UPDATE account SET email_verified = 1").await;
        }
        for said in
            [json!(false), json!(null), json!("true"), json!("false"), json!(1), json!([true])]
        {
            upstream.set(claims(json!({"email_verified": said})));
            is_turned_away(&go(&origin, &upstream).await, 409, TAKEN);
        }
        upstream.set(claims(json!({"email": "ADA@Example.com "})));
        let answer = go(&origin, &upstream).await;
        if locally {
            let me = signed_in(&origin, &answer).await;
            assert_eq!(me["user"]["id"], owner.json()["user"]["id"]);
        } else {
            is_turned_away(&answer, 409, TAKEN);
        }
        let bearer = owner.bearer();
        let me = origin.get("/auth/me", &[("authorization", &bearer)]).await.json();
        assert_eq!(me["logins"].as_array().unwrap().len(), usize::from(locally));
        assert_eq!(accounts(&origin).await.len(), 1);
    }
}

#[tokio::test]
async fn oid_13_the_identity_is_issuer_and_subject() {
    let upstream = Upstream::start().await;
    let origin = origin_of(&upstream).await;
    let first = signed_in(&origin, &go(&origin, &upstream).await).await;
    // The same person with another address, proven or not, or none.
    for changes in [
        json!({"email": "lovelace@example.com"}),
        json!({"email": "lovelace@example.com", "email_verified": false}),
        json!({"email": null, "email_verified": null}),
    ] {
        upstream.set(claims(changes));
        let again = signed_in(&origin, &go(&origin, &upstream).await).await;
        assert_eq!(again["user"], first["user"]);
    }
    // Another person with that address: it has changed hands.
    upstream.set(claims(json!({"sub": "person-2"})));
    is_turned_away(&go(&origin, &upstream).await, 409, TAKEN);
    // The same subject of another provider is another person.
    let other = Upstream::start().await;
    other.set(claims(json!({"email": "other@example.com"})));
    let issuer = other.issuer();
    let more = [
        ("PORTCULLIS__OAUTH__IDP__ISSUER", issuer.as_str()),
        ("PORTCULLIS__OAUTH__IDP__CLIENT_ID", CLIENT),
        ("PORTCULLIS__OAUTH__IDP__CLIENT_SECRET", SECRET),
    ];
    let services = build(&origin.state, &more).await;
    let router = public(services.clone());
    let elsewhere = Origin { router, services, ..origin };
    let second = signed_in(&elsewhere, &go(&elsewhere, &other).await).await;
    assert_ne!(second["user"]["id"], first["user"]["id"]);
}

#[tokio::test]
async fn an_account_of_ones_own_needs_an_address_that_is_free() {
    let upstream = Upstream::start().await;
    let origin = origin_of(&upstream).await;
    upstream.set(claims(json!({"email": null, "email_verified": null})));
    is_refused(&origin, &go(&origin, &upstream).await, 403, "shared no e-mail address").await;
    upstream.set(claims(json!({"email": "no address"})));
    is_refused(&origin, &go(&origin, &upstream).await, 403, "shared no e-mail address").await;
    upstream.set(claims(json!({"email_verified": false, "name": "\u{7}<b>"})));
    let me = signed_in(&origin, &go(&origin, &upstream).await).await;
    assert_eq!((&me["user"]["email_verified"], &me["user"]["name"]), (&json!(false), &Value::Null));
    // There is no password to sign in with.
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    origin.post("/auth/login", body, &[]).await.expect(401, "credentials_invalid");
    origin.sql("accounts.db", "UPDATE account SET disabled = 1").await;
    is_turned_away(&go(&origin, &upstream).await, 403, "This account may not sign in here.");
}

/// Asks for a link as the button on the account page does.
pub(super) async fn ask(origin: &Origin, cookie: &str, headers: &[(&str, &str)]) -> Answer {
    let headers = [&[FORM, ("cookie", cookie)], headers].concat();
    origin.send(request("POST", "/auth/account/link", "provider=idp".into(), &headers)).await
}

async fn by_password(origin: &Origin, email: &str) -> (String, String) {
    let answer = origin.sign_in(email).await;
    (format!("__Host-at={}", answer.member("access_token")), answer.member("session_id"))
}

#[tokio::test]
async fn oid_03_cks_04_a_link_is_asked_for_on_our_own_page_by_whoever_is_signed_in() {
    let upstream = Upstream::start().await;
    let origin = origin_of(&upstream).await;
    let (ada, _) = by_password(&origin, "ada@example.com").await;
    let (eve, _) = by_password(&origin, "eve@example.com").await;
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
    ] {
        ask(&origin, &ada, headers).await.expect(403, "cross_site");
    }
    let nobody = ask(&origin, "a=b", &[OWN]).await;
    assert_eq!(nobody.header("location"), "/auth/login?return_to=%2Fauth%2Faccount");
    let get = origin.get("/auth/account/link?provider=idp", &[("cookie", &ada)]).await;
    get.expect(405, "method_not_allowed");
    let page = origin.get("/auth/account", &[("cookie", &ada)]).await;
    assert!(page.text.contains("action=\"/auth/account/link\""), "{}", page.text);

    let asked = ask(&origin, &ada, &[OWN]).await;
    assert_eq!(asked.status.as_u16(), 200, "{}", asked.text);
    let there = asked.header("refresh").strip_prefix("0;url=").unwrap().to_owned();
    let escaped = there.replace('&', "&amp;");
    assert!(asked.text.contains(&format!("href=\"{escaped}\"")), "{}", asked.text);
    let departed = departed(&asked, &there);
    departed.visit(&upstream);
    let with = |session: &str| format!("{}; {session}", departed.cookie);
    let link = async |session: &str| arrive(&origin, &with(session), &departed.brings()).await;
    // Somebody else is signed in by now.
    let answer = link(&eve).await;
    is_turned_away(&answer, 400, "This was not begun in this browser");
    assert!(answer.text.contains("href=\"/auth/account\""), "{}", answer.text);

    // Nor does a sign-in become a link, or a link a session.
    let asked = ask(&origin, &ada, &[OWN]).await;
    let departed = super::departed(&asked, asked.header("refresh").strip_prefix("0;url=").unwrap());
    departed.visit(&upstream);
    let answer = arrive(&origin, &format!("{}; {ada}", departed.cookie), &departed.brings()).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/auth/account"));
    assert_eq!(answer.cookies().len(), 1, "no session begins");
    let me = signed_in(&origin, &go(&origin, &upstream).await).await;
    assert_eq!(me["user"]["email"], "ada@example.com");
    // The address of a login that was linked by hand proves nothing.
    assert_eq!(me["user"]["email_verified"], false);

    // It is Ada's now.
    let asked = ask(&origin, &eve, &[OWN]).await;
    let departed = super::departed(&asked, asked.header("refresh").strip_prefix("0;url=").unwrap());
    departed.visit(&upstream);
    let answer = arrive(&origin, &format!("{}; {eve}", departed.cookie), &departed.brings()).await;
    is_turned_away(&answer, 409, "This login belongs to another account");
    // And she has no other there.
    upstream.set(claims(json!({"sub": "person-2"})));
    let asked = ask(&origin, &ada, &[OWN]).await;
    let departed = super::departed(&asked, asked.header("refresh").strip_prefix("0;url=").unwrap());
    departed.visit(&upstream);
    let answer = arrive(&origin, &format!("{}; {ada}", departed.cookie), &departed.brings()).await;
    is_turned_away(&answer, 409, "your account has another login there");
}

#[tokio::test]
async fn a_link_goes_but_never_the_last_way_in() {
    let upstream = Upstream::start().await;
    let origin = origin_of(&upstream).await;
    let answer = go(&origin, &upstream).await;
    let cookie = format!("__Host-at={}", answer.cookie("__Host-at"));
    let delete = async |path: &str, headers: &[(&str, &str)]| {
        let headers = [&[("cookie", cookie.as_str())], headers].concat();
        origin.send(request("DELETE", path, Body::empty(), &headers)).await
    };
    delete("/auth/oauth/idp", &[]).await.expect(403, "cross_site");
    delete("/auth/oauth/idp", &[OWN]).await.expect(409, "last_sign_in");
    delete("/auth/oauth/other", &[OWN]).await.expect(404, "not_found");
    let form = async |headers: &[(&str, &str)]| {
        let headers = [&[FORM, ("cookie", &cookie)], headers].concat();
        origin.send(request("POST", "/auth/account/unlink", "provider=idp".into(), &headers)).await
    };
    form(&[]).await.expect(403, "cross_site");
    is_turned_away(&form(&[OWN]).await, 409, "This is your only way to sign in.");
    // A login of a provider that is no longer configured is no way in.
    origin
        .sql(
            "accounts.db",
            "INSERT INTO identity SELECT 'https://gone.example', '1', id, 'gone', 1 FROM account",
        )
        .await;
    delete("/auth/oauth/idp", &[OWN]).await.expect(409, "last_sign_in");
    origin.sql("accounts.db", "UPDATE account SET password_hash = 'x'").await;
    assert_eq!(delete("/auth/oauth/idp", &[OWN]).await.status.as_u16(), 204);
    delete("/auth/oauth/idp", &[OWN]).await.expect(404, "not_found");
    let none = origin.send(request("DELETE", "/auth/oauth/idp", Body::empty(), &[])).await;
    none.expect(401, "token_missing");
    is_turned_away(&form(&[OWN]).await, 404, "There is no such provider here.");
}

/// The access cookie of a session that began so long ago, and its id.
async fn began(origin: &Origin, email: &str, ago: Duration) -> (String, SessionId) {
    let services = &origin.services;
    let accounts = &services.profiles.accounts;
    let account = accounts.by_email(&Email::parse(email).unwrap()).await.unwrap().unwrap();
    let now = services.clock.now();
    let then = (now.get() - ago.as_secs()) * 1000;
    let new = NewSession {
        sid: OsRandom.session_id(UnixMillis::new(then)),
        subject: account.id.clone(),
        jti: OsRandom.token_id(),
        device: Device::default(),
        remember: false,
        idle: Duration::from_hours(1),
        absolute: Duration::from_hours(1),
        jitter_permille: 0,
        access: None,
        most: 100,
        retain: TOKEN_DEAD_AFTER,
    };
    services.revocation.sessions.begin(&new).await.unwrap().unwrap();
    let claims = AccessClaims {
        iss: &services.issuer,
        aud: &services.audience,
        sub: &account.id,
        client_id: &services.client_id,
        iat: now,
        exp: now.plus(Duration::from_mins(5)),
        jti: OsRandom.token_id(),
        sid: new.sid,
        roles: &[],
        email_verified: false,
    };
    let access = services.signer.access(&claims).unwrap();
    (format!("__Host-at={}", access.expose()), new.sid)
}

#[tokio::test]
async fn cks_03_a_sign_in_elsewhere_ends_the_session_that_the_browser_had() {
    let upstream = Upstream::start().await;
    let origin = origin_of(&upstream).await;
    let before = origin.sign_in("eve@example.com").await;
    let bearer = before.bearer();
    // What another site begins signs nobody out.
    for (site, ended) in [("cross-site", false), ("same-site", false), ("same-origin", true)] {
        let answer = origin.get("/auth/oauth/idp", &[("sec-fetch-site", site)]).await;
        let departed = departed(&answer, answer.header("location"));
        departed.visit(&upstream);
        let cookies = format!("{}; __Host-rt={}", departed.cookie, before.member("refresh_token"));
        let answer = arrive(&origin, &cookies, &departed.brings()).await;
        assert_eq!(signed_in(&origin, &answer).await["user"]["email"], "ada@example.com");
        let me = origin.get("/auth/me", &[("authorization", &bearer)]).await;
        assert_eq!(me.status == StatusCode::UNAUTHORIZED, ended, "{site}: {}", me.text);
    }
}

#[tokio::test]
async fn a_link_wants_a_sign_in_of_a_moment_ago() {
    let upstream = Upstream::start().await;
    let origin = origin_of(&upstream).await;
    origin.sign_in("ada@example.com").await;
    let logins = async |cookie: &str| {
        let me = origin.get("/auth/me", &[("cookie", cookie)]).await.json();
        me["logins"].as_array().unwrap().len()
    };
    let (late, _) = began(&origin, "ada@example.com", Duration::from_mins(11)).await;
    let answer = ask(&origin, &late, &[OWN]).await;
    is_turned_away(&answer, 403, "sign in again first");
    let way = "href=\"/auth/login?return_to=%2Fauth%2Faccount&amp;afresh=true\"";
    assert!(answer.text.contains(way), "{}", answer.text);
    assert!(answer.cookies().is_empty() && answer.header("refresh").is_empty());

    // Whoever writes the attempt themselves gets no further.
    for (minutes, linked) in [(21, 0), (19, 1)] {
        let span = Duration::from_mins(minutes);
        let (cookie, sid) = began(&origin, "ada@example.com", span).await;
        let departed = depart(&origin, "/auth/oauth/idp").await;
        departed.visit(&upstream);
        let attempt = departed.cookie.replace(".browser.", &format!(".{sid}."));
        assert_ne!(attempt, departed.cookie);
        let answer = arrive(&origin, &format!("{attempt}; {cookie}"), &departed.brings()).await;
        if linked == 0 {
            is_turned_away(&answer, 403, "sign in again first");
        } else {
            assert_eq!(answer.header("location"), "/");
        }
        assert_eq!(logins(&cookie).await, linked, "after {minutes} minutes");
    }
}

#[tokio::test]
async fn a_link_outlives_the_access_token_and_not_the_session() {
    let upstream = Upstream::start().await;
    let origin = origin_of(&upstream).await;
    let answer = origin.sign_in("ada@example.com").await;
    let (access, refresh) = (answer.member("access_token"), answer.member("refresh_token"));
    let sid: SessionId = answer.member("session_id").parse().unwrap();
    let cookies = format!("__Host-at={access}; __Host-rt={refresh}");
    // Known to others is a session's id, by the headers that apps get; that links nothing.
    let (eve, _) = by_password(&origin, "eve@example.com").await;
    for (brought, status) in [
        (String::from("a=b"), 403),
        (eve, 400),
        (String::from("__Host-rt=x.y.z"), 403),
        // The browser has dropped the access cookie, whose time is over.
        (format!("__Host-rt={refresh}"), 303),
    ] {
        let asked = ask(&origin, &cookies, &[OWN]).await;
        let there = asked.header("refresh").strip_prefix("0;url=").unwrap();
        let departed = departed(&asked, there);
        departed.visit(&upstream);
        let cookies = format!("{}; {brought}", departed.cookie);
        let answer = arrive(&origin, &cookies, &departed.brings()).await;
        assert_eq!(answer.status.as_u16(), status, "{brought}: {}", answer.text);
        if status == 303 {
            let renewed = format!("__Host-at={}", answer.cookie("__Host-at"));
            let me = origin.get("/auth/me", &[("cookie", &renewed)]).await.json();
            assert_eq!(me["logins"][0]["provider"], "idp");
            assert_ne!(answer.cookie("__Host-rt"), refresh);
        }
    }

    let asked = ask(&origin, &cookies, &[OWN]).await;
    let there = asked.header("refresh").strip_prefix("0;url=").unwrap();
    let departed = departed(&asked, there);
    departed.visit(&upstream);
    let sessions = &origin.services.revocation.sessions;
    sessions.revoke(sid, RevokeReason::Logout, Duration::from_hours(1)).await.unwrap();
    let cookies = format!("{}; {cookies}", departed.cookie);
    let answer = arrive(&origin, &cookies, &departed.brings()).await;
    is_turned_away(&answer, 403, "sign in again first");
}

#[tokio::test]
async fn the_owner_hears_of_each_login_that_is_linked_or_unlinked() {
    let upstream = Upstream::start().await;
    let issuer = upstream.issuer();
    for (language, linked, unlinked) in [
        ("en", "by a login at The Provider", "The login at The Provider does not"),
        ("ko", "이제 The Provider 로그인으로", "The Provider 로그인으로는 더 이상"),
    ] {
        let post = Post::start(&settings(&issuer)).await;
        let origin = &post.origin;
        let (ada, _) = by_password(origin, "ada@example.com").await;
        let before = post.letter(0).await;
        assert!(before.contains("/auth/verify?token="), "{before}");
        let asked = ask(origin, &ada, &[OWN]).await;
        let there = asked.header("refresh").strip_prefix("0;url=").unwrap();
        let departed = departed(&asked, there);
        departed.visit(&upstream);
        let query = serde_urlencoded::to_string(departed.brings()).unwrap();
        let cookies = format!("{}; {ada}", departed.cookie);
        let headers = [("cookie", &*cookies), ("accept-language", language)];
        let path = format!("/auth/oauth/idp/callback?{query}");
        assert_eq!(origin.get(&path, &headers).await.header("location"), "/auth/account");
        let letter = post.letter(1).await;
        assert!(letter.contains("To: ada@example.com\n") && letter.contains(linked), "{letter}");
        assert!(letter.contains("http://localhost:8787/auth/account\n"), "{letter}");

        // To sign in by it is no news.
        assert_eq!(go(origin, &upstream).await.status.as_u16(), 303);
        let headers = [("cookie", &*ada), OWN, ("accept-language", language)];
        let gone = request("DELETE", "/auth/oauth/idp", Body::empty(), &headers);
        assert_eq!(origin.send(gone).await.status.as_u16(), 204);
        let letter = post.letter(2).await;
        assert!(letter.contains("To: ada@example.com\n") && letter.contains(unlinked), "{letter}");

        // An address that is proven on both sides links by itself, and is told of all the same.
        origin.sql("accounts.db", "UPDATE account SET email_verified = 1").await;
        let headers = [("accept-language", language)];
        let asked = depart(origin, "/auth/oauth/idp").await;
        asked.visit(&upstream);
        let query = serde_urlencoded::to_string(asked.brings()).unwrap();
        let path = format!("/auth/oauth/idp/callback?{query}");
        let headers = [headers[0], ("cookie", &*asked.cookie)];
        assert_eq!(origin.get(&path, &headers).await.status.as_u16(), 303);
        let letter = post.letter(3).await;
        assert!(letter.contains(linked), "{letter}");
    }
}
