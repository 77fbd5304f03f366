//! docs/upstream.md: its snippets for Express and Hono, cut out of the document and run as real apps: behind
//! the edge they know who asks, and past it they refuse what the edge did not say.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::foreign::Pair;
use e2e::node_app::NodeApp;
use e2e::{Answer, Client, Fleet, Outcome, Plan, secrets};
use reqwest::Method;
use serde_json::{Value, json};

const DOCUMENT: &str = include_str!("../../docs/upstream.md");

/// What the snippets leave to the reader.
const EXPRESS: [&str; 2] = [
    "import express from 'express';\nconst app = express();\n",
    "app.use((request, response) => response.json({ user: request.user ?? null }));\n\
     app.listen(process.env.PORT, '127.0.0.1');\n",
];
const HONO: [&str; 2] = [
    "import { serve } from '@hono/node-server';\nimport { Hono } from 'hono';\nconst app = new Hono();\n",
    "app.all('*', (c) => c.json({ user: c.get('user') ?? null }));\n\
     serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' });\n",
];

const ISSUER: &str = "http://localhost:8787";
const AUDIENCE: &str = "portcullis-app";
const BOSS: &str = "boss@example.com";
const PASSWORD: &str = "correct horse battery boss";

/// What the edge never sends as it is.
const FORGED: [(&str, &str); 5] = [
    ("x-auth-subject", "mallory"),
    ("x-auth-session", "mallory"),
    ("x-auth-roles", "admin"),
    ("x-auth-email-verified", "true"),
    ("x-auth-expires", "9999999999"),
];

pub(crate) async fn tell() -> Outcome {
    let mut stage = Stage::set().await?;
    let [by_headers, by_assertions, hono_by_assertions, hono_by_tokens] = snippets()?;
    let (_, routes) = cut(by_headers, "app.get(")?;
    let (asserted, _) = cut(by_assertions, "app.use(")?;
    let jwks = format!("{}/.well-known/jwks.json", stage.fleet.edges[0].url());
    let by_tokens =
        in_place_of(hono_by_tokens, "https://app.example/.well-known/jwks.json", &jwks)?;
    let by_tokens = in_place_of(&by_tokens, "https://app.example", ISSUER)?;

    let app = stage.run("express-headers", EXPRESS, by_headers).await?;
    stage.behind(&app, "headers", Some("/admin/orders")).await?;
    past_headers(&app.client()?).await?;
    let app = stage.run("express-assertions", EXPRESS, &[by_assertions, routes].concat()).await?;
    stage.behind(&app, "assertion", Some("/admin/orders")).await?;
    stage.past_assertions(&app.client()?, ("/admin/orders", 403)).await?;
    let hono = [asserted, hono_by_assertions].concat();
    let app = stage.run("hono-assertions", HONO, &hono).await?;
    let edge = stage.behind(&app, "assertion", None).await?;
    let answer = edge.get("/orders", &stage.token).await?.expect(200)?;
    let subject = claims_of(&stage.token)?["sub"].clone();
    assert_eq!(answer.json()["ordersOf"], subject, "{}", answer.body);
    stage.past_assertions(&app.client()?, ("/orders", 401)).await?;
    let app = stage.run("hono-tokens", HONO, &by_tokens).await?;
    stage.behind(&app, "token", None).await?;
    stage.past_tokens(&app.client()?).await?;
    stage.fleet.end().await
}

/// The document's JavaScript, in its order.
fn snippets() -> Outcome<[&'static str; 4]> {
    let blocks = DOCUMENT.split("```js\n").skip(1);
    let blocks: Vec<_> = blocks.filter_map(|rest| Some(rest.split_once("```")?.0)).collect();
    let found = blocks.len();
    blocks.try_into().map_err(|_| format!("docs/upstream.md has {found} snippets, not 4").into())
}

fn cut<'t>(text: &'t str, at: &str) -> Outcome<(&'t str, &'t str)> {
    let at = text.find(at).ok_or_else(|| format!("there is no {at} in:\n{text}"))?;
    Ok(text.split_at(at))
}

fn in_place_of(text: &str, old: &str, new: &str) -> Outcome<String> {
    cut(text, old)?;
    Ok(text.replace(old, new))
}

struct Stage {
    fleet: Fleet,
    folder: tempfile::TempDir,
    /// Of somebody without any role, of whom this is the session.
    token: String,
    session: String,
    /// Of an administrator.
    boss: String,
    assertion_key: String,
    assertion_public: String,
}

