//! Every way to write a path, every method, three policies, byte for byte: nothing reaches a handler
//! that it was not let in to, and what reaches one has the path that was decided on.

use std::collections::BTreeSet;

use e2e::{Edge, Outcome, Recorder, raw};
use serde_json::{Value, json};

use crate::front::Front;

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];

/// Beside those of the file: PTH-01 and more of the kind.
const FORMS: &[&str] = &[
    "/admin",
    "//admin",
    "/./admin",
    "/a/../admin",
    "/%2e/admin",
    "/%2e%2e/admin",
    "/%61dmin",
    "/admin/",
    "/admin%2f",
    "/%2fadmin",
    "/admin%252f",
    "/admin;x=1",
    "/public/..;/admin",
    "/public/%2e%2e%2fadmin",
    "/public/..%5cadmin",
    "/\\admin",
    "/a\\..\\admin",
    "/ADMIN",
    "/admin.",
    "/admin%00",
    "/admin%20",
    "/admin%09",
    "/admin%23x",
    "/admin%3fx",
    "/admin?x",
    "/adm%0ain",
    "/%c0%af",
    "/admin/%2e",
    "/..//admin",
    "/admin//",
    "/public/../admin",
    "/public/%2e%2e/admin",
    "/public/%252e%252e/admin",
    "/public/.%2e/admin",
    "/public/%2E%2E/admin",
    "/public/x/../../admin",
    "/public/..\\admin",
    "/public\\..\\admin",
    "/public;/../admin",
    "/public;x/admin",
    "/public/;/../admin",
    "/public/x;/../../admin",
    "/public/%3b/../admin",
    "/public//admin",
    "/public/./admin",
    "/public%2f..%2fadmin",
    "/public%2fx",
    "/public/x%2fy",
    "/public/%zz",
    "/public/%",
    "/public/%ff",
    "/public/%u0061",
    "/publicity",
    "/public.json",
    "/public%2e",
    "/PUBLIC/x",
    "/Public/../admin",
    "/public?/../admin",
    "/public#/../admin",
    "/%2561dmin",
    "/admin/%2e%2e/public/x",
    "/%ef%bc%8fadmin",
    "/a%5cdmin",
    "/admin%5c",
    "/admin%0d%0ax",
    "/public/x\tadmin",
    "/public/\u{ff0e}\u{ff0e}/admin",
];

/// A policy, and what of it a caller may reach.
struct Gate {
    name: &'static str,
    rules: Value,
    /// Whether nobody may reach this path, as the laxest of servers reads it.
    open_to_nobody: fn(method: &str, place: &str) -> bool,
    /// Whether somebody without roles may.
    open_to_users: fn(place: &str) -> bool,
}

fn gates() -> [Gate; 3] {
    [
        Gate {
            name: "all signed-in",
            rules: json!([]),
            open_to_nobody: |_, _| false,
            open_to_users: |_| true,
        },
        Gate {
            name: "one public prefix",
            rules: json!([{"path": "/public/*", "require": "public"}]),
            open_to_nobody: |_, place| below(place, "/public"),
            open_to_users: |_| true,
        },
        Gate {
            name: "an admin prefix, public otherwise where it is read",
            rules: json!([
                {"path": "/*", "require": "public", "methods": ["GET"]},
                {"path": "/*", "require": "signed-in", "methods": ["POST", "PUT"]},
                {"path": "/admin/*", "require": {"role": "admin"}},
                // Asked to see whether the edge is up.
                {"path": "/ready", "require": "signed-in"},
            ]),
            open_to_nobody: |method, place| {
                ["GET", "HEAD"].contains(&method) && !below(place, "/admin")
            },
            open_to_users: |place| !below(place, "/admin"),
        },
    ]
}

fn below(place: &str, prefix: &str) -> bool {
    place == prefix || place.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
}

