//! What is counted, and that it tells of nobody.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::letters::Post;
use super::*;

impl Origin {
    /// What the operator's port shows.
    async fn metrics(&self) -> String {
        let request = request("GET", "/metrics", Body::empty(), &[]);
        let answer = Answer::read(self.operator.clone().oneshot(request).await.unwrap()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4");
        answer.text
    }

    /// The value of one series.
    pub(super) async fn counted(&self, series: &str) -> u64 {
        value(&self.metrics().await, series)
    }

    /// By how much a series grew since then.
    async fn grew(&self, series: &str, before: &str) -> u64 {
        self.counted(series).await - value(before, series)
    }

    async fn rotate(&self, token: &str) -> Answer {
        self.post("/auth/refresh", json!({ "refresh_token": token }), &[]).await
    }
}

/// The value of one series; 0 for one that there is not.
fn value(text: &str, series: &str) -> u64 {
    let of = |line: &str| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok();
    text.lines().find_map(of).unwrap_or(0)
}

/// Reads the format as <https://prometheus.io/docs/instrumenting/exposition_formats/> has it; the names of families.
fn parsed(text: &str) -> BTreeSet<&str> {
    let (mut families, mut series) = (BTreeSet::new(), BTreeSet::new());
    let mut family = ("", "");
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(name.starts_with("portcullis_") && !words.is_empty(), "{line}");
            assert!(families.insert(name), "twice: {name}");
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            family = kind.split_once(' ').unwrap();
            assert!(families.contains(family.0), "{line}");
            assert!(["counter", "gauge", "histogram"].contains(&family.1), "{line}");
            assert_eq!(family.1 == "counter", family.0.ends_with("_total"), "{line}");
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let _: f64 = value.parse().unwrap();
        assert!(series.insert(name), "twice: {name}");
        let (base, labels) = name.split_once('{').unwrap_or((name, "}"));
        let suffixes = ["", "_bucket", "_sum", "_count"];
        assert!(
            suffixes.iter().any(|suffix| base.strip_suffix(suffix) == Some(family.0)),
            "{line}"
        );
        for label in labels.strip_suffix('}').unwrap().split(',').filter(|label| !label.is_empty())
        {
            let (_, value) = label.split_once('=').unwrap();
            let plain = |c: char| c.is_ascii_alphanumeric() || "/{}-_.()+".contains(c);
            assert!(value.trim_matches('"').chars().all(plain), "{line}");
        }
    }
    families
}

