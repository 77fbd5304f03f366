//! PTH-09: `WebSockets` through the edge. What is said passes both ways; who may open one is decided as
//! for any request; and one does not outlive the session that opened it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use e2e::{Edge, Fleet, Outcome, Plan};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::json;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::Error as SocketError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, accept_async, client_async, connect_async,
};

/// From the answer to a logout until the last message that is let through.
const BOUND: Duration = Duration::from_secs(10);
/// Nothing else here takes as long on an idle machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// As 401.
pub(crate) const NOT_SIGNED_IN: u16 = 4401;

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) async fn tell() -> Outcome {
    let mut stage = Stage::set(Vec::new()).await?;
    let token = stage.sign_in().await?;
    handshakes(&stage, &token).await?;
    echoes(&stage, &token).await?;
    closes(&stage, &token).await?;
    slow_readers(&stage, &token).await?;
    logout(&stage, &token).await?;
    stage.clear().await
}

/// A token's whole life, and the leeway.
pub(crate) async fn tell_at_length() -> Outcome {
    let life = vec![("tokens.access_ttl".into(), "60s".into())];
    let mut stage = Stage::set(life).await?;
    let token = stage.sign_in().await?;
    let since = Instant::now();
    let mut socket = stage.open(&token).await?;
    let code = ended(&mut socket, Duration::from_secs(60 + 30) + BOUND).await?;
    assert_eq!(code, NOT_SIGNED_IN);
    assert!(since.elapsed() >= Duration::from_mins(1), "it was closed too early");
    println!("PTH-09: a token of 60 s kept its socket for {:.0?}", since.elapsed());
    stage.clear().await
}

struct Stage {
    fleet: Fleet,
    edge: Edge,
    app: Talker,
}

impl Stage {
    async fn set(settings: Vec<(String, String)>) -> Outcome<Self> {
        let plan = Plan { locations: 1, settings, ..Plan::default() };
        let mut fleet = Fleet::start(plan).await?;
        let app = Talker::start().await?;
        let url = json!(format!("http://127.0.0.1:{}", app.port));
        let edge = fleet.edge_with(0, "web-sockets", &[("APP_URL", url)]).await?;
        Ok(Self { fleet, edge, app })
    }

    async fn sign_in(&mut self) -> Outcome<String> {
        let (email, password) = self.fleet.somebody().await?;
        self.fleet.origin(0)?.login(&email, &password).await?.access()
    }

    async fn open(&self, token: &str) -> Outcome<Socket> {
        Ok(self.handshake(&[("authorization", &format!("Bearer {token}"))]).await?)
    }

