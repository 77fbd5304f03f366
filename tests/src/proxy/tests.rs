use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// Echoes whatever comes.
async fn echo() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await.ok();
            });
        }
    });
    port
}

async fn say(stream: &mut TcpStream, words: &[u8]) -> Vec<u8> {
    stream.write_all(words).await.unwrap();
    let mut heard = vec![0; words.len()];
    let count = stream.read(&mut heard).await.unwrap_or_default();
    heard.truncate(count);
    heard
}

async fn connected(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap()
}

#[tokio::test]
async fn bytes_go_both_ways_and_as_late_as_told() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut stream = connected(&proxy).await;
    assert_eq!(say(&mut stream, b"hello").await, b"hello");
    proxy.delay(Way::Back, Duration::from_millis(200));
    let began = Instant::now();
    assert_eq!(say(&mut stream, b"hello").await, b"hello");
    assert!(began.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn replication_alone_is_late() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    proxy.delay_replication(Duration::from_millis(200));
    let (mut client, mut replica) = (connected(&proxy).await, connected(&proxy).await);
    say(&mut replica, b"PSYNC ? -1").await;
    let began = Instant::now();
    say(&mut client, b"hello").await;
    assert!(began.elapsed() < Duration::from_millis(200));
    say(&mut replica, b"hello").await;
    assert!(began.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_held_request_has_not_arrived_and_a_held_answer_has_not_come_back() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    for hold in [Proxy::hold_request, Proxy::hold_answer] {
        let mut stream = connected(&proxy).await;
        let held = hold(&proxy, b"this");
        assert_eq!(say(&mut stream, b"that").await, b"that");
        let (heard, ()) = tokio::join!(say(&mut stream, b"all of this"), async {
            let release = held.caught().await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            release.go_on();
        });
        assert_eq!(heard, b"all of this");
        // Dropped, it takes the connection with it.
        let held = hold(&proxy, b"this");
        let (heard, ()) = tokio::join!(say(&mut stream, b"all of this"), async {
            drop(held.caught().await.unwrap());
        });
        assert_eq!(heard, b"");
    }
}

#[tokio::test]
async fn a_cut_closes_a_hang_is_silent_and_refusing_takes_nobody() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut stream = connected(&proxy).await;
    say(&mut stream, b"hello").await;
    proxy.cut();
    assert_eq!(say(&mut stream, b"hello").await, b"");

    let mut stream = connected(&proxy).await;
    proxy.hang();
    let heard = tokio::time::timeout(Duration::from_millis(100), say(&mut stream, b"hello")).await;
    assert!(heard.is_err());
    proxy.resume();
    let mut late = [0; 5];
    stream.read_exact(&mut late).await.unwrap();

    proxy.refuse();
    assert_eq!(say(&mut connected(&proxy).await, b"hello").await, b"");
    proxy.accept();
    assert_eq!(say(&mut connected(&proxy).await, b"hello").await, b"hello");
}
