//! What holds for every request: on the router, and on real sockets.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::*;
use crate::http::serve;
use crate::http::server::Listening;

#[tokio::test]
async fn wrong_paths_and_methods_are_problems_too() {
    let origin = Origin::start().await;
    for path in
        ["/", "/auth", "/auth/login/", "//auth/login", "/AUTH/login", "/auth/%6cogin", "/healthz"]
    {
        origin.get(path, &[]).await.expect(404, "not_found");
    }
    for (method, path, allowed) in [
        ("PUT", "/auth/login", "POST,GET,HEAD"),
        ("GET", "/auth/refresh", "POST"),
        ("GET", "/auth/logout", "POST"),
        ("DELETE", "/auth/logout", "POST"),
        ("TRACE", "/auth/me", "GET,HEAD"),
        ("PROPFIND", "/auth/me", "GET,HEAD"),
        ("POST", "/.well-known/jwks.json", "GET,HEAD"),
    ] {
        let answer = origin.send(request(method, path, Body::empty(), &[])).await;
        answer.expect(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn cch_04_nothing_but_public_documents_may_be_kept() {
    let origin = Origin::start().await;
    let session = origin.sign_in("a@b.co").await;
    assert_eq!(session.header("cache-control"), "no-store");
    assert_eq!(session.header("pragma"), "no-cache");
    let bearer = session.bearer();
    for path in ["/auth/me", "/auth/sessions"] {
        let answer = origin.get(path, &[("authorization", &bearer)]).await;
        assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"));
    }
}

/// Sends bytes on a connection of its own and reads until the other side closes it.
async fn raw(address: SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn frm_01_02_04_one_request_has_one_meaning_and_one_answer() {
    let origin = Origin::start().await;
    let listening = Listening::on("127.0.0.1:0".parse().unwrap(), "server.listen").await.unwrap();
    let address = listening.address;
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(serve(listening, origin.router.clone(), stopped));

    let path = "/.well-known/jwks.json";
    let long = "x".repeat(70_000);
    let many = "x: y\r\n".repeat(101);
    for (request, statuses) in [
        (format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"), &[200][..]),
        (format!("GET {path} HTTP/1.0\r\n\r\n"), &[200]),
        (format!("GET {path} HTTP/1.1\r\n\r\n"), &[400]),
        (format!("GET {path} HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), &[400]),
        (format!("GET http://other{path} HTTP/1.1\r\nHost: a\r\n\r\n"), &[400]),
        (String::from("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), &[400, 404]),
        (format!("GET {path} HTTP/1.1\r\nHost : a\r\n\r\n"), &[400]),
        (format!("GET {path} HTTP/1.1\r\nHost: a\r\n x: folded\r\n\r\n"), &[400]),
        (format!("GET {path} HTTP/9.9\r\nHost: a\r\n\r\n"), &[400]),
        (format!("GET {path} HTTP/1.1\r\nHost: a\r\nx: {long}\r\n\r\n"), &[431, 400]),
        (format!("GET {path} HTTP/1.1\r\nHost: a\r\n{many}\r\n"), &[431, 400]),
        (
            String::from(
                "POST /auth/logout HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
            ),
            &[400],
        ),
        (
            String::from(
                "POST /auth/logout HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
            ),
            &[400],
        ),
        (
            String::from(
                "POST /auth/logout HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            ),
            &[400],
        ),
    ] {
        let answer = raw(address, &request).await;
        let shown = &request[..request.len().min(120)];
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{shown:?} got {answer:?}");
        let status: u16 = answer.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(statuses.contains(&status), "{shown:?} got {answer:?}");
    }

    // The end of the chunked body is where the next request begins: the length is not heeded.
    let smuggled = "POST /auth/logout HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\
                    Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let answer = raw(address, smuggled).await;
    assert!(answer.matches("HTTP/1.").count() <= 1 || !answer.contains("204"), "{answer}");

    stop.send_replace(true);
    tokio::time::timeout(Duration::from_secs(5), serving).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "the port is free again");
}

/// A byte a second on each, as long as it is taken.
#[tokio::test]
async fn frm_05_whoever_never_comes_to_an_end_is_hung_up_on_and_holds_nobody_up() {
    const SLOW: usize = 200;
    let origin = Origin::start().await;
    let listening = Listening::on("127.0.0.1:0".parse().unwrap(), "server.listen").await.unwrap();
    let address = listening.address;
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(serve(listening, origin.router.clone(), stopped));
    let since = Instant::now();
    let drip = move || async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /auth/login HTTP/1.1\r\nhost: a\r\nx: ").await.unwrap();
        let mut byte = [0];
        loop {
            let told = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut byte)).await;
            // Hung up on, with or without a word.
            if told.is_ok() || stream.write_all(b"x").await.is_err() {
                return since.elapsed();
            }
        }
    };
    let mut slow = tokio::task::JoinSet::new();
    for _ in 0..SLOW {
        slow.spawn(drip());
    }
    let good = "GET /auth/login HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    while slow.len() == SLOW {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(good.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        tokio::time::sleep(Duration::from_millis(500)).await;
        if let Some(first) = slow.try_join_next() {
            assert!(first.unwrap() > Duration::from_secs(10), "somebody far away is this slow");
        }
    }
    let last = tokio::time::timeout(Duration::from_secs(30), slow.join_all()).await.unwrap();
    assert!(last.iter().all(|held| *held < Duration::from_mins(1)), "{last:?}");
    stop.send(true).unwrap();
    serving.await.unwrap();
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_its_key() {
    let first = Listening::on("127.0.0.1:0".parse().unwrap(), "server.listen").await.unwrap();
    let Err(taken) = Listening::on(first.address, "server.operator_listen").await else {
        panic!("one port, two listeners");
    };
    let words = taken.to_string();
    assert!(words.contains("server.operator_listen"), "{words}");
    assert!(words.contains(&first.address.port().to_string()), "{words}");
}
