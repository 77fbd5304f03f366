//! Whose account a login opens, and linking one by hand.

use super::*;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");
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
    let elsewhere = Origin { router: public(services.clone()), services, state: origin.state };
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
async fn ask(origin: &Origin, cookie: &str, headers: &[(&str, &str)]) -> Answer {
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
