//! Headers in our name, in every spelling and by every trick: the app sees what the edge says, or
//! nothing.

use e2e::recorder::Recorded;
use e2e::{Outcome, raw};

use crate::front::Front;

/// What a forger wants the app to read.
const FORGED: &str = "mallory";

const IDENTITY: [&str; 6] = [
    "x-auth-subject",
    "x-auth-session",
    "x-auth-token-id",
    "x-auth-roles",
    "x-auth-email-verified",
    "x-auth-expires",
];

/// HDR-01 to HDR-03, HDR-05 to HDR-07, HDR-10: header lines as they are sent.
fn spoofs() -> Vec<String> {
    let mut lines: Vec<String> = [
        // Each that we set, and those of our kind.
        "X-Auth-Subject: mallory",
        "x-auth-session: mallory",
        "X-AUTH-TOKEN-ID: mallory",
        "x-auth-roles: mallory",
        "x-auth-email-verified: mallory",
        "x-auth-expires: mallory",
        "x-auth-assertion: mallory",
        "x-auth-user: mallory",
        "x-auth-: mallory",
        // As CGI and WSGI read them.
        "x_auth_subject: mallory",
        "X_Auth_Roles: mallory",
        "x-auth_subject: mallory",
        "x_auth-subject: mallory",
        "X.Auth.Subject: mallory",
        "x+auth~subject: mallory",
        "x|forwarded!for: 203.0.113.9",
        "Client-IP: 203.0.113.9",
        "Proxy: http://203.0.113.9:3128",
        "x_portcullis_edge: mallory",
        // Our own markers.
        "x-portcullis-edge: mallory",
        "X-Portcullis-Client-Ip: mallory",
        "x-portcullis-client-geo: mallory",
        "x-portcullis-verdict: mallory",
        "x-portcullis-subrequest: mallory",
        // Twice, in other cases, with and without values.
        "X-Auth-Subject: mallory\r\nx-auth-subject: mallory",
        "x-auth-subject: \r\nX-AUTH-SUBJECT: mallory",
        "x-auth-roles: user\r\nx-auth-roles: mallory\r\nX-Auth-Roles: mallory",
        // Named as hop-by-hop, so that somebody on the way takes ours off (RFC 9110 §7.6.1).
        "connection: x-auth-subject\r\nx-auth-subject: mallory",
        "connection: close, x-auth-roles\r\nx-auth-roles: mallory",
        "Connection: keep-alive, X-Auth-Subject, X-Auth-Session, X-Auth-Token-Id, X-Auth-Roles",
        "connection: x-auth-subject\r\nconnection: x-auth-expires",
        "connection: authorization, cookie\r\nx-auth-subject: mallory",
        "proxy-connection: x-auth-subject\r\nx-auth-subject: mallory",
        "keep-alive: x-auth-subject, timeout=5\r\nx-auth-subject: mallory",
        "te: trailers, x-auth-subject\r\nx-auth-subject: mallory",
        "trailer: x-auth-subject",
        "upgrade: h2c\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABkAAQAAP__\r\nx-auth-subject: mallory",
        // Another URL, another method, another client.
        "x-original-url: /mallory",
        "X-Rewrite-URL: /mallory",
        "x-forwarded-uri: /mallory",
        "x-forwarded-prefix: /mallory",
        "x-http-method-override: MALLORY\r\nx-http-method-override: mallory",
        "x-method-override: mallory",
        "x-forwarded-for: mallory",
        "x-forwarded-host: mallory",
        "x-forwarded-proto: mallory",
        "forwarded: for=mallory;host=mallory",
        "x-real-ip: mallory",
        "true-client-ip: mallory",
        "x_forwarded_for: mallory",
        // Names and values that are read in two ways.
        "x-auth-subject : mallory",
        "x-auth-subject\t: mallory",
        " x-auth-subject: mallory",
        "x-harmless: a\r\n x-auth-subject: mallory",
        "x-harmless: a\r\n\tx-auth-subject: mallory",
        "x-harmless: a\rx-auth-subject: mallory",
        "x-harmless: a\nx-auth-subject: mallory",
        "x-harmless: a\0\r\nx-auth-subject: mallory",
        "x-auth-subject:mallory",
        "x-auth-subject:\tmallory",
        "x-auth-subject;: mallory",
        "\u{2010}x-auth-subject: mallory",
        ": mallory",
        "x-auth-subject mallory",
    ]
    .map(String::from)
    .into();
    lines.push("x-auth-subject: mallory\r\n".repeat(200).trim_end().into());
    let many: Vec<String> = (0..200).map(|at| format!("x-auth-{at}: mallory")).collect();
    lines.push(many.join("\r\n"));
    lines
}

