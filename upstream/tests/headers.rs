//! What the headers say, and what is not believed.
#![expect(clippy::unwrap_used, reason = "a test: what fails must fail loudly")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use axum::routing::get;
use portcullis_upstream::{Identity, Refusal, Trust};
use tower::ServiceExt as _;

const SID: &str = "01931c7e-9a00-7000-8000-00000000000a";
const JTI: &str = "0b5b1f0c-5b0e-4c5e-9a83-0f0b8c8f0c11";

/// As the edge sets them.
const GOOD: [(&str, &str); 6] = [
    ("x-auth-subject", "alice"),
    ("x-auth-session", SID),
    ("x-auth-token-id", JTI),
    ("x-auth-roles", "user,admin"),
    ("x-auth-email-verified", "true"),
    ("x-auth-expires", "1800000000"),
];

async fn told(identity: Identity) -> String {
    let Identity { subject, session, token_id, roles, email_verified, expires } = identity;
    let id = |id: Option<String>| id.unwrap_or_default();
    let (session, token) =
        (id(session.map(|s| s.to_string())), id(token_id.map(|t| t.to_string())));
    format!("{subject} {session} {token} {} {email_verified} {expires}", roles.join("+"))
}

async fn perhaps(identity: Option<Identity>) -> String {
    identity.map_or("nobody".into(), |identity| identity.subject)
}

async fn admins(identity: Identity) -> Result<&'static str, Refusal> {
    identity.require_role("admin")?;
    Ok("welcome")
}

async fn ask(path: &str, headers: &[(&str, &str)]) -> (Response<()>, String) {
    let app = Router::new()
        .route("/me", get(told))
        .route("/", get(perhaps))
        .route("/admin", get(admins))
        .layer(Trust::headers())
        .route("/forgotten", get(told));
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 64 * 1024).await.unwrap();
    (Response::from_parts(parts, ()), String::from_utf8(body.to_vec()).unwrap())
}

fn with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    let others = GOOD.into_iter().filter(|(other, _)| *other != name);
    others.chain([(name, value)]).collect()
}

fn without(name: &str) -> Vec<(&'static str, &'static str)> {
    GOOD.into_iter().filter(|(other, _)| *other != name).collect()
}

#[tokio::test]
async fn what_the_edge_says_is_what_the_handler_gets() {
    let (response, body) = ask("/me", &GOOD).await;
    assert_eq!(response.status(), 200, "{body}");
    assert_eq!(body, format!("alice {SID} {JTI} user+admin true 1800000000"));
    // Another issuer's user: no session, no id of the token, no role.
    let foreign = [
        ("x-auth-subject", "https://id.example/|a%20b"),
        ("x-auth-roles", ""),
        ("x-auth-email-verified", "false"),
        ("x-auth-expires", "1800000000"),
    ];
    let (_, body) = ask("/me", &foreign).await;
    assert_eq!(body, "https://id.example/|a%20b    false 1800000000");
    // A later edge may say more.
    let (response, _) = ask("/me", &[&GOOD[..], &[("x-auth-device", "phone")]].concat()).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn nobody_is_refused_where_somebody_is_asked_for() {
    let (response, body) = ask("/me", &[]).await;
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["www-authenticate"], r#"Bearer realm="portcullis""#);
    assert!(body.contains(r#""code":"token_missing""#), "{body}");
    assert_eq!(ask("/", &[]).await.1, "nobody");
    assert_eq!(ask("/", &GOOD).await.1, "alice");
}

#[tokio::test]
async fn a_role_is_a_whole_word() {
    assert_eq!(ask("/admin", &GOOD).await.1, "welcome");
    for roles in ["", "user", "administrator", "Admin", "admin:read"] {
        let (response, body) = ask("/admin", &with("x-auth-roles", roles)).await;
        assert_eq!(response.status(), 403, "{roles}");
        assert!(body.contains(r#""code":"role_required""#), "{body}");
    }
}

#[tokio::test]
async fn a_route_that_the_layer_does_not_cover_lets_nobody_in() {
    let (response, body) = ask("/forgotten", &GOOD).await;
    assert_eq!(response.status(), 500);
    assert!(body.contains("Trust layer"), "{body}");
}

#[tokio::test]
async fn hdr_01_02_03_what_the_edge_never_sends_is_refused() {
    let double = |name: &'static str, value| [&GOOD[..], &[(name, value)]].concat();
    for headers in [
        double("x-auth-subject", "mallory"),
        double("x-auth-subject", "alice"),
        double("x-auth-roles", "root"),
        double("x_auth_subject", "mallory"),
        double("x-auth_roles", "root"),
        double("x_auth-roles", "root"),
        double("x-portcullis-edge", "secret"),
        double("x_portcullis_client_ip", "1.2.3.4"),
        without("x-auth-subject"),
        without("x-auth-roles"),
        without("x-auth-email-verified"),
        without("x-auth-expires"),
        with("x-auth-subject", ""),
        with("x-auth-subject", "a b"),
        with("x-auth-subject", "alice, mallory"),
        with("x-auth-session", "1"),
        with("x-auth-session", "01931C7E-9A00-7000-8000-00000000000A"),
        with("x-auth-token-id", ""),
        with("x-auth-roles", "user,,admin"),
        with("x-auth-roles", "user, admin"),
        with("x-auth-roles", ","),
        with("x-auth-email-verified", "1"),
        with("x-auth-email-verified", "True"),
        with("x-auth-expires", ""),
        with("x-auth-expires", "-1"),
        with("x-auth-expires", "+1800000000"),
        with("x-auth-expires", "1e9"),
        vec![("x-auth-roles", "admin")],
        vec![("x_auth_subject", "mallory")],
        vec![("x.auth.subject", "mallory")],
    ] {
        for path in ["/me", "/"] {
            let (response, body) = ask(path, &headers).await;
            assert_eq!(response.status(), 400, "{path} {headers:?}: {body}");
            assert!(body.contains("through the edge"), "{body}");
            assert!(!body.contains("mallory"), "{body}");
        }
    }
}
