//! The main story: register, sign in, call the app, refresh, sign out, and be refused at once,
//! also by an edge that has never seen the sign-out.

use std::time::{Duration, Instant};

use e2e::wrangler::second_edge;
use e2e::{Answer, Client, Outcome, World};
use reqwest::Method;
use serde_json::json;

/// The bound of the design: from the answer of a logout to the last request that passes.
const BOUND: Duration = Duration::from_secs(10);

pub(crate) async fn tell(world: &mut World) -> Outcome {
    let second = second_edge(world.stack.state(), &[])?;
    second.first_answer("/orders", "none").await?.refused(401, "token_invalid")?;
    as_a_program(world, &second.client()?).await?;
    as_a_browser(world).await
}

async fn as_a_program(world: &mut World, elsewhere: &Client) -> Outcome {
    let (email, password) = world.somebody().await?;
    let edge = world.edge()?;

    let nobody = edge.get_plain("/orders").await?.refused(401, "token_missing")?;
    assert_eq!(nobody.header("www-authenticate"), r#"Bearer realm="portcullis""#);

    let signed_in = edge.login(&email, &password).await?;
    let access = signed_in.access()?;
    let call = edge.get("/orders?page=2", &access).await?.expect(200)?;
    the_app_sees_who_asks(&call, &signed_in);
    edge.get("/admin/x", &access).await?.refused(403, "role_required")?;
    edge.get("/strict/x", &access).await?.expect(200)?;

    let refreshed = edge.refresh(&signed_in.refresh()?).await?.expect(200)?;
    assert_ne!(refreshed.access()?, access);
    assert_ne!(refreshed.refresh()?, signed_in.refresh()?);
    assert_eq!(refreshed.text("session_id"), signed_in.text("session_id"));
    edge.get("/orders", &refreshed.access()?).await?.expect(200)?;
    elsewhere.get("/orders", &refreshed.access()?).await?.expect(200)?;

    let logout = edge.request(Method::POST, "/auth/logout").bearer_auth(refreshed.access()?);
    edge.send(logout).await?.expect(204)?;
    let ended = Instant::now();
    // The edge that carried the logout: at once. Every token of the session.
    for token in [&access, &refreshed.access()?] {
        let refusal = edge.get("/orders", token).await?.refused(401, "token_revoked")?;
        assert_eq!(
            refusal.header("www-authenticate"),
            r#"Bearer realm="portcullis", error="invalid_token", error_description="The access token was revoked""#
        );
    }
    edge.refresh(&refreshed.refresh()?).await?.refused(401, "refresh_revoked")?;

    while elsewhere.get("/orders", &refreshed.access()?).await?.status == 200 {
        assert!(ended.elapsed() < BOUND, "another edge still lets the session in");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    elsewhere.get("/orders", &refreshed.access()?).await?.refused(401, "token_revoked")?;
    Ok(())
}

fn the_app_sees_who_asks(call: &Answer, signed_in: &Answer) {
    let told = call.json();
    assert_eq!(told["path"], "/orders");
    assert_eq!(told["query"], "page=2");
    let user = &signed_in.json()["user"];
    assert_eq!(call.seen("x-auth-subject"), [user["id"].as_str().unwrap_or_default()]);
    assert_eq!(call.seen("x-auth-session"), [signed_in.text("session_id").unwrap_or_default()]);
    assert_eq!(call.seen("x-auth-roles"), [""]);
    assert_eq!(call.seen("x-auth-email-verified"), ["false"]);
    assert_eq!(call.seen("x-auth-token-id").len(), 1);
    assert_eq!(call.seen("x-auth-expires").len(), 1);
    assert!(call.seen("authorization").is_empty(), "the app saw the bearer token");
    assert!(call.seen("cookie").is_empty(), "the app saw our cookies");
    // CCH-01: what one user is told is nobody else's.
    assert_eq!(call.header("cache-control"), "private, no-store");
    assert_eq!(call.header("portcullis-verdict"), "forward");
    assert!(call.header("portcullis-epoch").contains(";age="));
}

async fn as_a_browser(world: &mut World) -> Outcome {
    let (email, password) = world.somebody().await?;
    let mut browser = world.edge()?;
    let body = json!({"email": email, "password": password});
    let signed_in = browser.browse(Method::POST, "/auth/login", Some(&body)).await?.expect(200)?;
    // CKS-08: what a script can read holds no refresh token.
    assert_eq!(signed_in.text("refresh_token"), None);
    for cookie in signed_in.headers.get_all("set-cookie") {
        let cookie = cookie.to_str()?;
        assert!(cookie.starts_with("__Host-"), "CKS-01");
        assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "CKS-01");
    }
    browser.keep("theme", "dark");
    let call = browser.browse(Method::GET, "/orders", None).await?.expect(200)?;
    assert_eq!(call.seen("cookie"), ["theme=dark"], "CKS-07");

    let old = browser.cookie("__Host-at").unwrap_or_default().to_owned();
    browser.browse(Method::POST, "/auth/refresh", None).await?.expect(200)?;
    assert_ne!(browser.cookie("__Host-at"), Some(old.as_str()));
    browser.browse(Method::POST, "/orders", None).await?.expect(200)?;

    // CKS-04: another site's form gets nowhere.
    let mut cookies = String::new();
    for name in ["__Host-at", "__Host-rt"] {
        cookies += &format!("{name}={}; ", browser.cookie(name).unwrap_or_default());
    }
    for path in ["/orders", "/auth/refresh", "/auth/logout"] {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://attacker.example"),
            ("x-none", ""),
        ] {
            let request = browser.request(Method::POST, path).header("cookie", &cookies);
            let answer = browser.send(request.header(name, value)).await?;
            answer.refused(403, "cross_site")?;
        }
    }

    let out = browser.browse(Method::POST, "/auth/logout", None).await?.expect(204)?;
    assert_eq!(browser.cookie("__Host-at"), None, "CKS-06");
    assert_eq!(browser.cookie("__Host-rt"), None, "CKS-06");
    drop(out);
    world.edge()?.get("/orders", &old).await?.refused(401, "token_revoked")?;
    Ok(())
}
