//! Requests that no honest client sends: bodies, paths, headers, cookies. Each gets the documented
//! answer, and the next honest request its own.

use std::collections::BTreeSet;

use e2e::{Outcome, World, raw};
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) async fn tell(world: &mut World) -> Outcome {
    bodies(world).await?;
    paths(world).await?;
    headers(world).await?;
    credentials(world).await?;
    methods(world).await?;
    let (email, password) = world.somebody().await?;
    let edge = world.edge()?;
    let access = edge.login(&email, &password).await?.access()?;
    edge.get("/still-alive", &access).await?.expect(200)?;
    Ok(())
}

/// PWD-12, ISS-10: what is not exactly the JSON that is asked for.
async fn bodies(world: &World) -> Outcome {
    let edge = world.edge()?;
    let json = "application/json";
    let deep = format!("{}1{}", "[".repeat(7000), "]".repeat(7000));
    let large = format!(r#"{{"email":"a@example.com","password":"{}"}}"#, "x".repeat(17 * 1024));
    for (kind, body, status, code) in [
        (json, "", 400, "request_invalid"),
        (json, "{", 400, "request_invalid"),
        (json, "null", 400, "request_invalid"),
        (json, "[]", 400, "request_invalid"),
        (json, "\u{feff}{}", 400, "request_invalid"),
        (json, r#"{"email":"a@example.com"}"#, 400, "request_invalid"),
        (json, r#"{"email":1,"password":"long enough"}"#, 400, "request_invalid"),
        (json, r#"{"email":"a@example.com","password":["long enough"]}"#, 400, "request_invalid"),
        (
            json,
            r#"{"email":"a@example.com","password":"long enough","is_admin":true}"#,
            400,
            "request_invalid",
        ),
        (
            json,
            r#"{"email":"a@example.com","password":"a","password":"long enough"}"#,
            400,
            "request_invalid",
        ),
        (json, &deep, 400, "request_invalid"),
        (json, &large, 413, "body_too_large"),
        (
            "text/plain",
            r#"{"email":"a@example.com","password":"x"}"#,
            415,
            "media_type_unsupported",
        ),
        ("application/x-www-form-urlencoded", "email=a", 403, "cross_site"),
    ] {
        for path in ["/auth/login", "/auth/register"] {
            let request = edge.request(Method::POST, path).header("content-type", kind);
            let answer = edge.send(request.body(body.to_owned())).await?;
            let start: String = body.chars().take(40).collect();
            answer
                .refused(status, code)
                .map_err(|error| format!("{path} with {kind} {start:?}: {error}"))?;
        }
    }
    edge.get_plain("/auth/nothing").await?.refused(404, "not_found")?;
    edge.get_plain("/auth/refresh").await?.refused(405, "method_not_allowed")?;
    Ok(())
}

/// PTH-01, PTH-02, PTH-03, PTH-04, PTH-11: by raw socket, since libraries repair paths.
/// A path as the platform shows it to the gate (WHATWG URL).
fn resolved(path: &str) -> Outcome<String> {
    Ok(reqwest::Url::parse("http://localhost")?
        .join(&format!("http://localhost{path}"))?
        .path()
        .into())
}

async fn paths(world: &World) -> Outcome {
    let port = world.stack.ports().edge;
    let file: Value =
        serde_json::from_str(include_str!("../../common/tests/vectors/path_cases.json"))?;
    let listed = file["cases"].as_array().cloned().unwrap_or_default();
    let mut targets: BTreeSet<String> =
        listed.iter().filter_map(|case| case["raw"].as_str().map(Into::into)).collect();
    assert!(targets.len() >= 15, "the list of paths is gone");
    for more in [
        "/%61dmin/x",
        "/admin%252f",
        "/public/..;/admin",
        "/public/%2e%2e%2fadmin",
        "/public/..%5cadmin",
        "/public/../admin",
        "/public/%2e%2e/admin",
        "/public/./x",
        "/public//x",
        "/public/%00",
        "/public/%zz",
        "/public/%",
        "/public/%c0%af",
        "/public/%ff",
        "/public;/../admin",
        "/public/x;y/../../admin",
        "/admin%20",
        "/admin%09",
        "/adm%0ain",
        "/admin/%2e",
        "/..//admin",
        "/publicity",
        "/public.json",
        "/public%2e",
        "/public/%252e%252e/admin",
        "/admin%23x",
        "/admin%3fx",
        "//admin",
        "/public/x%2fy",
    ] {
        targets.insert(more.into());
    }
    let (mut refused, mut passed) = (0, 0);
    for target in &targets {
        if target.chars().any(|c| c == ' ' || c.is_control()) {
            continue;
        }
        let answer = raw::get(port, target, "").await?;
        let told: Value = serde_json::from_str(answer.body()).unwrap_or_default();
        match answer.status {
            // What was decided on is what the app got. The platform resolves dot segments (WHATWG
            // URL) before the gate sees a path; nothing else may change on the way.
            Some(200) => {
                let (path, _) = target.split_once(['?', '#']).unwrap_or((target, ""));
                let got = told["path"].as_str().unwrap_or_default();
                let resolved = resolved(path)?;
                assert_eq!(got, resolved, "{target} came to the app as something else");
                assert!(got == "/" || got.starts_with("/public/") || got == "/public", "{target}");
                passed += 1;
            }
            Some(400 | 401 | 403 | 404) => refused += 1,
            status => return Err(format!("{target}: {status:?} {}", answer.body()).into()),
        }
        assert!(!answer.text.contains("\"path\":\"/admin"), "{target} reached /admin");
    }
    for target in ["http://other.example/admin", "*", "admin", "http://", "/\u{fffd}"] {
        let answer = raw::get(port, target, "").await?;
        let told: Value = serde_json::from_str(answer.body()).unwrap_or_default();
        // The server before the Worker may take what is no path for "/", which is public.
        assert!(answer.status != Some(200) || told["path"] == "/", "{target}: {}", answer.text);
    }
    println!("paths: {refused} refused, {passed} public ones passed unchanged");
    Ok(())
}

/// HDR-01 to HDR-03, HDR-05, HDR-06: nobody but the edge says who asks.
async fn headers(world: &mut World) -> Outcome {
    let (email, password) = world.somebody().await?;
    let (edge, port) = (world.edge()?, world.stack.ports().edge);
    let access = edge.login(&email, &password).await?.access()?;
    let names = [
        "x-auth-subject",
        "X-Auth-Roles",
        "x_auth_subject",
        "X_AUTH-Roles",
        "x-auth_session",
        "x-auth-token-id",
        "x-auth-anything",
        "x-portcullis-edge",
        "X-Portcullis-Client-Ip",
        "x_portcullis_client_geo",
    ];
    let mut lines = String::new();
    for name in names {
        for _ in 0..3 {
            lines += &format!("{name}: admin\r\n");
        }
    }
    lines +=
        "x-original-url: /admin/x\r\nx-rewrite-url: /admin/x\r\nx-http-method-override: DELETE\r\n";
    for (target, credential) in
        [("/public/x", String::new()), ("/orders", format!("authorization: Bearer {access}\r\n"))]
    {
        let answer = raw::get(port, target, &format!("{lines}{credential}")).await?;
        assert_eq!(answer.status, Some(200), "{}", answer.text);
        assert!(
            !answer.body().contains("\"admin\""),
            "a forged header went through: {}",
            answer.text
        );
        assert!(!answer.body().contains("[\"x-portcullis"), "{}", answer.text);
        assert!(!answer.body().contains("[\"x_portcullis"), "{}", answer.text);
        assert!(answer.body().contains(&format!("\"path\":\"{target}\"")));
        let identity = answer.body().matches("\"x-auth-").count();
        assert_eq!(identity, if target == "/orders" { 6 } else { 0 });
        assert!(!answer.body().to_lowercase().contains("x_auth"));
    }
    // As bold as can be: on the admin's path, with every header that could help.
    let answer = raw::get(port, "/admin/x", &lines).await?;
    assert_eq!(answer.status, Some(401), "{}", answer.text);
    // The edge's own proof, sent by a stranger.
    let body = json!({"ids": []});
    for client in [&edge, &world.origin()?] {
        let request = client.request(Method::POST, "/auth/edge/revoked").json(&body);
        let request = request.header("x-portcullis-edge", "0123456789abcdef0123456789abcdef");
        let answer = client.send(request).await?;
        assert!(matches!(answer.status, 403 | 404), "{}", answer.body);
    }
    Ok(())
}

/// BRR-03, BRR-04, BRR-05, BRR-09, CKS-02.
async fn credentials(world: &mut World) -> Outcome {
    let (email, password) = world.somebody().await?;
    let (edge, port) = (world.edge()?, world.stack.ports().edge);
    let token = edge.login(&email, &password).await?.access()?;
    for (headers, status, code) in [
        (
            format!("authorization: Bearer {token}\r\nauthorization: Bearer {token}\r\n"),
            400,
            "credentials_ambiguous",
        ),
        (format!("authorization: Bearer {token}, Bearer x\r\n"), 400, "credentials_ambiguous"),
        (format!("cookie: __Host-at={token}; __Host-at={token}\r\n"), 400, "credentials_ambiguous"),
        (
            format!("cookie: __Host-at={token}\r\ncookie: __Host-at=x\r\n"),
            400,
            "credentials_ambiguous",
        ),
        (format!("authorization: bearer {token}\r\n"), 200, ""),
        (format!("authorization: BEARER  {token}\r\n"), 200, ""),
        (format!("authorization: Bearer{token}\r\n"), 401, "token_missing"),
        ("authorization: Bearer\r\n".into(), 401, "token_invalid"),
        ("authorization: Basic dTpw\r\n".into(), 401, "token_missing"),
        (format!("cookie: __Host-at={token}\r\n"), 200, ""),
        (format!("cookie: __host-at={token}\r\n"), 401, "token_missing"),
        (format!("cookie: \"__Host-at={token}\"\r\n"), 401, "token_missing"),
        (format!("cookie: =__Host-at={token}\r\n"), 401, "token_missing"),
        (format!("authorization: Bearer x\r\ncookie: __Host-at={token}\r\n"), 401, "token_invalid"),
    ] {
        let answer = raw::get(port, "/orders", &headers).await?;
        let what = headers.replace(&token, "TOKEN");
        assert_eq!(answer.status, Some(status), "{what}: {}", answer.text);
        assert!(code.is_empty() || answer.body().contains(&format!("\"{code}\"")), "{what}");
    }
    edge.get_plain(&format!("/orders?access_token={token}"))
        .await?
        .refused(401, "token_missing")?;
    Ok(())
}

/// PTH-07, PTH-08.
async fn methods(world: &World) -> Outcome {
    let port = world.stack.ports().edge;
    for method in ["HEAD", "OPTIONS", "PROPFIND", "DELETE", "PATCH", "PUT", "POST"] {
        let request = format!(
            "{method} /orders HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let answer = raw::send(port, request.as_bytes()).await?;
        assert_eq!(answer.status, Some(401), "{method}: {}", answer.text);
    }
    for method in ["TRACE", "CONNECT", "get", "G\0T"] {
        let request =
            format!("{method} /orders HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = raw::send(port, request.as_bytes()).await?;
        // CONNECT and what is no method never come as far as the Worker: workerd answers 500.
        let refused = answer.status.is_none_or(|status| status >= 400);
        assert!(refused && !answer.body().contains("body_bytes"), "{method}: {}", answer.text);
    }
    Ok(())
}
