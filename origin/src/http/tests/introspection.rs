//! The endpoints of OAuth's own: revocation (RFC 7009), introspection (RFC 7662), and the one that
//! does not exist.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

const SECRET: &str = "a service's secret: 0123456789";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn with_client() -> Origin {
    let digest = digest(&SHA256, SECRET.as_bytes());
    let hex = digest.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    Origin::with(&[("PORTCULLIS__CLIENTS__ORDERS", &format!("sha256:{hex}"))]).await
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

impl Origin {
    async fn revoke(&self, body: &str, headers: &[(&str, &str)]) -> Answer {
        let headers = [&[FORM], headers].concat();
        self.send(request("POST", "/auth/revoke", Body::from(String::from(body)), &headers)).await
    }

    async fn introspect(&self, token: &str) -> Answer {
        let headers = [FORM, ("authorization", &basic("orders", SECRET))];
        let body = Body::from(format!("token={token}&token_type_hint=access_token"));
        self.send(request("POST", "/auth/introspect", body, &headers)).await
    }

    async fn is_active(&self, token: &str) -> bool {
        let answer = self.introspect(token).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let active = answer.json()["active"].as_bool().unwrap();
        // RFC 7662 §2.2: and nothing else.
        assert!(active || answer.text == "{\"active\":false}", "{}", answer.text);
        active
    }
}

#[tokio::test]
async fn iss_01_whoever_has_a_token_may_have_it_revoked() {
    let origin = with_client().await;
    let session = origin.sign_in("a@b.co").await;
    let (access, refresh) = (session.member("access_token"), session.member("refresh_token"));
    let bearer = session.bearer();
    let me = [("authorization", bearer.as_str())];
    // What is no token of ours is as good as revoked (§2.2); a wrong hint is none (§2.1).
    for body in ["token=x", "token=", "token=x&token_type_hint=nonsense&other=1"] {
        let answer = origin.revoke(body, &[]).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (200, ""));
    }
    let foreign = origin.revoke(&format!("token={access}&client_id=other"), &[]).await;
    assert_eq!((foreign.status.as_u16(), &*foreign.member("error")), (400, "invalid_grant"));
    assert_eq!(origin.get("/auth/me", &me).await.status, StatusCode::OK);

    // An access token goes alone.
    let hint = "token_type_hint=refresh_token&client_id=portcullis";
    let client = basic("orders", SECRET);
    let answer =
        origin.revoke(&format!("token={access}&{hint}"), &[("authorization", &client)]).await;
    assert_eq!(answer.status, StatusCode::OK);
    origin.get("/auth/me", &me).await.expect(401, "token_revoked");
    let body = json!({ "refresh_token": refresh });
    let session = origin.post("/auth/refresh", body, &[]).await;
    assert_eq!(session.status, StatusCode::OK, "{}", session.text);
    // ISS-02: a refresh token takes all with it.
    let refresh = session.member("refresh_token");
    assert_eq!(origin.revoke(&format!("token={refresh}"), &[]).await.status, StatusCode::OK);
    let me = origin.get("/auth/me", &[("authorization", &session.bearer())]).await;
    me.expect(401, "token_revoked");
    let body = json!({ "refresh_token": refresh });
    origin.post("/auth/refresh", body, &[]).await.expect(401, "refresh_revoked");
    assert_eq!(origin.revoke(&format!("token={refresh}"), &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn iss_01_05_what_is_wrong_with_a_request_is_said_in_oauths_way() {
    let origin = with_client().await;
    for path in ["/auth/revoke", "/auth/introspect"] {
        origin.get(path, &[]).await.expect(405, "method_not_allowed");
        let client = basic("orders", SECRET);
        let known = ("authorization", client.as_str());
        let send = async |path: &str, body: &str, headers: &[(&str, &str)]| {
            origin.send(request("POST", path, Body::from(String::from(body)), headers)).await
        };
        for (target, body, headers) in [
            (path, "", &[FORM, known][..]),
            (path, "token_type_hint=x", &[FORM, known]),
            (path, "token=a&token=b", &[FORM, known]),
            (path, "{\"token\":\"a\"}", &[("content-type", "application/json"), known]),
            (path, "token=a", &[("content-type", "text/plain"), known]),
            (path, "token=a", &[known]),
            (&format!("{path}?token=a"), "token=a", &[FORM, known]),
        ] {
            let answer = send(target, body, headers).await;
            let error = (answer.status.as_u16(), answer.member("error"));
            assert_eq!(error, (400, String::from("invalid_request")), "{body} {headers:?}");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        let large = format!("token={}", "x".repeat(17 * 1024));
        send(path, &large, &[FORM, known]).await.expect(413, "body_too_large");
        for wrong in [
            basic("orders", "another"),
            basic("orders", ""),
            basic("other", SECRET),
            basic("", ""),
            format!("Bearer {SECRET}"),
            String::from("Basic"),
            String::from("Basic !"),
            format!("Basic {}", STANDARD.encode("orders")),
            format!("Basic {}", STANDARD.encode(b"orders:\xff")),
        ] {
            let answer = send(path, "token=a", &[FORM, ("authorization", &wrong)]).await;
            let error = (answer.status.as_u16(), answer.member("error"));
            assert_eq!(error, (401, String::from("invalid_client")), "{wrong}");
            assert!(answer.header("www-authenticate").starts_with("Basic realm="));
        }
        let twice = [FORM, known, known];
        assert_eq!(send(path, "token=a", &twice).await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn iss_03_only_a_token_that_is_good_now_is_active() {
    let origin = with_client().await;
    let unknown =
        origin.send(request("POST", "/auth/introspect", Body::from("token=a"), &[FORM])).await;
    assert_eq!((unknown.status.as_u16(), &*unknown.member("error")), (401, "invalid_client"));

    let session = origin.sign_in("a@b.co").await;
    let access = session.member("access_token");
    let good = origin.introspect(&access).await.json();
    let exp = good["exp"].as_u64().unwrap() - good["iat"].as_u64().unwrap();
    assert_eq!((&good["active"], exp), (&json!(true), 600), "{good}");
    let user = session.json();
    for (member, expected) in [
        ("sub", &user["user"]["id"]),
        ("sid", &user["session_id"]),
        ("token_type", &json!("Bearer")),
        ("client_id", &json!("portcullis")),
        ("aud", &json!("portcullis-app")),
        ("iss", &json!("http://localhost:8787")),
        ("roles", &json!([])),
    ] {
        assert_eq!(&good[member], expected, "{member}");
    }
    // Whatever is not: unknown, torn, for somebody else, of another kind.
    let elsewhere = Origin::with(&[("PORTCULLIS__TOKENS__AUDIENCE", "another-app")]).await;
    let foreign = elsewhere.sign_in("a@b.co").await.member("access_token");
    let refresh = session.member("refresh_token");
    for token in ["", "x", &access[1..], &access[..access.len() - 4], &foreign, &refresh] {
        assert!(!origin.is_active(token).await, "{token}");
    }
    // Of the same keys, for another audience.
    let setting = [("PORTCULLIS__TOKENS__AUDIENCE", "another-app")];
    let services = build(&origin.state, &setting).await;
    let body = json!({ "email": "a@b.co", "password": PASSWORD });
    let login = public(services).oneshot(post("/auth/login", body.to_string(), &[])).await.unwrap();
    let token = Answer::read(login).await.member("access_token");
    assert!(!origin.is_active(&token).await);
}

#[tokio::test]
async fn iss_03_a_revoked_token_and_a_closed_account_are_not_active() {
    let origin = with_client().await;
    let session = origin.sign_in("a@b.co").await;
    let access = session.member("access_token");
    assert!(origin.is_active(&access).await);
    origin.sql("accounts.db", "UPDATE account SET disabled = TRUE").await;
    assert!(!origin.is_active(&access).await);
    origin.sql("accounts.db", "UPDATE account SET disabled = FALSE").await;
    assert!(origin.is_active(&access).await);
    assert_eq!(origin.revoke(&format!("token={access}"), &[]).await.status, StatusCode::OK);
    assert!(!origin.is_active(&access).await);
    let other = origin.sign_in("a@b.co").await;
    let access = other.member("access_token");
    let headers = [("authorization", other.bearer())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = origin.send(request("POST", "/auth/logout", Body::empty(), &headers)).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(!origin.is_active(&access).await);
}

/// There is no token endpoint: tokens come from signing in, and nothing pretends otherwise.
#[tokio::test]
async fn iss_04_there_is_no_token_endpoint() {
    let origin = Origin::start().await;
    for path in ["/auth/token", "/token", "/oauth/token", "/auth/authorize"] {
        let body = Body::from("grant_type=client_credentials");
        origin.send(request("POST", path, body, &[FORM])).await.expect(404, "not_found");
        origin.get(path, &[]).await.expect(404, "not_found");
    }
}
