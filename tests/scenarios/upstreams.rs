//! HDR-01, HDR-11, PTH-09: several apps behind one gate, by URL and by service binding: each gets what its
//! rules say, with the identity and without what a forger adds, and one that is down takes no other along.

use std::time::Duration;

use e2e::fleet::free_port;
use e2e::{Answer, Client, Edge, Outcome, Recorder};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use xtask::stack::{BareWorker, DemoApp};

use crate::front::Front;
use crate::web_sockets::{NOT_SIGNED_IN, ended};

const WORKER: &str = include_str!("upstreams/worker.js");
const CONSOLE: &str = "console.example";
/// From the answer to a logout until its socket is closed.
const BOUND: Duration = Duration::from_secs(10);

const FORGED: [(&str, &str); 7] = [
    ("x-auth-subject", "mallory"),
    ("x_auth_subject", "mallory"),
    ("x-auth-roles", "mallory"),
    ("x-auth-assertion", "mallory"),
    ("x-portcullis-edge", "mallory"),
    ("x-forwarded-host", "mallory"),
    ("x-real-ip", "mallory"),
];

pub(crate) async fn tell() -> Outcome {
    let mut stage = Stage::set().await?;
    by_url(&stage).await?;
    by_binding(&stage).await?;
    the_app_behind_a_binding(&mut stage).await?;
    one_that_is_down(&stage).await?;
    a_web_socket(&stage).await?;
    stage.front.fleet.end().await
}

/// An edge with an app, two more by URL, two that cannot be reached, and one in a Worker beside it.
struct Stage {
    front: Front,
    edge: Edge,
    orders: Recorder,
    console: Recorder,
    /// Nobody listens on it.
    down: u16,
}

impl Stage {
    async fn set() -> Outcome<Self> {
        let mut front = Front::start(None).await?;
        let (orders, console) = (Recorder::start().await?, Recorder::start().await?);
        let down = free_port()?;
        let upstreams = json!({
            "orders": orders.url(),
            "console": console.url(),
            "tools": "binding:TOOLS",
            "down": format!("http://127.0.0.1:{down}"),
            "unbound": "binding:NOWHERE",
        });
        let rules = json!([
            {"path": "/public/*", "require": "public"},
            {"path": "/orders/*", "require": "signed-in", "upstream": "orders"},
            {"path": "/*", "host": CONSOLE, "require": "signed-in", "upstream": "console"},
            {"path": "/tools/*", "require": "signed-in", "upstream": "tools"},
            {"path": "/tools/public/*", "require": "public", "upstream": "tools"},
            {"path": "/down/*", "require": "signed-in", "upstream": "down"},
            {"path": "/unbound/*", "require": "signed-in", "upstream": "unbound"},
        ]);
        let vars = [("UPSTREAMS", upstreams), ("POLICY", json!({"rules": rules}))];
        let tools = vec![("TOOLS", BareWorker::script(WORKER))];
        let edge = front.fleet.edge_beside(0, "upstreams", &vars, tools).await?;
        drop(front.app.take());
        Ok(Self { front, edge, orders, console, down })
    }

    /// A request of somebody who is signed in and claims to be more than that.
    async fn ask(&self, host: Option<&str>, method: Method, path: &str) -> Outcome<Answer> {
        ask(&self.edge.client()?, &self.front.token, host, method, path).await
    }

    /// How many requests came to the app, to the orders and to the console.
    fn asked(&self) -> [usize; 3] {
        [&self.front.app, &self.orders, &self.console].map(|app| app.take().len())
    }
}

async fn ask(
    client: &Client,
    token: &str,
    host: Option<&str>,
    method: Method,
    path: &str,
) -> Outcome<Answer> {
    let mut request = client.request(method, path).bearer_auth(token);
    for (name, value) in FORGED {
        request = request.header(name, value);
    }
    if let Some(host) = host {
        request = request.header("host", host);
    }
    client.send(request).await
}

/// By path, and by host, which counts first; what no rule sends elsewhere is the app's.
async fn by_url(stage: &Stage) -> Outcome {
    let session = [stage.front.session.as_str()];
    for (host, path, to) in [
        (None, "/orders/7?a=b", &stage.orders),
        (None, "/orders", &stage.orders),
        (Some(CONSOLE), "/orders/7?a=b", &stage.console),
        (Some(CONSOLE), "/", &stage.console),
        (None, "/orders-of-others", &stage.front.app),
        (None, "/other", &stage.front.app),
    ] {
        stage.ask(host, Method::GET, path).await?.expect(200)?;
        let taken = to.take();
        let [request] = taken.as_slice() else { return Err(format!("{path}: {taken:?}").into()) };
        assert_eq!(stage.asked(), [0; 3], "{path} came to others, too");
        assert_eq!(request.target(), path);
        assert_eq!(request.values("x-auth-session"), session, "{path}");
        assert!(request.values("authorization").is_empty(), "{path}: the token was handed on");
        let lines = request.headers.join("\n");
        assert!(!lines.contains("mallory"), "{path}: {lines}");
        let asked_for = host.map_or_else(|| stage.edge.url().replace("http://", ""), String::from);
        assert_eq!(request.values("x-forwarded-host"), [asked_for], "{path}");
    }
    // Nobody is sent nowhere.
    for path in ["/orders/7", "/tools/x", "/down/x"] {
        stage.edge.client()?.get_plain(path).await?.refused(401, "token_missing")?;
    }
    assert_eq!(stage.asked(), [0; 3]);
    Ok(())
}

