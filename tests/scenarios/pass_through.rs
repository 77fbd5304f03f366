//! WRK-10, FRM and CCH from the app's side: what is neither ours nor dangerous passes untouched, at the
//! pace at which it comes; and an app that fails is said to have failed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request};
use axum::routing::{any, get};
use e2e::fleet::free_port;
use e2e::{Edge, Outcome, raw};
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use xtask::stack::Served;

use crate::front::Front;

const MIB: u64 = 1 << 20;
/// How much goes up and down.
const BODY: u64 = 64 * MIB;
const BODY_AT_LENGTH: u64 = 1024 * MIB;
/// What workerd may grow by meanwhile, however much that is: buffers and garbage.
const GROWTH: u64 = 48 * MIB;
/// Nothing here takes as long on an idle machine.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn tell() -> Outcome {
    let mut front = Front::start(None).await?;
    bytes(&front).await?;
    redirects(&front).await?;
    events(&mut front).await?;
    large(&mut front, BODY).await?;
    odd_statuses(&front).await?;
    down(&mut front).await?;
    front.fleet.end().await
}

pub(crate) async fn tell_at_length() -> Outcome {
    let mut front = Front::start(None).await?;
    large(&mut front, BODY_AT_LENGTH).await?;
    silent(&mut front).await?;
    slow_uploads(&mut front).await?;
    front.fleet.end().await
}

/// An edge in front of this app.
async fn edge_to(front: &mut Front, port: u16, name: &str) -> Outcome<Edge> {
    let app = json!(format!("http://127.0.0.1:{port}"));
    front.fleet.edge_with(0, name, &[("APP_URL", app)]).await
}

/// Compressed bodies, ranges and validators: byte for byte, header for header.
async fn bytes(front: &Front) -> Outcome {
    let compressed: Vec<u8> = (0..=255).cycle().take(5000).collect();
    for (path, head, body) in [
        ("gzip", "HTTP/1.1 200 OK\r\ncontent-encoding: gzip", &GZIP[..]),
        // No more brotli than its name: who decodes it on the way fails.
        ("br", "HTTP/1.1 200 OK\r\ncontent-encoding: br", &compressed),
        ("zstd", "HTTP/1.1 200 OK\r\ncontent-encoding: zstd", &compressed),
        ("part", "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-4999/9000", &compressed),
        ("beyond", "HTTP/1.1 416 Range Not Satisfiable\r\ncontent-range: bytes */9000", b""),
        ("same", "HTTP/1.1 304 Not Modified\r\netag: \"a\"", b""),
        ("teapot", "HTTP/1.1 418 I'm a teapot\r\nx-custom: a\r\nset-cookie: a=b", b"short"),
        (
            "failed",
            "HTTP/1.1 500 Internal Server Error\r\ncontent-type: text/plain",
            b"the app's own words",
        ),
    ] {
        for (prefix, credential) in [
            ("/public", String::new()),
            ("/account", format!("authorization: Bearer {}\r\n", front.token)),
        ] {
            let path = format!("{prefix}/{path}");
            front.app.answer(&path, head, body);
            let asks = "accept-encoding: gzip, br\r\nrange: bytes=0-4999\r\nif-none-match: \"a\"\r\n\
                        if-range: \"a\"\r\n";
            let answer = raw_bytes(front.port(), &path, &format!("{credential}{asks}")).await?;
            let (told, sent) = split(&answer)?;
            let status = head.lines().next().and_then(|line| line.split(' ').nth(1)).unwrap_or("");
            assert!(told.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {told}");
            assert_eq!(sent, body, "{path}: the body was changed");
            for line in head.lines().skip(1) {
                let kept = told.lines().any(|own| own.eq_ignore_ascii_case(line));
                assert!(kept, "{path}: {line} was lost: {told}");
            }
            let reached = front.app.take();
            assert_eq!(reached.len(), 1, "{path}");
            for line in asks.lines() {
                let (name, value) = line.split_once(": ").unwrap_or_default();
                assert_eq!(reached[0].values(name), [value], "{path}: {name} was not passed on");
            }
        }
    }
    Ok(())
}

/// "portcullis", compressed.
const GZIP: [u8; 30] = [
    0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0x02, 0x03, 0x2b, 0xc8, 0x2f, 0x2a, 0x49, 0x2e, 0xcd, 0xc9,
    0xc9, 0x2c, 0x06, 0, 0x92, 0x59, 0x17, 0x92, 0x0a, 0, 0, 0,
];

async fn raw_bytes(port: u16, target: &str, headers: &str) -> Outcome<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!(
        "GET {target} HTTP/1.1\r\nhost: localhost:{port}\r\n{headers}connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut bytes)).await??;
    Ok(bytes)
}

fn split(answer: &[u8]) -> Outcome<(String, &[u8])> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").ok_or("no answer")?;
    let (head, body) = answer.split_at(end + 4);
    Ok((String::from_utf8(head.to_vec())?, body))
}

