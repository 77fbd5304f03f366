//! WRK-01: the Worker's instance breaks in the middle of a request, by a trap and by a panic. That request
//! gets 500; nobody else gets what is not his; a fresh instance takes over and lets nobody in before it
//! has a head; and it may happen as often as it likes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use e2e::client::Answer;
use e2e::fleet::free_port;
use e2e::issuer::{Issuer, Mailboxes};
use e2e::stub::{self, Asked, answer};
use e2e::{Client, Edge, Outcome, secrets};
use futures_util::StreamExt as _;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, accept_async, connect_async};
use xtask::stack::BareWorker;
use xtask::{Workspace, build};

/// In the middle of a synchronous call, and in a future.
const KINDS: [&str; 2] = ["trap", "late"];
/// How many others there are at the time.
const OTHERS: usize = 50;
const AFTERWARDS: usize = 1_000;
const CONNECTIONS: usize = 16;
const DRILLS: usize = 100;
/// What memory may grow by over the last four fifths of them.
const GROWTH: u64 = 48 << 20;
/// What the slow app and the slow origin take.
const SLOW: Duration = Duration::from_millis(500);
/// Until the slow are being waited for.
const UNDER_WAY: Duration = Duration::from_millis(200);
/// For a drill that has to look itself.
const TRIES: usize = 3;
/// Nothing waits for what is gone.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn tell() -> Outcome {
    let folder = tempfile::tempdir()?;
    let stage = Arc::new(Stage::set(folder.path()).await?);
    for kind in KINDS {
        sockets(&stage, kind).await?;
        among_others(&stage, kind).await?;
        afterwards(&stage).await?;
        blind(&stage, kind).await?;
    }
    again_and_again(&stage).await?;
    assert_eq!(stage.strangers.load(Ordering::Relaxed), 0, "the app met who may not be there");
    let printed = stage.edge.printed()?;
    assert!(printed.contains("panicked"), "no panic was provoked: {printed}");
    assert!(printed.contains("RuntimeError"), "no trap was provoked: {printed}");
    let found = secrets::found_in(&printed);
    assert!(found.is_empty(), "the edge's log holds tokens: {found:?}");
    Ok(())
}

/// An edge, the app behind it, and what it learns from.
struct Stage {
    edge: Edge,
    mailboxes: Mailboxes,
    /// Whether the origin is slow; it knows nothing in any case.
    slow_origin: Arc<AtomicBool>,
    /// Requests at the app that are not from whom their path names.
    strangers: Arc<AtomicUsize>,
    token: String,
    /// One of a key that nobody knows.
    foreign: String,
    /// What reads like refresh tokens, one for each of the others.
    refresh: Vec<String>,
}

