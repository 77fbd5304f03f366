//! An app that writes down, byte for byte, what reaches it, and answers as it was told to. No HTTP
//! library is between: it would repair what is to be seen.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::Outcome;

/// A request as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The request line, without its end.
    pub line: String,
    /// The header lines, each without its end.
    pub headers: Vec<String>,
    /// The body, its chunks joined.
    pub body: Vec<u8>,
    /// On which connection it came.
    pub connection: usize,
}

impl Recorded {
    /// The request target.
    #[must_use]
    pub fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    /// The target without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }

    /// The values of a header, in whatever case it was written.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter_map(|line| line.split_once(':'))
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect()
    }
}

/// What is shared with the connections.
#[derive(Debug, Default)]
struct Tape {
    requests: Mutex<Vec<Recorded>>,
    answers: Mutex<BTreeMap<String, Vec<u8>>>,
    connections: AtomicUsize,
}

/// A running recorder; ended when dropped.
#[derive(Debug)]
pub struct Recorder {
    port: u16,
    tape: Arc<Tape>,
    listening: JoinHandle<()>,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Recorder {
    /// Listens on a free loopback port.
    ///
    /// # Errors
    /// When the system has none.
    pub async fn start() -> Outcome<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let tape = Arc::new(Tape::default());
        let shared = Arc::clone(&tape);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let tape = Arc::clone(&shared);
                let connection = tape.connections.fetch_add(1, Ordering::SeqCst);
                // A connection that breaks has nothing more to say.
                tokio::spawn(async move { converse(stream, connection, &tape).await.ok() });
            }
        });
        Ok(Self { port, tape, listening })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers requests for this path (without query) with exactly this head: status line and header
    /// lines without the framing, which is added with the body.
    pub fn answer(&self, path: &str, head: &str, body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        let mut answer = format!("{head}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend_from_slice(body);
        let mut answers = self.tape.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(path.into(), answer);
    }

    /// What came since this was asked last.
    #[must_use]
    pub fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.tape.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn converse(stream: TcpStream, connection: usize, tape: &Tape) -> Outcome {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream, connection).await? {
        let answer = answer_to(&request, tape);
        tape.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        stream.get_mut().write_all(&answer).await?;
    }
    Ok(())
}

/// The answer that was set, or one that names the request by its `x-tag`.
fn answer_to(request: &Recorded, tape: &Tape) -> Vec<u8> {
    let answers = tape.answers.lock().unwrap_or_else(PoisonError::into_inner);
    let mut answer = answers.get(request.path()).cloned().unwrap_or_else(|| {
        let tag = request.values("x-tag").join(",");
        let body = format!("recorded {} {} {tag}", request.method(), request.target());
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-tag: {tag}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    });
    // RFC 9110 §9.3.2, §15.4.5: the head alone.
    if request.method() == "HEAD" || answer.starts_with(b"HTTP/1.1 304 ") {
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        answer.truncate(end.map_or(0, |end| end + 4));
    }
    answer
}

/// The next request of a connection; nothing when the other side is done.
async fn read(stream: &mut BufReader<TcpStream>, connection: usize) -> Outcome<Option<Recorded>> {
    let Some(line) = line(stream).await? else { return Ok(None) };
    let mut headers = Vec::new();
    loop {
        match line_of(stream).await? {
            header if header.is_empty() => break,
            header => headers.push(header),
        }
    }
    let mut request = Recorded { line, headers, body: Vec::new(), connection };
    let chunked = request.values("transfer-encoding").contains(&"chunked");
    let length = request.values("content-length").first().map(|length| length.parse::<usize>());
    if chunked {
        loop {
            let size = line_of(stream).await?;
            let size = usize::from_str_radix(size.split(';').next().unwrap_or_default(), 16)?;
            let start = request.body.len();
            request.body.resize(start + size, 0);
            stream.read_exact(request.body.get_mut(start..).unwrap_or_default()).await?;
            line_of(stream).await?;
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = length {
        request.body.resize(length?, 0);
        stream.read_exact(&mut request.body).await?;
    }
    Ok(Some(request))
}

async fn line_of(stream: &mut BufReader<TcpStream>) -> Outcome<String> {
    line(stream).await?.ok_or_else(|| "the connection ended within a request".into())
}

/// A line without its end; nothing at the end of the stream.
async fn line(stream: &mut BufReader<TcpStream>) -> Outcome<Option<String>> {
    let mut bytes = Vec::new();
    if stream.read_until(b'\n', &mut bytes).await? == 0 {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.trim_end_matches(['\r', '\n']).into()))
}
