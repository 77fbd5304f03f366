//! The smallest HTTP server: a thread a connection, and answers made beforehand. For measurements, in
//! which the other side must take little of the machine.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Far more than any head of a request here.
const MAX_HEAD: usize = 64 * 1024;

/// A request: its line and headers, as they came.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    head: &'a str,
}

impl<'a> Asked<'a> {
    /// The path and the query.
    #[must_use]
    pub fn target(&self) -> &'a str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// The lines behind the first.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.head.lines().skip(1).filter_map(|line| line.split_once(": "))
    }

    /// The value of the first header of this name, which is written in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let mut all = self.headers();
        all.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// A whole answer, head and body.
#[must_use]
pub fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// Serves on a free loopback port, for as long as this process lives; says on which.
///
/// # Errors
/// When there is no port to be had.
pub fn serve(answers: impl Fn(Asked<'_>) -> Arc<[u8]> + Send + Sync + 'static) -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let answers = Arc::new(answers);
    thread::Builder::new().name("stub".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            // A connection that breaks is its client's to notice.
            thread::spawn(move || drop(talk(stream, &*answers)));
        }
    })?;
    Ok(port)
}

fn talk(mut stream: TcpStream, answers: &dyn Fn(Asked<'_>) -> Arc<[u8]>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let end = loop {
            if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if buffer.len() > MAX_HEAD || read(&mut stream, &mut buffer)? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default()).into_owned();
        let asked = Asked { head: &head };
        let body = asked.header("content-length").and_then(|length| length.parse().ok());
        let whole = end + 4 + body.unwrap_or(0_usize);
        while buffer.len() < whole {
            if read(&mut stream, &mut buffer)? == 0 {
                return Ok(());
            }
        }
        buffer.drain(..whole);
        stream.write_all(&answers(asked))?;
    }
}

fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut chunk = [0; 4096];
    let read = stream.read(&mut chunk)?;
    buffer.extend_from_slice(chunk.get(..read).unwrap_or_default());
    Ok(read)
}