impl Stage {
    async fn set(folder: &std::path::Path) -> Outcome<Self> {
        let issuer = Arc::new(Issuer::new("https://id.example", "drill-key")?);
        let mailboxes = issuer.mailboxes(0)?;
        let strangers = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&strangers);
        let app = stub::serve(move |asked| {
            let path = asked.target().to_owned();
            let subject = asked.header("x-auth-subject").unwrap_or("nobody").to_owned();
            if !path.contains(&subject) {
                counted.fetch_add(1, Ordering::Relaxed);
            }
            if path.ends_with("/slow") {
                sleep(SLOW);
            }
            answer("200 OK", "", subject.as_bytes()).into()
        })?;
        let slow_origin = Arc::new(AtomicBool::new(false));
        let slow = Arc::clone(&slow_origin);
        let origin = stub::serve(move |asked: Asked<'_>| {
            // From then on the edge knows that it is behind, and asks for a head.
            if asked.target() == "/auth/logout" {
                return answer("204 No Content", "portcullis-epoch: 9999999999999\r\n", b"").into();
            }
            if slow.load(Ordering::Relaxed) {
                sleep(SLOW);
            }
            answer("503 Out of order", "", b"").into()
        })?;
        let live = listen().await?;
        let mut vars = issuer.vars(&mailboxes, app)?;
        vars.insert("ORIGIN_URL".into(), json!(format!("http://127.0.0.1:{origin}")));
        vars.insert("UPSTREAMS".into(), json!({"live": format!("http://127.0.0.1:{live}")}));
        let rule = json!({"path": "/live", "require": "signed-in", "upstream": "live"});
        let rules = vars.get_mut("POLICY").and_then(|policy| policy["rules"].as_array_mut());
        rules.ok_or("wrangler.toml has no rules")?.push(rule);

        let workspace = Workspace::locate();
        let bundle = folder.join("drill.js");
        let [gate, platform] =
            ["gate", "platform"].map(|js| workspace.path(&format!("tests/drill/{js}.js")));
        build::main_module(&workspace, &gate, &platform, &bundle)?;
        let module = std::fs::read_to_string(bundle)?;
        let worker = BareWorker::OursWith { module, vars, kv: Some(mailboxes.port) };
        let edge = Edge::start_as(&folder.join("edge"), free_port()?, &worker).await?;
        edge.informed().await?;
        let token = issuer.token("ada")?;
        let foreign = Issuer::new("https://id.example", "foreign-key")?.token("ada")?;
        let refresh = (0..OTHERS).map(|_| issuer.token("ada")).collect::<Result<_, _>>()?;
        secrets::used(&token);
        Ok(Self { edge, mailboxes, slow_origin, strangers, token, foreign, refresh })
    }

    /// The request that breaks the instance: one that is let in, or for whose key it must look.
    fn drill(&self, client: &Client, kind: &'static str) -> RequestBuilder {
        let token = if kind == "late" { &self.foreign } else { &self.token };
        get(client, "/orders/ada").bearer_auth(token).header("x-drill", kind)
    }

    async fn open(&self) -> Outcome<Socket> {
        let url = format!("ws://localhost:{}/live", self.edge.port());
        let mut request = url.into_client_request()?;
        let credential = format!("Bearer {}", self.token).parse()?;
        request.headers_mut().insert("authorization", credential);
        Ok(connect_async(request).await?.0)
    }

    /// Makes sure that the instance has just looked: the drilled request is to look itself, and not to wait
    /// for a look that has begun in the background.
    async fn afresh(&self) -> Outcome {
        self.breaks("trap").await?;
        self.edge.client()?.get("/orders/ada", &self.token).await?.expect(200)?;
        Ok(())
    }

    async fn breaks(&self, kind: &'static str) -> Outcome {
        let client = self.edge.client()?;
        for _ in 0..TRIES {
            let answer = timeout(PATIENCE, client.send(self.drill(&client, kind))).await??;
            // It waited for a look of somebody else's, which a slow machine had come due meanwhile.
            if kind == "late" && answer.status == 401 {
                continue;
            }
            answer.expect(500)?.refused(500, "internal")?;
            return Ok(());
        }
        Err(format!("{kind}: the instance does not break").into())
    }
}

fn get(client: &Client, path: &str) -> RequestBuilder {
    client.request(Method::GET, path)
}

/// The instance breaks while others wait for the app, for the origin, or come in.
async fn among_others(stage: &Arc<Stage>, kind: &'static str) -> Outcome {
    stage.afresh().await?;
    stage.slow_origin.store(true, Ordering::Relaxed);
    let mut others = JoinSet::new();
    for at in 0..OTHERS {
        let stage = Arc::clone(stage);
        others.spawn(async move {
            let client = stage.edge.client()?;
            let request = match at % 6 {
                0 | 1 => get(&client, "/orders/ada/slow").bearer_auth(&stage.token),
                2 => get(&client, "/orders/ada")
                    .header("cookie", format!("__Host-rt={}", stage.refresh[at]))
                    .header("sec-fetch-site", "same-origin"),
                3 => {
                    tokio::time::sleep(UNDER_WAY).await;
                    get(&client, "/orders/ada").bearer_auth(&stage.token)
                }
                4 => client.request(Method::POST, "/auth/logout"),
                _ => {
                    tokio::time::sleep(UNDER_WAY).await;
                    get(&client, "/orders/ada")
                }
            };
            let answer = timeout(PATIENCE, client.send(request)).await;
            Outcome::Ok((at, answer.map_err(|_| format!("request {at} got no answer"))??))
        });
    }
    tokio::time::sleep(UNDER_WAY).await;
    stage.breaks(kind).await?;
    let mut served = 0;
    while let Some(other) = others.join_next().await {
        let (at, answer) = other??;
        // Those with a token are served, those without are not, and to each may happen what is our fault.
        let (expected, status) = ([200, 200, 503, 200, 204, 401][at % 6], answer.status);
        assert!(status == expected || status >= 500, "{kind}: request {at} got {status}");
        if status == 200 {
            assert_eq!(answer.body, "ada", "{kind}: request {at} is somebody else's");
            served += 1;
        }
    }
    println!("WRK-01, {kind}: {served} of {OTHERS} others were served meanwhile");
    stage.slow_origin.store(false, Ordering::Relaxed);
    Ok(())
}