    async fn handshake(&self, headers: &[(&'static str, &str)]) -> Result<Socket, SocketError> {
        let url = format!("ws://localhost:{}/live", self.edge.port());
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            if let Ok(value) = value.parse() {
                request.headers_mut().append(*name, value);
            }
        }
        connect_async(request).await.map(|(socket, _)| socket)
    }

    /// One for whose client the system keeps little that it has not read; as a rule it takes tens of megabytes.
    async fn open_narrow(&self, token: &str) -> Outcome<Socket> {
        let mut request =
            format!("ws://localhost:{}/live", self.edge.port()).into_client_request()?;
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(64 * 1024)?;
        let stream = socket.connect(([127, 0, 0, 1], self.edge.port()).into()).await?;
        Ok(client_async(request, MaybeTlsStream::Plain(stream)).await?.0)
    }

    async fn clear(self) -> Outcome {
        drop((self.edge, self.app));
        self.fleet.end().await
    }
}

/// An app that says everything back, closes when it is asked to, and remembers how it was closed.
struct Talker {
    port: u16,
    closed: Arc<Mutex<Vec<(u16, String)>>>,
    listening: JoinHandle<()>,
}

impl Drop for Talker {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Talker {
    async fn start() -> Outcome<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let closed = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&closed);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let closed = Arc::clone(&shared);
                tokio::spawn(async move {
                    if let Ok(socket) = accept_async(stream).await {
                        converse(socket, &closed).await;
                    }
                });
            }
        });
        Ok(Self { port, closed, listening })
    }

    /// How it was closed since this was asked last, once it was.
    async fn closed(&self) -> Outcome<(u16, String)> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let last = self.closed.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match last {
                Some(how) => return Ok(how),
                None if Instant::now() > deadline => return Err("the app's end is open".into()),
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

async fn converse(mut socket: WebSocketStream<TcpStream>, closed: &Mutex<Vec<(u16, String)>>) {
    while let Some(Ok(message)) = socket.next().await {
        let sent = match message {
            Message::Text(text) if text.starts_with("close ") => {
                let code = text.trim_start_matches("close ").parse().unwrap_or(1000);
                let reason = Utf8Bytes::from_static("as you wish");
                socket.close(Some(CloseFrame { code: u16::into(code), reason })).await
            }
            // A megabyte so often, whether or not anybody reads it, and without a look at what it is told.
            Message::Text(text) if text.starts_with("flood ") => {
                let megabyte = Bytes::from(vec![7; 1 << 20]);
                for _ in 0..text.trim_start_matches("flood ").parse().unwrap_or(0) {
                    if socket.send(Message::Binary(megabyte.clone())).await.is_err() {
                        closed
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push((1006, String::new()));
                        return;
                    }
                }
                Ok(())
            }
            Message::Text(_) | Message::Binary(_) => socket.send(message).await,
            Message::Close(frame) => {
                let how = frame.map_or((1005, String::new()), |frame| {
                    (frame.code.into(), frame.reason.to_string())
                });
                closed.lock().unwrap_or_else(PoisonError::into_inner).push(how);
                Ok(())
            }
            _ => Ok(()),
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Who may open one.
async fn handshakes(stage: &Stage, token: &str) -> Outcome {
    let own = format!("http://localhost:{}", stage.edge.port());
    let bearer = format!("Bearer {token}");
    let cookie = format!("__Host-at={token}");
    for (what, headers, status) in [
        ("nobody", vec![], 401),
        ("a bad token", vec![("authorization", "Bearer a.b.c")], 401),
        ("a token", vec![("authorization", bearer.as_str())], 101),
        (
            "a token from anywhere",
            vec![("authorization", &bearer), ("origin", "https://evil.example")],
            101,
        ),
        ("a cookie", vec![("cookie", &cookie)], 403),
        (
            "a cookie from elsewhere",
            vec![("cookie", &cookie), ("origin", "https://evil.example")],
            403,
        ),
        ("a cookie from nowhere", vec![("cookie", &cookie), ("origin", "null")], 403),
        (
            "a cookie from next door",
            vec![("cookie", &cookie), ("sec-fetch-site", "same-site")],
            403,
        ),
        ("a cookie from our own page", vec![("cookie", &cookie), ("origin", &own)], 101),
    ] {
        let found = match stage.handshake(&headers).await {
            Ok(mut socket) => {
                socket.close(None).await?;
                stage.app.closed().await?;
                101
            }
            Err(SocketError::Http(response)) => response.status().as_u16(),
            Err(error) => return Err(format!("{what}: {error}").into()),
        };
        assert_eq!(found, status, "{what}");
    }
    Ok(())
}

/// Text, bytes, and frames of a megabyte.
async fn echoes(stage: &Stage, token: &str) -> Outcome {
    let mut socket = stage.open(token).await?;
    let large: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    for message in [
        Message::text("grüß dich"),
        Message::text(""),
        Message::binary(vec![0, 255, 0]),
        Message::binary(large),
        Message::text("x".repeat(1 << 20)),
    ] {
        socket.send(message.clone()).await?;
        let back = timeout(PATIENCE, socket.next()).await?.ok_or("it was closed")??;
        assert!(back == message, "a message of {} bytes came back as another", message.len());
    }
    // Many at once, in order.
    for at in 0..1000 {
        socket.feed(Message::text(at.to_string())).await?;
    }
    socket.flush().await?;
    for at in 0..1000 {
        let back = timeout(PATIENCE, socket.next()).await?.ok_or("it was closed")??;
        assert_eq!(back.into_text()?.as_str(), at.to_string());
    }
    socket.close(None).await?;
    stage.app.closed().await?;
    Ok(())
}

/// Whoever closes it, and how, the other side is told.
async fn closes(stage: &Stage, token: &str) -> Outcome {
    for code in [1000_u16, 3000, 4000, 4999] {
        let mut socket = stage.open(token).await?;
        let reason = Utf8Bytes::from_static("done");
        socket.close(Some(CloseFrame { code: code.into(), reason })).await?;
        assert_eq!(stage.app.closed().await?, (code, "done".into()));

        let mut socket = stage.open(token).await?;
        socket.send(Message::text(format!("close {code}"))).await?;
        assert_eq!(ended(&mut socket, PATIENCE).await?, code);
        assert_eq!(stage.app.closed().await?.0, code);
    }
    // A client that is simply gone.
    let socket = stage.open(token).await?;
    drop(socket);
    let (code, _) = stage.app.closed().await?;
    assert!(code >= 1001, "{code}");
    Ok(())
}

/// Nothing holds back an app that says more than its client reads; the gate keeps some of it and no more.
async fn slow_readers(stage: &Stage, token: &str) -> Outcome {
    let before = stage.edge.memory()?;
    let mut socket = stage.open_narrow(token).await?;
    socket.send(Message::text("flood 300")).await?;
    assert_eq!(stage.app.closed().await?.0, 1006);
    let grown = stage.edge.memory()?.saturating_sub(before) >> 20;
    println!("300 MB for a client that reads nothing: the edge grew by {grown} MB");
    assert!(grown < 150, "{grown} MB");
    drop(socket);
    // An app that listens is told, and what was kept is still to be had, and how it ended.
    let mut socket = stage.open_narrow(token).await?;
    for _ in 0..32 {
        socket.feed(Message::binary(vec![7; 1 << 20])).await?;
    }
    socket.flush().await?;
    assert_eq!(stage.app.closed().await?, (1013, "too slow".into()));
    assert_eq!(ended(&mut socket, PATIENCE).await?, 1013);
    Ok(())
}

/// The code that a socket is closed with.
pub(crate) async fn ended(socket: &mut Socket, patience: Duration) -> Outcome<u16> {
    let close = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(frame))) => {
                    return Ok(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err("it broke off".into()),
            }
        }
    };
    timeout(patience, close).await.map_err(|_| format!("still open after {patience:?}"))?
}

/// The session ends, so its socket does, within the bound of a logout.
async fn logout(stage: &Stage, token: &str) -> Outcome {
    let origin = stage.fleet.origin(0)?;
    let mut socket = stage.open(token).await?;
    let request = origin.request(Method::POST, "/auth/logout").bearer_auth(token);
    origin.send(request).await?.expect(204)?;
    let since = Instant::now();
    let code = ended(&mut socket, BOUND).await?;
    println!("PTH-09: a socket was closed with {code} {:.1?} after the logout", since.elapsed());
    assert_eq!(code, NOT_SIGNED_IN);
    assert_eq!(stage.app.closed().await?.0, NOT_SIGNED_IN);
    let again = stage.handshake(&[("authorization", &format!("Bearer {token}"))]).await;
    let Err(SocketError::Http(response)) = again else {
        return Err("a revoked token opened another socket".into());
    };
    assert_eq!(response.status(), 401);
    Ok(())
}