impl Stage {
    async fn set() -> Outcome<Self> {
        let mut fleet = Fleet::start(Plan { locations: 1, ..Plan::default() }).await?;
        let administrator =
            ["user", "create", "--email", BOSS, "--role", "admin", "--password-stdin"];
        fleet.command_with(&administrator, PASSWORD)?;
        let (email, password) = fleet.somebody().await?;
        let origin = fleet.origin(0)?;
        let signed_in = origin.login(&email, &password).await?;
        let boss = origin.login(BOSS, PASSWORD).await?.access()?;
        let made = fleet.command(&["keys", "assertion"])?;
        let value = |name: &str| {
            let line = made.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.map(String::from).ok_or("no key was made")
        };
        let assertion_key = value("ASSERTION_KEY")?;
        secrets::used(&assertion_key);
        Ok(Self {
            folder: tempfile::tempdir()?,
            token: signed_in.access()?,
            session: signed_in.text("session_id").ok_or("the login names no session")?,
            boss,
            assertion_public: value("ASSERTION_PUBLIC_KEY")?,
            assertion_key,
            fleet,
        })
    }

    async fn run(&self, name: &str, [before, after]: [&str; 2], snippet: &str) -> Outcome<NodeApp> {
        let source = [before, snippet, after].concat();
        let variables = [("ASSERTION_PUBLIC_KEY", self.assertion_public.as_str())];
        NodeApp::start(&self.folder.path().join(name), &source, &variables).await
    }

    /// Behind an edge, which is then at hand, the app knows who asks, whatever they claim; a path may be for
    /// administrators.
    async fn behind(
        &mut self,
        app: &NodeApp,
        hand: &str,
        for_admins: Option<&str>,
    ) -> Outcome<Client> {
        let vars = [
            ("APP_URL", json!(app.url())),
            ("ASSERTION_KEY", json!(self.assertion_key)),
            ("POLICY", json!({"rules": [{"path": "/*", "require": "signed-in", "hand": hand}]})),
        ];
        let edge = self.fleet.edge_with(0, &format!("{hand}-{}", app.port()), &vars).await?;
        let client = edge.client()?;
        for (method, path) in [
            (Method::GET, "/x"),
            (Method::GET, "/x?"),
            (Method::GET, "/a%20b/%C3%BC?a=b&c=%2B"),
            (Method::POST, "/x?a"),
            (Method::DELETE, "/x/"),
        ] {
            let request = forged(client.request(method, path)).bearer_auth(&self.token);
            let answer = client.send(request).await?;
            let answer = answer.expect(200).map_err(|error| format!("{hand}, {path}: {error}"))?;
            let user = &answer.json()["user"];
            assert_eq!(user["session"], self.session.as_str(), "{hand}, {path}: {user}");
            assert_eq!(user["roles"], json!([]), "{hand}, {path}: {user}");
        }
        if let Some(path) = for_admins {
            let request = forged(client.request(Method::GET, path)).bearer_auth(&self.token);
            client.send(request).await?.expect(403)?;
            let answer = client.get(path, &self.boss).await?.expect(200)?;
            assert_eq!(answer.json()["seenBy"], claims_of(&self.boss)?["sub"], "{}", answer.body);
        }
        // The edge lives as long as what asks it.
        self.fleet.edges.push(edge);
        Ok(client)
    }

