//! CKS-01, CKS-02, CKS-04 to CKS-07 at the edge: our cookies, what others make of them, and who may
//! use them.

use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use e2e::{Client, Outcome, raw, secrets};
use reqwest::Method;
use serde_json::json;
use xtask::stack::Served;

use crate::front::Front;

/// The attributes that each of our cookies has, when it is set and when it is cleared.
const ATTRIBUTES: [&str; 4] = ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"];

pub(crate) async fn tell() -> Outcome {
    let mut front = Front::start(None).await?;
    let (email, password) = front.fleet.somebody().await?;
    let edge = front.fleet.edge(0)?;
    let (access, refresh) = attributes(&edge, &email, &password).await?;
    tossing(&front, &access, &refresh).await?;
    twins(&front, &access).await?;
    scope(&front, &access, &refresh).await?;
    let (other, renewable) = attributes(&edge, &email, &password).await?;
    planting(&front, &other, &renewable).await?;
    provenance(&front, &access, &refresh).await?;
    logout(&front, &access, &refresh).await?;
    let (_, waiting) = attributes(&edge, &email, &password).await?;
    late(&mut front, &waiting).await?;
    front.fleet.end().await
}

/// CKS-01, CKS-08: as they are set by a sign-in.
async fn attributes(edge: &Client, email: &str, password: &str) -> Outcome<(String, String)> {
    let body = json!({"email": email, "password": password, "remember": true});
    let request = edge.request(Method::POST, "/auth/login").json(&body);
    let answer = edge.send(request.header("sec-fetch-site", "same-origin")).await?.expect(200)?;
    assert!(answer.text("refresh_token").is_none(), "CKS-08: the refresh token is in the body");
    let mut values = Vec::new();
    for name in ["__Host-at", "__Host-rt"] {
        let set: Vec<&str> = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .filter(|value| value.starts_with(&format!("{name}=")))
            .collect();
        let [set] = set.as_slice() else { return Err(format!("{name} was set {set:?}").into()) };
        well_formed(set);
        let value = set.split(['=', ';']).nth(1).unwrap_or_default();
        secrets::used(value);
        values.push(value.to_owned());
    }
    Ok((values[0].clone(), values[1].clone()))
}

fn well_formed(set: &str) {
    let mut parts = set.split("; ");
    assert!(parts.next().is_some_and(|pair| pair.starts_with("__Host-")), "no prefix");
    let attributes: Vec<&str> = parts.collect();
    for wanted in ATTRIBUTES {
        assert!(attributes.contains(&wanted), "without {wanted}: {attributes:?}");
    }
    let domain = attributes.iter().any(|attribute| attribute.to_lowercase().starts_with("domain"));
    assert!(!domain, "a __Host- cookie has no domain: {attributes:?}");
    assert!(set.len() <= 4096, "{} bytes", set.len());
}

/// The cookies that an answer sets.
fn set(answer: &raw::RawAnswer) -> Vec<String> {
    let lines = answer.text.lines().filter_map(|line| line.split_once(": "));
    let lines = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    lines.map(|(_, value)| value.to_owned()).collect()
}

fn is_cleared(cookie: &str) {
    well_formed(cookie);
    assert!(cookie.contains("=; ") && cookie.contains("Max-Age=0"), "{cookie}");
}

/// CKS-02: whoever has two cookies of one name gets rid of both, wherever the browser keeps them, and can
/// sign in again.
async fn twins(front: &Front, access: &str) -> Outcome {
    let twins = format!("cookie: __Host-at=x; __Host-at={access}\r\n");
    for target in ["/orders", "/auth/login", "/auth/me"] {
        let answer = raw::get(front.port(), target, &twins).await?;
        assert_eq!(answer.status, Some(400), "{target}: {}", answer.text);
        let cleared = set(&answer);
        cleared.iter().map(String::as_str).for_each(is_cleared);
        let apart = cleared.iter().filter(|cookie| cookie.ends_with("; Partitioned")).count();
        assert_eq!((cleared.len(), apart), (4, 2), "{target}: {cleared:?}");
    }
    // Two headers are nobody's cookies.
    let bearers = format!("authorization: Bearer {access}\r\nauthorization: Bearer x\r\n");
    let answer = raw::get(front.port(), "/orders", &bearers).await?;
    assert_eq!((answer.status, set(&answer).len()), (Some(400), 0), "{}", answer.text);
    assert!(front.app.take().is_empty());
    Ok(())
}

