//! HDR-09, HDR-11: how the app learns who asks, by the crate that apps use: headers, the access token,
//! or an assertion, which is good for its own request alone.

use axum::Router;
use axum::routing::any;
use e2e::{Answer, Client, Outcome};
use portcullis_upstream::{Identity, Trust, Verifier};
use serde_json::json;
use xtask::stack::Served;

use crate::front::Front;

async fn who(identity: Identity) -> String {
    let session = identity.session.map(|session| session.to_string()).unwrap_or_default();
    format!("session {session}")
}

/// An app that trusts only this.
fn app(name: &str, trust: Trust) -> Outcome<Served> {
    let router = Router::new().route("/{*path}", any(who)).layer(trust);
    Ok(Served::start(name, 0, router)?)
}

pub(crate) async fn tell() -> Outcome {
    let mut front = Front::start(None).await?;
    let made = front.fleet.command(&["keys", "assertion"])?;
    let value = |name: &str| {
        let line = made.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(String::from).ok_or("no key was made")
    };
    let (secret, public) = (value("ASSERTION_KEY")?, value("ASSERTION_PUBLIC_KEY")?);
    e2e::secrets::used(&secret);
    let jwks = format!("{}/.well-known/jwks.json", front.fleet.edges[0].url());
    let issuer = "http://localhost:8787";
    let verifier = Verifier::fetching(issuer, "portcullis-app", jwks)?;
    for (hand, trust) in [
        ("headers", Trust::headers()),
        ("token", Trust::tokens(verifier)),
        ("assertion", Trust::assertions(&public, "portcullis-app")?),
    ] {
        let app = app(hand, trust)?;
        let vars = [
            ("APP_URL", json!(format!("http://127.0.0.1:{}", app.port()))),
            ("ASSERTION_KEY", json!(secret)),
            ("POLICY", json!({"rules": [{"path": "/*", "require": "signed-in", "hand": hand}]})),
        ];
        let edge = front.fleet.edge_with(0, &format!("by-{hand}"), &vars).await?;
        let told = format!("session {}", front.session);
        for path in
            ["/orders", "/orders/7?notify=1&x=%2B", "/a%20b?", "/o'a?$filter=x%20eq%20'y'&z={|}"]
        {
            let answer = edge.client()?.get(path, &front.token).await?.expect(200)?;
            assert_eq!(answer.body, told, "by {hand}: {path}");
        }
        past_the_edge(hand, &Client::new(format!("http://127.0.0.1:{}", app.port()))?).await?;
    }
    replay(&mut front, &secret, &public).await?;
    front.fleet.end().await
}

/// Who reaches the app by another way is nobody, unless it believes headers.
async fn past_the_edge(hand: &str, app: &Client) -> Outcome {
    let forged = [
        ("x-auth-subject", "mallory"),
        ("x-auth-session", "01931c7e-9a00-7000-8000-00000000000a"),
        ("x-auth-roles", "admin"),
        ("x-auth-email-verified", "true"),
        ("x-auth-expires", "9999999999"),
    ];
    let mut request = app.request(reqwest::Method::GET, "/orders");
    for (name, value) in forged {
        request = request.header(name, value);
    }
    let answer: Answer = app.send(request).await?;
    assert_eq!(answer.status, if hand == "headers" { 200 } else { 401 }, "{hand}: {}", answer.body);
    Ok(())
}

/// A captured assertion, sent to the app past the edge.
async fn replay(front: &mut Front, secret: &str, public: &str) -> Outcome {
    let vars = [
        ("ASSERTION_KEY", json!(secret)),
        ("POLICY", json!({"rules": [{"path": "/*", "require": "signed-in", "hand": "assertion"}]})),
    ];
    let edge = front.fleet.edge_with(0, "captured", &vars).await?;
    drop(front.app.take());
    edge.client()?.get("/orders/7?a=b", &front.token).await?.expect(200)?;
    let captured = front.app.take();
    let [request] = captured.as_slice() else { return Err("nothing was captured".into()) };
    let [assertion] = request.values("x-auth-assertion")[..] else {
        return Err(format!("no assertion: {:?}", request.headers).into());
    };
    let app = app("replayed", Trust::assertions(public, "portcullis-app")?)?;
    let client = Client::new(format!("http://127.0.0.1:{}", app.port()))?;
    for (method, path, status) in [
        ("GET", "/orders/7?a=b", 200),
        ("GET", "/orders/8?a=b", 401),
        ("GET", "/orders/7", 401),
        ("DELETE", "/orders/7?a=b", 401),
    ] {
        let request = client.request(method.parse()?, path).header("x-auth-assertion", assertion);
        client.send(request).await?.expect(status)?;
    }
    Ok(())
}