/// Where an app points is the client's to follow, not the edge's.
async fn redirects(front: &Front) -> Outcome {
    let location = format!("{}/account/elsewhere", front.app.url());
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let head = format!("HTTP/1.1 {status}\r\nlocation: {location}");
        front.app.answer("/public/moved", &head, "");
        let answer = raw::get(front.port(), "/public/moved", "").await?;
        assert_eq!(answer.status, status[..3].parse().ok(), "{}", answer.text);
        assert_eq!(answer.header("location"), location);
        assert_eq!(front.app.take().len(), 1, "{status} was followed");
    }
    Ok(())
}

/// Server-sent events: each arrives before the next one is made.
async fn events(front: &mut Front) -> Outcome {
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let answer = move || {
        let gate = Arc::clone(&gate);
        async move {
            let events = stream::unfold((gate, 0), |(gate, count)| async move {
                gate.acquire().await.ok()?.forget();
                let event = format!("data: {count}\n\n");
                Some((Ok::<_, std::convert::Infallible>(event), (gate, count + 1)))
            });
            ([("content-type", "text/event-stream")], Body::from_stream(events))
        }
    };
    let app = Served::start("events", 0, Router::new().route("/{*rest}", get(answer)))?;
    let edge = edge_to(front, app.port(), "events").await?;
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", edge.port())).await?);
    let request = format!(
        "GET /orders HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
        front.token
    );
    stream.get_mut().write_all(request.as_bytes()).await?;
    for count in 0..5 {
        go.add_permits(1);
        let wanted = format!("data: {count}");
        let arrives = async {
            let mut line = String::new();
            while !line.starts_with(&wanted) {
                line.clear();
                if stream.read_line(&mut line).await? == 0 {
                    return Err("the stream ended".into());
                }
            }
            Outcome::Ok(())
        };
        timeout(PATIENCE, arrives).await.map_err(|_| format!("event {count} was held back"))??;
    }
    Ok(())
}

/// WRK-10: bodies much larger than what the edge may keep.
async fn large(front: &mut Front, bytes: u64) -> Outcome {
    let send = |Path(bytes): Path<u64>| async move {
        const CHUNK: Bytes = Bytes::from_static(&[b'x'; 64 * 1024]);
        let chunks = bytes / CHUNK.len() as u64;
        let body = stream::iter(0..chunks).map(|_| Ok::<_, std::convert::Infallible>(CHUNK));
        Body::from_stream(body)
    };
    let count = |request: Request| async move {
        let mut chunks = request.into_body().into_data_stream();
        let mut bytes = 0;
        while let Some(Ok(chunk)) = chunks.next().await {
            bytes += chunk.len();
        }
        format!("counted {bytes}")
    };
    let router = Router::new().route("/send/{bytes}", get(send)).route("/count", any(count));
    let app = Served::start("large", 0, router)?;
    let edge = edge_to(front, app.port(), "large").await?;
    let before = edge.memory()?;
    let mut most = before;

    let head = |method: &str, target: &str, more: &str| {
        format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n{more}\
             connection: close\r\n\r\n",
            front.token
        )
    };
    let mut stream = TcpStream::connect(("127.0.0.1", edge.port())).await?;
    stream.write_all(head("GET", &format!("/send/{bytes}"), "").as_bytes()).await?;
    let (mut buffer, mut came) = (vec![0; 256 * 1024], 0_u64);
    loop {
        let read = timeout(PATIENCE, stream.read(&mut buffer)).await??;
        if read == 0 {
            break;
        }
        let mark = came / (4 * MIB);
        came += read as u64;
        if came / (4 * MIB) > mark {
            most = most.max(edge.memory()?);
        }
    }
    assert!(came >= bytes, "only {came} of {bytes} bytes came down");
    let down = most - before;

    let mut stream = TcpStream::connect(("127.0.0.1", edge.port())).await?;
    let length = format!("content-length: {bytes}\r\n");
    stream.write_all(head("POST", "/count", &length).as_bytes()).await?;
    let chunk = vec![b'y'; 256 * 1024];
    for at in 0..bytes / chunk.len() as u64 {
        timeout(PATIENCE, stream.write_all(&chunk)).await??;
        if at % 16 == 0 {
            most = most.max(edge.memory()?);
        }
    }
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await??;
    assert!(answer.contains(&format!("counted {bytes}")), "{answer}");
    let grown = most - before;
    println!(
        "WRK-10: {} MiB down and up; workerd, of {} MiB, grew by {} and {} MiB",
        bytes / MIB,
        before / MIB,
        down / MIB,
        grown / MIB
    );
    assert!(grown <= GROWTH, "workerd grew by {} MiB", grown / MIB);
    Ok(())
}