/// An answer that takes its time brings no cookies: the browser may have newer ones by then. Where it has
/// not, those that it has are good for a refresh.
async fn late(front: &mut Front, refresh: &str) -> Outcome {
    let slow = |Path(millis): Path<u64>| async move {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    };
    let app = Served::start("slow", 0, Router::new().route("/after/{millis}", get(slow)))?;
    let vars = [("APP_URL", json!(format!("http://127.0.0.1:{}", app.port())))];
    let edge = front.fleet.edge_with(0, "slow", &vars).await?;
    for (path, brought) in [("/after/21000", 0), ("/after/0", 2)] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost:{}\r\nsec-fetch-site: same-origin\r\n\
             cookie: __Host-rt={refresh}\r\nconnection: close\r\n\r\n",
            edge.port()
        );
        let patience = Duration::from_mins(1);
        let answer = raw::send_for(edge.port(), request.as_bytes(), patience).await?;
        assert_eq!(answer.status, Some(200), "{path}: {}", answer.text);
        assert_eq!(set(&answer).len(), brought, "{path}: {}", answer.text);
    }
    Ok(())
}

/// CKS-02: cookies that somebody else put there under a name like ours.
async fn tossing(front: &Front, access: &str, refresh: &str) -> Outcome {
    for (header, status) in [
        (format!("__Host-at={access}"), 200),
        (format!("a=b; __Host-at={access}; c=d"), 200),
        (format!("__host-at=x; __Host-at={access}"), 200),
        (format!("__Host-at=x; __Host-at={access}"), 400),
        (format!("__Host-at={access}; __Host-at={access}"), 400),
        (format!("__Host-rt=x; __Host-rt={refresh}; __Host-at={access}"), 400),
        (format!("__Host-at=x\r\ncookie: __Host-at={access}"), 400),
        (format!("__host-at={access}"), 401),
        (format!("\u{2000}__Host-at={access}"), 401),
        (format!("\u{a0}__Host-at={access}"), 401),
        (format!("=__Host-at={access}"), 401),
        (format!("x=__Host-at={access}"), 401),
        (format!("$Version=1; $Path=/; \"__Host-at\"={access}"), 401),
        (format!("x=\"; __Host-at={access}; y=\""), 200),
        (format!("$Version=1; __Host-at=\"{access}\""), 401),
        (format!("__Host-at={access},__Host-at=x"), 401),
        (format!("__Host%2Dat={access}"), 401),
        // Spaces and tabs around a name are no part of it (RFC 6265bis §5.6).
        (format!("__Host-at ={access}"), 200),
        (format!("__Host-at=\t{access}"), 200),
        ("__Host-at=".into(), 401),
    ] {
        let answer = raw::get(front.port(), "/orders", &format!("cookie: {header}\r\n")).await?;
        let told = header.replace(access, "ACCESS").replace(refresh, "REFRESH");
        // What is no cookie at all may be refused as ambiguous too; only good ones may pass.
        let fits = answer.status == Some(status) || (status == 401 && answer.status == Some(400));
        assert!(fits, "{told:?}: expected {status}: {}", answer.text);
        let reached = front.app.take();
        assert_eq!(reached.len(), usize::from(status == 200), "{told:?}");
    }
    Ok(())
}

/// CKS-07, HDR-11: the app sees its own cookies, never ours.
async fn scope(front: &Front, access: &str, refresh: &str) -> Outcome {
    for target in ["/orders", "/public/x"] {
        let cookies =
            format!("cookie: theme=dark; __Host-rt={refresh}; __Host-at={access}; b=c\r\n");
        raw::get(front.port(), target, &cookies).await?;
        let reached = front.app.take();
        assert_eq!(reached.len(), 1, "{target}");
        assert_eq!(reached[0].values("cookie"), ["theme=dark; b=c"], "{target}");
        let all = reached[0].headers.join("\n");
        assert!(!all.contains(refresh) && !all.contains(access), "{target}: the app saw a token");
    }
    Ok(())
}

/// CKS-03: an app that was talked into it plants no session, and its own cookies reach the browser.
async fn planting(front: &Front, access: &str, refresh: &str) -> Outcome {
    let planted = [
        "__Host-at=x; Path=/; Secure",
        "__Host-rt=x; Path=/; Secure; HttpOnly",
        " \t__Host-at = x; Path=/; Secure",
        "__Host-at-sign-in=x; Path=/; Secure",
        "__Host-rt; Path=/; Secure",
        "=__Host-at=x; Path=/; Secure",
        "= =__Host-rt=x; Path=/; Secure",
        "__Host-login-tries=9; Path=/; Secure",
    ];
    let own = [
        "theme=dark; Path=/",
        "theme=dark; Path=/x",
        "x__Host-at=1, 2",
        "at=__Host-at=x",
        "__Host-a=1",
    ];
    let lines =
        |all: &[&str]| all.iter().map(|one| ["\r\nset-cookie: ", one].concat()).collect::<String>();
    let (first, last) = own.split_at(2);
    let head = format!("HTTP/1.1 200 OK{}{}{}", lines(first), lines(&planted), lines(last));
    for path in ["/planting", "/public/planting"] {
        front.app.answer(path, &head, "");
        let cookies = format!("cookie: __Host-at={access}; __Host-rt={refresh}\r\n");
        assert_eq!(set(&raw::get(front.port(), path, &cookies).await?), own, "{path}");
    }
    // Those that the gate sets itself stand.
    let cookies = format!("sec-fetch-site: same-origin\r\ncookie: __Host-rt={refresh}\r\n");
    let renewed = set(&raw::get(front.port(), "/planting", &cookies).await?);
    assert_eq!(renewed.len(), own.len() + 2, "{renewed:?}");
    assert!(renewed.iter().all(|cookie| !cookie.contains("=x; ")), "{renewed:?}");
    drop(front.app.take());
    Ok(())
}

