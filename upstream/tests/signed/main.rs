//! Assertions and access tokens, signed by a library of their own.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test: what fails or is not there must fail loudly"
)]

#[cfg(feature = "fetch")]
mod fetched;
mod signer;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use axum::routing::any;
use portcullis_upstream::{Identity, Trust, Verifier};
use serde_json::{Value, json};
use signer::{AUDIENCE, ISSUER, JTI, SID, Signer};
use tower::ServiceExt as _;

async fn told(identity: Option<Identity>, headers: HeaderMap) -> String {
    // Whatever the headers say, these modes do not hand it on.
    let forgeable = headers.keys().filter(|name| name.as_str().starts_with("x-auth-")).count();
    let name = identity.map_or("nobody".into(), |identity| {
        assert_eq!(identity.session.map(|sid| sid.to_string()).as_deref(), Some(SID));
        assert_eq!(identity.token_id.map(|jti| jti.to_string()).as_deref(), Some(JTI));
        assert!(identity.email_verified && identity.has_role("user"));
        identity.subject
    });
    format!("{name} {forgeable}")
}

/// The status, and the body or the problem's code.
async fn ask(trust: &Trust, method: &str, target: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let inner = Router::new().route("/deep/{*rest}", any(told)).layer(trust.clone());
    let app = Router::new()
        .nest("/nested", inner)
        .merge(Router::new().route("/{*rest}", any(told)).layer(trust.clone()));
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 64 * 1024).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let problem: Value = serde_json::from_str(&body).unwrap_or_default();
    (status, problem["code"].as_str().map_or(body, String::from))
}

#[tokio::test]
async fn hdr_09_an_assertion_counts_for_its_own_request_alone() {
    let edge = Signer::new(1);
    let trust = Trust::assertions(&edge.public(), AUDIENCE).unwrap();
    let good = edge.assertion("GET", "/orders/7?notify=1", 0);
    let forged = [("x-auth-assertion", good.as_str()), ("x-auth-subject", "mallory")];
    assert_eq!(ask(&trust, "GET", "/orders/7?notify=1", &forged).await, (200, "alice 0".into()));
    for (method, target) in [
        ("POST", "/orders/7?notify=1"),
        ("HEAD", "/orders/7?notify=1"),
        ("GET", "/orders/8?notify=1"),
        ("GET", "/orders/7"),
        ("GET", "/orders/7?notify=2"),
        ("GET", "/orders/%37?notify=1"),
    ] {
        let (status, _) = ask(&trust, method, target, &[("x-auth-assertion", &good)]).await;
        assert_eq!(status, 401, "{method} {target}");
    }
    for (age, answer) in [(20, (200, "alice 0")), (60, (401, "token_expired"))] {
        let aged = edge.assertion("GET", "/x", age);
        let found = ask(&trust, "GET", "/x", &[("x-auth-assertion", &aged)]).await;
        assert_eq!(found, (answer.0, answer.1.into()));
    }
    // Inside a nested router the path is shorter, but the request is the same.
    let nested = edge.assertion("GET", "/nested/deep/x?y", 0);
    let found = ask(&trust, "GET", "/nested/deep/x?y", &[("x-auth-assertion", &nested)]).await;
    assert_eq!(found, (200, "alice 0".into()));
}

#[tokio::test]
async fn what_the_edge_did_not_sign_is_refused() {
    let edge = Signer::new(1);
    let trust = Trust::assertions(&edge.public(), AUDIENCE).unwrap();
    let forged = Signer::new(2).assertion("GET", "/x", 0);
    let found = ask(&trust, "GET", "/x", &[("x-auth-assertion", &forged)]).await;
    assert_eq!(found, (401, "token_invalid".into()));
    let good = edge.assertion("GET", "/x", 0);
    let twice = [("x-auth-assertion", good.as_str()), ("x-auth-assertion", &good)];
    assert_eq!(ask(&trust, "GET", "/x", &twice).await.0, 400);
    // Headers alone say nothing here.
    let headers = [("x-auth-subject", "mallory"), ("x_auth_roles", "admin")];
    assert_eq!(ask(&trust, "GET", "/x", &headers).await, (200, "nobody 0".into()));
    let other_app = Trust::assertions(&edge.public(), "another-app").unwrap();
    assert_eq!(ask(&other_app, "GET", "/x", &[("x-auth-assertion", &good)]).await.0, 401);
}

#[tokio::test]
async fn an_access_token_is_read_as_the_edge_reads_it() {
    let issuer = Signer::new(3);
    let jwks = json!({"keys": [issuer.jwk("one")]}).to_string();
    let verifier = Verifier::with_keys(ISSUER, AUDIENCE, &jwks).unwrap();
    let trust = Trust::tokens(verifier);
    let bearer = |token: &str| format!("Bearer {token}");
    let good = bearer(&issuer.token("one", 0));
    let headers = [("authorization", good.as_str()), ("x-auth-subject", "mallory")];
    assert_eq!(ask(&trust, "GET", "/x", &headers).await, (200, "alice 0".into()));
    assert_eq!(ask(&trust, "GET", "/x", &headers[1..]).await, (200, "nobody 0".into()));
    let edge = Signer::new(1);
    for (authorization, status, code) in [
        (bearer(&issuer.token("one", 700)), 401, "token_expired"),
        (bearer(&issuer.token("two", 0)), 401, "token_invalid"),
        (bearer(&edge.token("one", 0)), 401, "token_invalid"),
        (bearer(&issuer.assertion("GET", "/x", 0)), 401, "token_invalid"),
        (format!("{good}, {good}"), 400, "credentials_ambiguous"),
        ("Bearer".into(), 401, "token_invalid"),
        ("Bearer x.y.z".into(), 401, "token_invalid"),
    ] {
        let found = ask(&trust, "GET", "/x", &[("authorization", &authorization)]).await;
        assert_eq!(found, (status, code.into()), "{authorization}");
    }
    let basic = [("authorization", "Basic dTpw")];
    assert_eq!(ask(&trust, "GET", "/x", &basic).await, (200, "nobody 0".into()));
}

#[tokio::test]
async fn keys_that_cannot_be_trusted_are_not_taken() {
    for (jwks, words) in [
        ("", "JWK Set"),
        ("[]", "JWK Set"),
        (r#"{"keys":[{"kty":"oct","k":"AAAA","kid":"a"}]}"#, "secret"),
    ] {
        let error = Verifier::with_keys(ISSUER, AUDIENCE, jwks).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    let error = Trust::assertions("no key", AUDIENCE).unwrap_err();
    assert!(error.to_string().contains("origin keys assertion"), "{error}");
}
