//! Bytes on a socket, for requests that no client library would send.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Outcome;

/// An answer, as far as it can be told apart.
#[derive(Clone, Debug)]
pub struct RawAnswer {
    /// The status; `None` when the connection was closed without an answer.
    pub status: Option<u16>,
    /// Everything that came.
    pub text: String,
}

impl RawAnswer {
    /// The body of an answer that was not chunked, or the chunks with their sizes between.
    #[must_use]
    pub fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

/// Sends bytes and reads until the other side closes or is silent.
///
/// # Errors
/// When there is nobody to connect to.
pub async fn send(port: u16, request: &[u8]) -> Outcome<RawAnswer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    // The other side may refuse before it has read all.
    let written = stream.write_all(request).await;
    let mut bytes = Vec::new();
    let read = timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes)).await;
    drop((written, read));
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|status| status.parse().ok());
    Ok(RawAnswer { status, text })
}

/// `GET` of exactly this request target, with these header lines.
///
/// # Errors
/// When there is nobody to connect to.
pub async fn get(port: u16, target: &str, headers: &str) -> Outcome<RawAnswer> {
    let request = format!(
        "GET {target} HTTP/1.1\r\nhost: localhost:{port}\r\n{headers}connection: close\r\n\r\n"
    );
    send(port, request.as_bytes()).await
}
