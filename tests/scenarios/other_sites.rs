//! BRR-08: what scripts of other sites may read, by the rule's word and not by the app's.

use e2e::{Outcome, raw};
use serde_json::json;

use crate::front::Front;

const SHOP: &str = "https://shop.example";
const ALLOW: &str = "access-control-allow-origin";

pub(crate) async fn tell() -> Outcome {
    let rules = json!([
        {"path": "/public/*", "require": "public"},
        {"path": "/api/*", "require": "signed-in", "cors": {"origins": [SHOP], "headers": ["authorization"]}},
    ]);
    let front = Front::start(Some(rules)).await?;
    preflights(&front).await?;
    answers(&front).await?;
    front.fleet.end().await
}

/// Answered here: the app is not asked, and nobody is signed in for one.
async fn preflights(front: &Front) -> Outcome {
    for (target, origin, status, allowed) in [
        ("/api/x", SHOP, 204, SHOP),
        ("/api/x", "https://evil.example", 403, ""),
        ("/api/x", "null", 403, ""),
        ("/api/x", "https://shop.example.evil.example", 403, ""),
        ("/account", SHOP, 403, ""),
    ] {
        let request = format!(
            "OPTIONS {target} HTTP/1.1\r\nhost: localhost\r\norigin: {origin}\r\n\
             access-control-request-method: GET\r\naccess-control-request-headers: authorization\r\n\
             connection: close\r\n\r\n"
        );
        let answer = raw::send(front.port(), request.as_bytes()).await?;
        assert_eq!(answer.status, Some(status), "{target} {origin}: {}", answer.text);
        assert_eq!(answer.header(ALLOW), allowed, "{target} {origin}: {}", answer.text);
        assert!(front.app.take().is_empty(), "{target} {origin}: the app was asked");
    }
    Ok(())
}

/// An app that lets everybody read everything is overruled wherever somebody must be signed in.
async fn answers(front: &Front) -> Outcome {
    let token = format!("authorization: Bearer {}\r\n", front.token);
    for (target, origin, credential, status, allowed) in [
        ("/api/x", SHOP, token.as_str(), 200, SHOP),
        ("/api/x", SHOP, "", 401, SHOP),
        ("/api/x", "https://evil.example", token.as_str(), 200, ""),
        ("/account", "https://evil.example", token.as_str(), 200, ""),
        ("/account", SHOP, "", 401, ""),
        ("/public/x", "https://evil.example", "", 200, "https://evil.example"),
    ] {
        let head = format!(
            "HTTP/1.1 200 OK\r\n{ALLOW}: {origin}\r\naccess-control-allow-credentials: true"
        );
        front.app.answer(target, &head, "");
        let answer =
            raw::get(front.port(), target, &format!("origin: {origin}\r\n{credential}")).await?;
        assert_eq!(answer.status, Some(status), "{target} {origin}: {}", answer.text);
        assert_eq!(answer.header(ALLOW), allowed, "{target} {origin}: {}", answer.text);
        drop(front.app.take());
    }
    Ok(())
}