    /// Believes an assertion for the request in hand, and nothing else.
    async fn past_assertions(&self, app: &Client, (closed, status): (&str, u16)) -> Outcome {
        let request = forged(app.request(Method::GET, "/x"));
        assert_eq!(app.send(request).await?.expect(200)?.json()["user"], Value::Null);
        app.send(forged(app.request(Method::GET, closed))).await?.expect(status)?;

        let (seed, _) = self.assertion_key.split_once('.').ok_or("no key")?;
        let ours = Pair::ed25519(&URL_SAFE_NO_PAD.decode(seed)?)?;
        let (theirs, now) = (Pair::generate("EdDSA")?, now()?);
        let header = json!({"alg": "EdDSA", "typ": "portcullis-assertion+jwt", "kid": "assertion"});
        let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "roles": [],
            "htm": "GET", "htu": "/x?a=b", "iat": now, "exp": now + 30});
        for (what, pair, header_has, claims_have, status) in [
            ("as the edge makes them", &ours, json!({}), json!({}), 200),
            ("of another's key", &theirs, json!({}), json!({}), 401),
            ("over", &ours, json!({}), json!({"iat": now - 60, "exp": now - 30}), 401),
            ("without an end", &ours, json!({}), json!({"exp": null}), 401),
            ("for another app", &ours, json!({}), json!({"aud": "another"}), 401),
            ("for another method", &ours, json!({}), json!({"htm": "POST"}), 401),
            ("for any method", &ours, json!({}), json!({"htm": null}), 401),
            ("for another path", &ours, json!({}), json!({"htu": "/y?a=b"}), 401),
            ("for another query", &ours, json!({}), json!({"htu": "/x"}), 401),
            ("for any path", &ours, json!({}), json!({"htu": null}), 401),
            ("of nobody", &ours, json!({}), json!({"sub": null}), 401),
            ("an access token", &ours, json!({"typ": "at+jwt"}), json!({}), 401),
            ("of no type", &ours, json!({"typ": null}), json!({}), 401),
        ] {
            let made = pair.sign(&with(&header, &header_has), &with(&claims, &claims_have))?;
            let request = app.request(Method::GET, "/x?a=b").header("x-auth-assertion", made);
            has(&app.send(request).await?, status, what);
        }
        let request = app.request(Method::GET, "/x").header("x-auth-assertion", "a.b.c");
        has(&app.send(request).await?, 401, "no JWS");
        Ok(())
    }

    /// Believes a token of the issuer for this app, and nothing else.
    async fn past_tokens(&self, app: &Client) -> Outcome {
        has(&app.send(forged(app.request(Method::GET, "/x"))).await?, 401, "headers alone");
        for credential in ["Basic dTpw", "Bearer", "Bearer a.b.c", self.token.as_str()] {
            let request = app.request(Method::GET, "/x").header("authorization", credential);
            has(&app.send(request).await?, 401, credential.split(' ').next().unwrap_or_default());
        }
        let keys = fs::read_to_string(self.fleet.state().join("keys/signing.json"))?;
        let keys: Value = serde_json::from_str(&keys)?;
        let seed = keys["keys"][0]["jwk"]["d"].as_str().ok_or("no signing key")?;
        let ours = Pair::ed25519(&URL_SAFE_NO_PAD.decode(seed)?)?;
        let (theirs, now) = (Pair::generate("EdDSA")?, now()?);
        let (header, claims) = (part_of(&self.token, 0)?, claims_of(&self.token)?);
        for (what, pair, header_has, claims_have, status) in [
            ("as the origin makes them", &ours, json!({}), json!({}), 200),
            ("of another's key", &theirs, json!({}), json!({}), 401),
            ("of an unknown key", &ours, json!({"kid": "unknown"}), json!({}), 401),
            ("over", &ours, json!({}), json!({"iat": now - 600, "exp": now - 60}), 401),
            ("for another app", &ours, json!({}), json!({"aud": "another"}), 401),
            ("of another issuer", &ours, json!({}), json!({"iss": "https://other.example"}), 401),
            ("of another type", &ours, json!({"typ": "portcullis-assertion+jwt"}), json!({}), 401),
            ("of no type", &ours, json!({"typ": null}), json!({}), 401),
        ] {
            let made = pair.sign(&with(&header, &header_has), &with(&claims, &claims_have))?;
            has(&app.get("/x", &made).await?, status, what);
        }
        Ok(())
    }
}

/// Whoever reaches an app that believes headers is whoever he says he is, as the document says; without them
/// he is nobody.
async fn past_headers(app: &Client) -> Outcome {
    app.get_plain("/admin/orders").await?.expect(403)?;
    let answer = app.send(forged(app.request(Method::GET, "/admin/orders"))).await?.expect(200)?;
    assert_eq!(answer.json()["seenBy"], "mallory");
    Ok(())
}

fn forged(request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    FORGED.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

fn has(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.body);
}

/// The same object with these members, and without those that are `null`.
fn with(object: &Value, members: &Value) -> Value {
    let mut object = object.clone();
    for (name, value) in members.as_object().into_iter().flatten() {
        object[name] = value.clone();
    }
    if let Some(all) = object.as_object_mut() {
        all.retain(|_, value| !value.is_null());
    }
    object
}

fn claims_of(token: &str) -> Outcome<Value> {
    part_of(token, 1)
}

fn part_of(token: &str, at: usize) -> Outcome<Value> {
    let part = token.split('.').nth(at).ok_or("no token")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?)
}

fn now() -> Outcome<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}
