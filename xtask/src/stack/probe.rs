//! Asks a part on the loopback interface whether it answers, and with what.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The status of a GET that shows a token which is none: what knows keys says 401, what does not
/// says 503. No more is asked here, so a line of HTTP/1.1 does for a client.
pub(crate) async fn status(port: u16, path: &str) -> io::Result<u16> {
    timeout(PATIENCE, ask(port, path)).await?
}

async fn ask(port: u16, path: &str) -> io::Result<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\nauthorization: Bearer probe\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    // RFC 9112 §4: the status line, of which "HTTP/1.1 401" is enough.
    stream.take(12).read_to_string(&mut answer).await?;
    answer
        .strip_prefix("HTTP/1.1 ")
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no HTTP status line"))
}
