//! Bytes on a socket, for requests that no client library would send.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
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

    /// The value of a header, empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        header(&self.text, name).unwrap_or_default()
    }
}

/// Sends bytes and reads until the other side closes or is silent.
///
/// # Errors
/// When there is nobody to connect to.
pub async fn send(port: u16, request: &[u8]) -> Outcome<RawAnswer> {
    send_for(port, request, Duration::from_secs(10)).await
}

/// The same for at most this long.
///
/// # Errors
/// When there is nobody to connect to.
pub async fn send_for(port: u16, request: &[u8], patience: Duration) -> Outcome<RawAnswer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    // The other side may refuse before it has read all.
    let written = stream.write_all(request).await;
    let mut bytes = Vec::new();
    let read = timeout(patience, stream.read_to_end(&mut bytes)).await;
    drop((written, read));
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(RawAnswer { status: status(&text), text })
}

/// Several answers on one connection, each read before the next request is sent.
#[derive(Debug)]
pub struct Line {
    stream: BufReader<TcpStream>,
}

impl Line {
    /// A connection.
    ///
    /// # Errors
    /// When there is nobody to connect to.
    pub async fn open(port: u16) -> Outcome<Self> {
        Ok(Self { stream: BufReader::new(TcpStream::connect(("127.0.0.1", port)).await?) })
    }

    /// Sends a request and reads its one answer; nothing when the other side has closed.
    ///
    /// # Errors
    /// When the answer is not one, or does not come.
    pub async fn ask(&mut self, request: &[u8]) -> Outcome<Option<RawAnswer>> {
        if self.stream.get_mut().write_all(request).await.is_err() {
            return Ok(None);
        }
        timeout(Duration::from_secs(10), self.answer()).await?
    }

    async fn answer(&mut self) -> Outcome<Option<RawAnswer>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if self.stream.read_until(b'\n', &mut head).await.unwrap_or(0) == 0 {
                return Ok(None);
            }
        }
        let mut text = String::from_utf8_lossy(&head).into_owned();
        if let Some(length) = header(&text, "content-length") {
            let mut body = vec![0; length.parse()?];
            self.stream.read_exact(&mut body).await?;
            text += &String::from_utf8_lossy(&body);
        } else if header(&text, "transfer-encoding").is_some() {
            loop {
                let mut size = String::new();
                self.stream.read_line(&mut size).await?;
                let length = usize::from_str_radix(size.trim(), 16)?;
                let mut chunk = vec![0; length + 2];
                self.stream.read_exact(&mut chunk).await?;
                text += &String::from_utf8_lossy(chunk.get(..length).unwrap_or_default());
                if length == 0 {
                    break;
                }
            }
        }
        Ok(Some(RawAnswer { status: status(&text), text }))
    }
}

/// The value of a header of an answer.
fn header<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (head, _) = text.split_once("\r\n\r\n")?;
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

fn status(text: &str) -> Option<u16> {
    text.strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|status| status.parse().ok())
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