pub(crate) async fn tell() -> Outcome {
    let front = Front::start(None).await?;
    let spoofs = spoofs();
    assert!(spoofs.len() >= 40, "only {} spoofs", spoofs.len());
    let bearer = format!("authorization: Bearer {}\r\n", front.token);
    let cookie = format!("cookie: __Host-at={}\r\n", front.token);
    let (mut refused, mut passed) = (0, 0);
    for spoof in &spoofs {
        for (target, credential, whose) in [
            ("/public/x", "", false),
            ("/public/x", bearer.as_str(), false),
            ("/orders", "", true),
            ("/orders", &bearer, true),
            ("/orders", &cookie, true),
        ] {
            // Before and behind: which of two counts must not matter.
            for lines in [format!("{spoof}\r\n{credential}"), format!("{credential}{spoof}\r\n")] {
                let what = format!("{target}, {} credential, {spoof:?}", credential.len().min(1));
                let request = format!(
                    "GET {target} HTTP/1.1\r\nhost: localhost:{}\r\n{lines}connection: close\r\n\r\n",
                    front.port()
                );
                let answer = raw::send(front.port(), request.as_bytes()).await?;
                let reached = front.app.take();
                assert!(reached.len() <= 1, "{what}: {} requests", reached.len());
                if let Some(request) = reached.first() {
                    assert!(!whose || !credential.is_empty(), "{what} passed without a token");
                    check(request, whose.then_some(&front), &what);
                    passed += 1;
                } else {
                    assert_ne!(answer.status, Some(200), "{what}: {}", answer.text);
                    refused += 1;
                }
            }
        }
    }
    println!(
        "HDR: {} spoofs, {refused} requests refused, {passed} passed, none with a forged word",
        spoofs.len()
    );
    assert!(passed > spoofs.len() * 3, "hardly anything passed: {passed}");
    front.fleet.end().await
}

/// What the app got: the edge's six headers or none of that kind, and the forger's word nowhere but
/// in headers that are nobody's.
fn check(request: &Recorded, signed_in: Option<&Front>, what: &str) {
    let names =
        request.headers.iter().filter_map(|line| line.split_once(':')).map(|(name, _)| name);
    let ours: Vec<String> = names
        .map(|name| name.trim().to_lowercase().replace('_', "-"))
        .filter(|name| name.starts_with("x-auth-") || name.starts_with("x-portcullis-"))
        .collect();
    match signed_in {
        None => assert!(ours.is_empty(), "{what}: the app saw {ours:?}"),
        Some(front) => {
            assert_eq!(ours.len(), IDENTITY.len(), "{what}: the app saw {ours:?}");
            for name in IDENTITY {
                assert_eq!(request.values(name).len(), 1, "{what}: {name}");
            }
            assert_eq!(request.values("x-auth-session"), [front.session.as_str()], "{what}");
            assert_eq!(request.values("x-auth-roles"), [""], "{what}");
        }
    }
    for line in &request.headers {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        // A hop's own business, and a value that no server splits there.
        let harmless =
            ["te", "keep-alive", "proxy-connection", "trailer", "x-harmless", "x-auth-subject;"];
        let forged = value.to_lowercase().contains(FORGED);
        assert!(!forged || harmless.contains(&name.to_lowercase().as_str()), "{what}: {line}");
    }
    // HDR-11: the app has no use for what it could be impersonated with.
    assert!(request.values("authorization").is_empty(), "{what}: the app saw the token");
    assert!(request.values("cookie").is_empty(), "{what}: the app saw a cookie of ours");
    assert_eq!(request.method(), "GET", "{what}");
}