#[tokio::test]
async fn sign_ins_and_requests_are_counted_by_what_came_of_them() {
    let origin = Origin::start().await;
    origin.sign_in("ada@example.com").await;
    let before = origin.metrics().await;
    origin.sign_in("ada@example.com").await;
    for email in ["ada@example.com", "nobody@example.com"] {
        let body = json!({ "email": email, "password": "another password" });
        origin.post("/auth/login", body, &[]).await.expect(401, "credentials_invalid");
    }
    origin.get("/auth/me", &[]).await.expect(401, "token_missing");
    origin.get("/no/such/path", &[]).await.expect(404, "not_found");
    for (series, times) in [
        (r#"portcullis_sign_ins_total{outcome="signed_in",way="password"}"#, 1),
        (r#"portcullis_sign_ins_total{outcome="credentials_invalid",way="password"}"#, 2),
        (r#"portcullis_http_requests_total{method="POST",route="/auth/login",status="2xx"}"#, 1),
        (r#"portcullis_http_requests_total{method="POST",route="/auth/login",status="4xx"}"#, 2),
        (r#"portcullis_http_requests_total{method="GET",route="(none)",status="4xx"}"#, 1),
        (r#"portcullis_http_request_duration_seconds_count{method="GET",route="/auth/me"}"#, 1),
        (r#"portcullis_http_problems_total{code="token_missing"}"#, 1),
        ("portcullis_password_hashes_shed_total", 0),
    ] {
        assert_eq!(origin.grew(series, &before).await, times, "{series}");
    }
    assert_eq!(origin.counted("portcullis_signing_ready").await, 1);
    assert!(origin.counted("portcullis_password_hashes_max").await >= 1);
}

#[tokio::test]
async fn rtr_18_each_outcome_of_a_refresh_is_counted_and_a_reuse_by_itself() {
    let origin = Origin::start().await;
    let first = origin.sign_in("ada@example.com").await.member("refresh_token");
    let second = origin.rotate(&first).await.member("refresh_token");
    origin.rotate(&first).await.expect_status(200);
    origin.rotate(&second).await.expect_status(200);
    let reuse = r#"portcullis_token_reuse_total{how="other-device"}"#;
    assert_eq!(origin.counted(reuse).await, 0);
    origin.rotate(&first).await.expect(401, "refresh_reused");
    origin.rotate(&second).await.expect(401, "refresh_revoked");
    origin.rotate("none of ours").await.expect(401, "refresh_invalid");
    for (outcome, times) in
        [("rotated", 2), ("repeated", 1), ("reused", 1), ("revoked", 1), ("invalid", 1)]
    {
        let series = format!(r#"portcullis_refreshes_total{{outcome="{outcome}"}}"#);
        assert_eq!(origin.counted(&series).await, times, "{outcome}");
    }
    assert_eq!(origin.counted(reuse).await, 1);
    let ended = r#"portcullis_revocations_total{kind="reuse"}"#;
    assert_eq!(origin.counted(ended).await, 1);
}

#[tokio::test]
async fn revocations_are_counted_by_kind() {
    let origin = Origin::with(&[("PORTCULLIS__SESSIONS__POLICY", "one")]).await;
    let answer = origin.sign_in("ada@example.com").await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("token={}", answer.member("access_token"));
    let revoke = request("POST", "/auth/revoke", body.into(), &form);
    origin.send(revoke).await.expect_status(200);
    let answer = origin.sign_in("ada@example.com").await;
    let bearer = answer.bearer();
    let change =
        json!({ "current_password": PASSWORD, "new_password": "another good one, longer" });
    let changed = origin.post("/auth/password", change, &[("authorization", &bearer)]).await;
    changed.expect_status(204);
    let logout = [("authorization", &*bearer)];
    origin
        .send(request("POST", "/auth/logout-all", Body::empty(), &logout))
        .await
        .expect_status(204);
    origin.send(request("POST", "/auth/logout", Body::empty(), &logout)).await.expect_status(204);
    for (kind, times) in [
        ("token", 1),
        // The second sign-in ended the first session.
        ("superseded", 1),
        // Before the password is another, and after.
        ("password", 2),
        ("everywhere", 1),
        ("logout", 1),
        ("operator", 0),
    ] {
        let series = format!(r#"portcullis_revocations_total{{kind="{kind}"}}"#);
        assert_eq!(origin.counted(&series).await, times, "{kind}");
    }
    assert!(origin.counted("portcullis_epoch").await > 1_000_000_000_000);
}

#[tokio::test]
async fn limits_and_stores_that_fail_are_counted() {
    let origin = Origin::with(&[("PORTCULLIS__LIMITS__REGISTER", "1/1h")]).await;
    let token = origin.sign_in("ada@example.com").await.member("refresh_token");
    let body = json!({ "email": "bob@example.com", "password": PASSWORD });
    origin.post("/auth/register", body, &[]).await.expect(429, "rate_limited");
    assert_eq!(origin.counted(r#"portcullis_limits_hit_total{limit="register"}"#).await, 1);

    origin.sql("sessions.db", "ALTER TABLE session RENAME TO elsewhere").await;
    origin.rotate(&token).await.expect(503, "store_unavailable");
    origin.sql("accounts.db", "ALTER TABLE account RENAME TO elsewhere").await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    origin.post("/auth/login", body, &[]).await.expect(503, "store_unavailable");
    for series in [
        r#"portcullis_store_failures_total{store="accounts"}"#,
        r#"portcullis_store_failures_total{store="sessions"}"#,
        r#"portcullis_sign_ins_total{outcome="store_unavailable",way="password"}"#,
        r#"portcullis_refreshes_total{outcome="failed"}"#,
    ] {
        assert_eq!(origin.counted(series).await, 1, "{series}");
    }
}

#[tokio::test]
async fn letters_are_counted_and_the_queues_are_empty_afterwards() {
    let post = Post::start(&[]).await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    post.origin.post("/auth/register", body, &[]).await.expect_status(201);
    post.letter(0).await;
    let since = Instant::now();
    while post.origin.counted(r#"portcullis_letters_total{outcome="sent"}"#).await < 1 {
        assert!(since.elapsed() < Duration::from_secs(10), "a letter was sent");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(post.origin.counted("portcullis_letters_waiting").await, 0);
    post.origin.services.admin.trail.settled().await;
    assert_eq!(post.origin.counted("portcullis_audit_events_waiting").await, 0);
}

#[tokio::test]
async fn what_is_shown_is_well_formed_and_tells_of_nobody() {
    let idp = [
        ("PORTCULLIS__OAUTH__IDP__ISSUER", "https://idp.example"),
        ("PORTCULLIS__OAUTH__IDP__CLIENT_ID", "a-client"),
        ("PORTCULLIS__OAUTH__IDP__CLIENT_SECRET", "a-secret-of-a-client"),
    ];
    let origin = Origin::with(&idp).await;
    let answer = origin.sign_in("grace.hopper@example.com").await;
    let (access, refresh) = (answer.member("access_token"), answer.member("refresh_token"));
    let (id, sid) = (answer.json()["user"]["id"].to_string(), answer.member("session_id"));
    origin.rotate(&refresh).await.expect_status(200);
    let bearer = [("authorization", &*format!("Bearer {access}"))];
    origin.send(request("DELETE", &format!("/auth/sessions/{sid}"), Body::empty(), &bearer)).await;
    // What strangers write: an address as a path, a provider that there is not, a method of their own.
    origin.get("/grace.hopper@example.com?hopper=1", &[]).await;
    origin.get("/auth/oauth/hopper/callback", &[]).await;
    origin.get("/auth/oauth/idp/callback?code=hopper", &[]).await;
    origin.send(request("HOPPER", "/auth/me", Body::empty(), &[])).await;

    let text = origin.metrics().await;
    let families = parsed(&text);
    assert!(families.len() >= 18, "{families:?}");
    let stale = r#"portcullis_sign_ins_total{outcome="sign_in_stale",way="idp"}"#;
    assert_eq!(value(&text, stale), 1);
    assert!(text.contains(r#"route="/auth/sessions/{sid}""#), "{text}");
    let low = text.to_lowercase();
    for secret in [
        "hopper",
        "example",
        "@",
        "eyj",
        id.trim_matches('"'),
        &sid,
        EDGE_SECRET,
        "a-secret",
        "a-client",
    ] {
        assert!(!low.contains(secret), "{secret}: {text}");
    }
}

#[tokio::test]
async fn the_public_port_shows_none_and_probes_are_no_requests() {
    let origin = Origin::start().await;
    origin.get("/metrics", &[]).await.expect(404, "not_found");
    let before = origin.metrics().await;
    assert_eq!(before.lines().filter(|line| line.contains(r#"route="/metrics""#)).count(), 0);
    let requests = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with("portcullis_http_"));
        lines.map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(requests(&before), requests(&origin.metrics().await));
}