/// Statuses that no Worker may answer with: the app has failed.
async fn odd_statuses(front: &Front) -> Outcome {
    for status in ["600 Odd", "999 Request Denied"] {
        front.app.answer("/account/odd", &format!("HTTP/1.1 {status}"), "");
        let credential = format!("authorization: Bearer {}\r\n", front.token);
        let answer = raw::get(front.port(), "/account/odd", &credential).await?;
        assert_eq!(answer.status, Some(502), "{status}: {}", answer.text);
        assert!(answer.body().contains("upstream_unreachable"), "{status}: {}", answer.text);
        assert_eq!(front.app.take().len(), 1, "{status}");
    }
    Ok(())
}

/// An app that answers once it has read all of a body that comes slowly: its patience is for the answer,
/// not for the line.
async fn slow_uploads(front: &mut Front) -> Outcome {
    const CHUNKS: usize = 70;
    let count = |body: Bytes| async move { format!("counted {}", body.len()) };
    let app = Served::start("uploads", 0, Router::new().route("/{*rest}", any(count)))?;
    let edge = edge_to(front, app.port(), "uploads").await?;
    let chunk = vec![b'z'; 16 * 1024];
    let whole = chunk.len() * CHUNKS;
    for length in [format!("content-length: {whole}"), "transfer-encoding: chunked".into()] {
        let is_chunked = length.starts_with("transfer");
        let mut stream = TcpStream::connect(("127.0.0.1", edge.port())).await?;
        let head = format!(
            "POST /orders HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n{length}\r\n\
             connection: close\r\n\r\n",
            front.token
        );
        stream.write_all(head.as_bytes()).await?;
        for _ in 0..CHUNKS {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if is_chunked {
                stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await?;
            }
            stream.write_all(&chunk).await?;
            if is_chunked {
                stream.write_all(b"\r\n").await?;
            }
        }
        if is_chunked {
            stream.write_all(b"0\r\n\r\n").await?;
        }
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await??;
        assert!(answer.contains(&format!("counted {whole}")), "{length}: {answer}");
    }
    Ok(())
}

/// An app that is not there.
async fn down(front: &mut Front) -> Outcome {
    let port = free_port()?;
    let edge = edge_to(front, port, "down").await?;
    let client = edge.client()?;
    for answer in [client.get("/orders", &front.token).await?, client.get_plain("/public/x").await?]
    {
        let answer = answer.expect(502)?;
        assert_eq!(answer.code(), "upstream_unreachable");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.header("cache-control").contains("no-store"), "{:?}", answer.headers);
        // Where the app is, is the operator's business alone.
        assert!(!answer.body.contains(&port.to_string()), "{}", answer.body);
    }
    let told = format!("upstream_unreachable: no answer from http://127.0.0.1:{port}. ");
    let deadline = Instant::now() + PATIENCE;
    // A log is written a little later than an answer.
    while !edge.printed()?.contains(&told) {
        assert!(Instant::now() < deadline, "not told: {told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// An app that never answers.
async fn silent(front: &mut Front) -> Outcome {
    let router = Router::new().fallback(std::future::pending::<()>);
    let app = Served::start("silent", 0, router)?;
    let edge = edge_to(front, app.port(), "silent").await?;
    let request = format!(
        "GET /orders HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         connection: close\r\n\r\n",
        front.token
    );
    let answer = raw::send_for(edge.port(), request.as_bytes(), Duration::from_secs(90)).await?;
    assert_eq!(answer.status, Some(504), "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text);
    Ok(())
}