/// A path as the laxest of servers might read it: decoded until nothing is left to decode, backslashes
/// for slashes, parameters dropped, dots resolved, doubled slashes made one, in lower case.
fn place(path: &str) -> String {
    let mut text = path.to_owned();
    for _ in 0..4 {
        text = decoded(&text);
    }
    let mut segments: Vec<&str> = Vec::new();
    let text = text.replace('\\', "/").to_lowercase();
    for segment in text.split('/').map(|s| s.split([';', '\0']).next().unwrap_or(s)) {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    format!("/{}", segments.join("/"))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let pair = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = pair.filter(|_| *first == b'%').and_then(|p| u8::from_str_radix(p, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A path as the platform shows it to the gate, which is what is decided on (WHATWG URL).
fn decided_on(target: &str) -> Outcome<String> {
    Ok(reqwest::Url::parse(&format!("http://localhost{target}"))?.path().into())
}

pub(crate) async fn tell() -> Outcome {
    let mut front = Front::start(None).await?;
    let forms = forms()?;
    assert!(forms.len() >= 52, "only {} forms", forms.len());
    for (at, gate) in gates().iter().enumerate() {
        let vars = [("POLICY", json!({"rules": gate.rules}))];
        let edge = front.fleet.edge_with(0, &format!("paths-{at}"), &vars).await?;
        drop(front.app.take());
        matrix(gate, &edge, &front, &forms).await?;
        odd_targets(gate, &edge, &front.app).await?;
        odd_methods(&edge, &front).await?;
    }
    front.fleet.end().await
}

fn forms() -> Outcome<BTreeSet<String>> {
    let file: Value =
        serde_json::from_str(include_str!("../../common/tests/vectors/path_cases.json"))?;
    let listed = file["cases"].as_array().ok_or("the list of paths is gone")?;
    let listed = listed.iter().filter_map(|case| case["raw"].as_str());
    Ok(listed.chain(FORMS.iter().copied()).map(String::from).collect())
}

/// PTH-01 to PTH-04, PTH-06, PTH-08, PTH-13.
async fn matrix(gate: &Gate, edge: &Edge, front: &Front, forms: &BTreeSet<String>) -> Outcome {
    let port = edge.port();
    let (mut asked, mut passed) = (0, 0);
    for method in METHODS {
        for form in forms {
            for token in [None, Some(&front.token)] {
                let what = format!("{}: {method} {form:?}, token: {}", gate.name, token.is_some());
                let credential =
                    token.map_or_else(String::new, |t| format!("authorization: Bearer {t}\r\n"));
                let request = format!(
                    "{method} {form} HTTP/1.1\r\nhost: localhost:{port}\r\n{credential}\
                     content-length: 0\r\nconnection: close\r\n\r\n"
                );
                let answer = raw::send(port, request.as_bytes()).await?;
                asked += 1;
                let reached = front.app.take();
                assert!(reached.len() <= 1, "{what}: {} requests", reached.len());
                let Some(request) = reached.first() else {
                    let fits =
                        answer.status.is_none_or(|s| matches!(s, 400 | 401 | 403 | 404 | 405));
                    assert!(fits, "{what}: {}", answer.text);
                    continue;
                };
                passed += 1;
                assert_eq!(request.method(), method, "{what}");
                assert_eq!(request.path(), decided_on(form)?, "{what}: another path was sent on");
                let place = place(request.path());
                let open = match token {
                    None => (gate.open_to_nobody)(method, &place),
                    Some(_) => (gate.open_to_users)(&place),
                };
                assert!(open, "{what} came to {place}: {}", answer.text);
            }
        }
    }
    println!(
        "PTH {}: {asked} requests, {passed} let in to what is theirs, 0 to anything else",
        gate.name
    );
    assert!(passed > 0, "{}: nothing was let in at all", gate.name);
    Ok(())
}

/// PTH-11, PTH-12: other forms of the target, other spellings of the host. The path decides, whatever
/// is said of the host.
async fn odd_targets(gate: &Gate, edge: &Edge, app: &Recorder) -> Outcome {
    let port = edge.port();
    let hosts =
        ["localhost", "LOCALHOST", "localhost.", "localhost:443", "127.0.0.1", "evil.example"];
    let targets = [
        "http://other.example/admin/x",
        "http://localhost/admin/x",
        "HTTP://a@b/admin/x",
        "*",
        "admin/x",
        "http://",
        "?/admin/x",
        "/admin/x",
        "https://localhost:1/../admin/x",
    ];
    for target in targets {
        for host in hosts {
            for method in ["GET", "OPTIONS", "POST"] {
                let request = format!(
                    "{method} {target} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\
                     connection: close\r\n\r\n"
                );
                let answer = raw::send(port, request.as_bytes()).await?;
                for reached in app.take() {
                    let place = place(reached.path());
                    let open = (gate.open_to_nobody)(method, &place);
                    assert!(open, "{method} {target} for {host} reached {place}: {}", answer.text);
                }
            }
        }
    }
    Ok(())
}

/// PTH-07: methods that no route is for.
async fn odd_methods(edge: &Edge, front: &Front) -> Outcome {
    let port = edge.port();
    for method in ["TRACE", "TRACK", "CONNECT", "get", "Get", "G\0T", "GET\t", "", "FOO", "PRI"] {
        for credential in [String::new(), format!("authorization: Bearer {}\r\n", front.token)] {
            for target in ["/admin/x", "/public/x"] {
                let request = format!(
                    "{method} {target} HTTP/1.1\r\nhost: localhost:{port}\r\n{credential}\
                     connection: close\r\n\r\n"
                );
                let answer = raw::send(port, request.as_bytes()).await?;
                let reached = front.app.take();
                let what = format!("{method:?} {target}: {}", answer.text);
                assert!(reached.is_empty() || method == "FOO", "{what}");
                assert!(answer.status != Some(200) || method == "FOO", "{what}");
            }
        }
    }
    Ok(())
}