/// The Worker behind a binding gets the same.
async fn by_binding(stage: &Stage) -> Outcome {
    let client = stage.edge.client()?;
    for (method, path) in [
        (Method::GET, "/tools/a%20b/x?a=b&c"),
        (Method::POST, "/tools/x"),
        (Method::DELETE, "/tools"),
    ] {
        let answer = stage.ask(None, method.clone(), path).await?.expect(200)?;
        assert_eq!(answer.text("method").as_deref(), Some(method.as_str()));
        // A Worker is asked by a whole URL, whose host means nothing.
        assert_eq!(answer.text("url"), Some(format!("https://app.internal{path}")));
        assert_eq!(answer.seen("x-auth-session"), [stage.front.session.as_str()], "{path}");
        assert_eq!(answer.seen("x-auth-roles").len(), 1);
        assert!(answer.seen("authorization").is_empty(), "the token was handed on");
        assert!(!answer.body.contains("mallory"), "{path}: {}", answer.body);
        assert_eq!(answer.header("cache-control"), "private, no-store");
        assert_eq!(answer.header("set-cookie"), "", "a cookie of ours was planted");
    }
    let body = vec![b'x'; 300_000];
    let request = client.request(Method::PUT, "/tools/file").bearer_auth(&stage.front.token);
    let answer = client.send(request.body(body)).await?.expect(200)?;
    assert_eq!(answer.json()["body_bytes"], 300_000);
    let answer = stage.ask(None, Method::GET, "/tools/public/x").await?.expect(200)?;
    assert!(!answer.body.contains("x-auth-"), "somebody is named in public: {}", answer.body);
    assert_eq!(stage.asked(), [0; 3]);
    Ok(())
}

/// `APP_URL` may be a binding as well.
async fn the_app_behind_a_binding(stage: &mut Stage) -> Outcome {
    let vars = [("APP_URL", json!("binding:APP"))];
    let app = vec![("APP", BareWorker::script(WORKER))];
    let edge = stage.front.fleet.edge_beside(0, "app-behind-binding", &vars, app).await?;
    let token = &stage.front.token;
    let answer = ask(&edge.client()?, token, None, Method::GET, "/x?y").await?.expect(200)?;
    assert_eq!(answer.text("url").as_deref(), Some("https://app.internal/x?y"));
    assert_eq!(answer.seen("x-auth-session"), [stage.front.session.as_str()]);
    assert!(!answer.body.contains("mallory"), "{}", answer.body);
    assert_eq!(stage.asked(), [0; 3]);
    Ok(())
}

/// Who asks for an app that does not answer is told so, whatever is the matter with it; the others answer.
async fn one_that_is_down(stage: &Stage) -> Outcome {
    for path in ["/down/x", "/unbound/x", "/tools/fails"] {
        let answer = stage.ask(None, Method::GET, path).await?;
        answer.refused(502, "upstream_unreachable").map_err(|error| format!("{path}: {error}"))?;
        for path in ["/orders/7", "/tools/x", "/other"] {
            stage.ask(None, Method::GET, path).await?.expect(200)?;
        }
    }
    let printed = stage.edge.printed()?;
    for whose in
        [&format!("http://127.0.0.1:{}.", stage.down), "binding NOWHERE.", "binding TOOLS."]
    {
        let told = format!("upstream_unreachable: no answer from {whose}");
        assert!(printed.contains(&told), "the log does not tell: {told}");
    }
    let _up = DemoApp::start(stage.down)?;
    let answer = stage.ask(None, Method::GET, "/down/x").await?.expect(200)?;
    assert_eq!(answer.seen("x-auth-session"), [stage.front.session.as_str()]);
    Ok(())
}

/// A `WebSocket` by way of a binding ends with its session, as any other.
async fn a_web_socket(stage: &Stage) -> Outcome {
    let url = format!("ws://localhost:{}/tools/live", stage.edge.port());
    let mut request = url.into_client_request()?;
    let bearer = format!("Bearer {}", stage.front.token);
    request.headers_mut().insert("authorization", bearer.parse()?);
    let (mut socket, _) = connect_async(request).await?;
    for word in ["hello", "grüß dich"] {
        socket.send(Message::text(word)).await?;
        let back = timeout(BOUND, socket.next()).await?.ok_or("it was closed")??;
        let session = &stage.front.session;
        assert_eq!(back.into_text()?.as_str(), format!("{session} says {word}"));
    }
    let origin = stage.front.fleet.origin(0)?;
    let logout = origin.request(Method::POST, "/auth/logout").bearer_auth(&stage.front.token);
    origin.send(logout).await?.expect(204)?;
    assert_eq!(ended(&mut socket, BOUND).await?, NOT_SIGNED_IN);
    Ok(())
}