/// CKS-04, CKS-05: what changes state by cookie alone comes from our own pages.
async fn provenance(front: &Front, access: &str, refresh: &str) -> Outcome {
    let own = format!("http://localhost:{}", front.port());
    let cookies = format!("cookie: __Host-at={access}; __Host-rt={refresh}\r\n");
    let kinds = [
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data",
        "application/json",
    ];
    for (said, ours) in [
        (String::new(), false),
        ("origin: null\r\n".into(), false),
        ("origin: https://evil.example\r\n".into(), false),
        (format!("origin: {own}.evil.example\r\n"), false),
        (format!("origin: {own}1\r\n"), false),
        ("origin: http://localhost\r\n".into(), false),
        (format!("origin: https://localhost:{}\r\n", front.port()), false),
        (format!("origin: {own}/\r\n"), false),
        ("sec-fetch-site: cross-site\r\n".into(), false),
        ("sec-fetch-site: same-site\r\n".into(), false),
        ("sec-fetch-site: none\r\n".into(), false),
        (format!("sec-fetch-site: cross-site\r\norigin: {own}\r\n"), false),
        ("sec-fetch-site: same-origin\r\nsec-fetch-site: cross-site\r\n".into(), false),
        (format!("referer: {own}/page\r\n"), false),
        ("sec-fetch-site: same-origin\r\n".into(), true),
        (format!("origin: {own}\r\n"), true),
    ] {
        for (method, target, kind) in ["POST", "PUT", "PATCH", "DELETE"]
            .map(|method| (method, "/orders", kinds[0]))
            .into_iter()
            .chain(kinds.map(|kind| ("POST", "/orders", kind)))
        {
            let request = format!(
                "{method} {target} HTTP/1.1\r\nhost: localhost:{}\r\n{cookies}{said}\
                 content-type: {kind}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}",
                front.port()
            );
            let answer = raw::send(front.port(), request.as_bytes()).await?;
            let what = format!("{method} {target} {kind} {said:?}: {}", answer.text);
            assert_eq!(front.app.take().len(), usize::from(ours), "{what}");
            assert_eq!(answer.status, Some(if ours { 200 } else { 403 }), "{what}");
        }
        if ours {
            continue;
        }
        // The origin's own paths are held back in the same way, so nobody is signed out by a stranger.
        for target in ["/auth/refresh", "/auth/logout", "/auth/logout-all"] {
            let request = format!(
                "POST {target} HTTP/1.1\r\nhost: localhost:{}\r\n{cookies}{said}\
                 content-type: text/plain\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                front.port()
            );
            let answer = raw::send(front.port(), request.as_bytes()).await?;
            assert_eq!(answer.status, Some(403), "{target} {said:?}: {}", answer.text);
        }
    }
    for target in ["/auth/refresh", "/auth/logout", "/auth/logout-all"] {
        let answer = raw::get(front.port(), target, &cookies).await?;
        assert_eq!(answer.status, Some(405), "GET {target}: {}", answer.text);
    }
    Ok(())
}

/// CKS-06: by the same attributes, more than once, with an access token that is none.
async fn logout(front: &Front, access: &str, refresh: &str) -> Outcome {
    for access in [access, access, "none"] {
        let request = format!(
            "POST /auth/logout HTTP/1.1\r\nhost: localhost:{}\r\nsec-fetch-site: same-origin\r\n\
             cookie: __Host-at={access}; __Host-rt={refresh}\r\ncontent-length: 0\r\n\
             connection: close\r\n\r\n",
            front.port()
        );
        let answer = raw::send(front.port(), request.as_bytes()).await?;
        assert_eq!(answer.status, Some(204), "{}", answer.text);
        assert!(!answer.header("clear-site-data").is_empty(), "{}", answer.text);
        let cleared = set(&answer);
        assert_eq!(cleared.len(), 2, "{cleared:?}");
        cleared.iter().map(String::as_str).for_each(is_cleared);
    }
    let answer =
        raw::get(front.port(), "/orders", &format!("cookie: __Host-at={access}\r\n")).await?;
    assert_eq!(answer.status, Some(401), "{}", answer.text);
    assert!(front.app.take().is_empty());
    Ok(())
}