/// A `WebSocket` whose token nobody knows any more is closed, though another takes its place.
async fn sockets(stage: &Stage, kind: &'static str) -> Outcome {
    stage.afresh().await?;
    let mut before = stage.open().await?;
    stage.breaks(kind).await?;
    stage.edge.client()?.get("/orders/ada", &stage.token).await?.expect(200)?;
    let mut after = stage.open().await?;
    assert_eq!(timeout(PATIENCE, closed(&mut before)).await??, 1013, "{kind}: try again later");
    assert!(timeout(SLOW * 4, closed(&mut after)).await.is_err(), "{kind}: the new one is closed");
    Ok(())
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The code that a socket is closed with.
async fn closed(socket: &mut Socket) -> Outcome<u16> {
    while let Some(message) = socket.next().await {
        if let Message::Close(Some(frame)) = message? {
            return Ok(frame.code.into());
        }
    }
    Err("the socket was closed without a word".into())
}

/// An app that opens `WebSockets` and says nothing; its port.
async fn listen() -> Outcome<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let Ok(mut socket) = accept_async(stream).await else { return };
                while let Some(Ok(_)) = socket.next().await {}
            });
        }
    });
    Ok(port)
}

/// What comes next is as if nothing had been: the first of it waits for a head.
async fn afterwards(stage: &Arc<Stage>) -> Outcome {
    let next = Arc::new(AtomicUsize::new(0));
    let mut asking = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (stage, next) = (Arc::clone(stage), Arc::clone(&next));
        asking.spawn(async move {
            let client = stage.edge.client()?;
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                match at % 4 {
                    _ if at >= AFTERWARDS => return Outcome::Ok(()),
                    0 => check(&client.get_plain("/orders/ada").await?, 401, "token_missing", at),
                    1 => check(&client.get("/orders/ada", "x").await?, 401, "token_invalid", at),
                    _ => {
                        let answer = client.get("/orders/ada", &stage.token).await?;
                        check(&answer, 200, "", at);
                        assert_eq!(answer.body, "ada");
                    }
                }
            }
        });
    }
    while let Some(asked) = asking.join_next().await {
        asked??;
    }
    Ok(())
}

fn check(answer: &Answer, status: u16, code: &str, at: usize) {
    assert_eq!((answer.status, &*answer.code()), (status, code), "request {at}: {}", answer.body);
}

/// The instance that takes over finds no head: who has a token is told to come again, and is then served.
async fn blind(stage: &Stage, kind: &'static str) -> Outcome {
    let client = stage.edge.client()?;
    stage.afresh().await?;
    stage.mailboxes.shut.store(true, Ordering::Relaxed);
    stage.breaks(kind).await?;
    for _ in 0..3 {
        let refusal = client.get("/orders/ada", &stage.token).await?;
        assert!(!refusal.refused(503, "keys_unknown")?.header("retry-after").is_empty());
        client.get("/orders/ada", "x").await?.expect_any(&[401, 503])?;
        client.get_plain("/orders/ada").await?.refused(401, "token_missing")?;
        client.get_plain("/public/nobody").await?.expect(200)?;
    }
    stage.mailboxes.shut.store(false, Ordering::Relaxed);
    stage.edge.informed().await?;
    client.get("/orders/ada", &stage.token).await?.expect(200)?;
    Ok(())
}

/// Instances that are gone leave nothing behind.
async fn again_and_again(stage: &Stage) -> Outcome {
    let client = stage.edge.client()?;
    let mut early = 0;
    for at in 0..DRILLS {
        stage.breaks(KINDS[at % KINDS.len()]).await?;
        client.get("/orders/ada", &stage.token).await?.expect(200)?;
        if at == DRILLS / 5 {
            early = stage.edge.memory()?;
        }
    }
    let late = stage.edge.memory()?;
    println!("WRK-01: {DRILLS} times broken, memory from {} to {} MB", early >> 20, late >> 20);
    assert!(late < early + GROWTH, "memory grew from {early} to {late} bytes");
    Ok(())
}
