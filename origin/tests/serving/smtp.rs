//! A mail server of a test's own: as much of SMTP (RFC 5321) as a sender needs, with STARTTLS (RFC 3207)
//! where it has a certificate. It remembers what was said before encryption, and can hold letters back.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a server has seen, and whether it takes letters.
#[derive(Default)]
pub(crate) struct Seen {
    /// The lines that went over the wire as they are.
    pub(crate) plain: Vec<String>,
    /// How many letters arrived, and how many of them encrypted.
    pub(crate) letters: (usize, usize),
    /// Whether letters wait before they are taken.
    pub(crate) holds: bool,
}

/// A running server; its threads end with the test's process.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    pub(crate) seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl MailServer {
    /// Starts one, with the certificate that [`certificate`] has made in this folder.
    pub(crate) fn start(certificate: Option<&Path>) -> Self {
        let tls = certificate.map(|file| {
            let chain = vec![CertificateDer::from_pem_file(file).expect("PEM")];
            let key = PrivateKeyDer::from_pem_file(file.with_extension("key")).expect("PEM");
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let builder = ServerConfig::builder_with_provider(provider);
            let builder = builder.with_safe_default_protocol_versions().expect("TLS 1.3");
            Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).expect("a pair"))
        });
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::<(Mutex<Seen>, Condvar)>::default();
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (tls, seen) = (tls.clone(), Arc::clone(&kept));
                // A sender that goes away is no matter of the server's.
                std::thread::spawn(move || serve(connection, tls, &seen).ok());
            }
        });
        Self { port, seen }
    }

    /// Takes letters, or holds them back.
    pub(crate) fn hold(&self, holds: bool) {
        self.seen.0.lock().expect("no thread panics").holds = holds;
        self.seen.1.notify_all();
    }
}

/// A certificate for 127.0.0.1 that is its own authority, and its key beside it.
pub(crate) fn certificate(folder: &Path, name: &str) -> PathBuf {
    let line = "req -x509 -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test \
                -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:127.0.0.1";
    let file = folder.join(name).with_extension("pem");
    let made = Command::new("openssl")
        .args(line.split_whitespace())
        .arg("-keyout")
        .arg(file.with_extension("key"))
        .arg("-out")
        .arg(&file)
        .output()
        .expect("openssl is installed (`sudo apt-get install openssl`)");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    file
}

fn serve(
    mut plain: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    seen: &(Mutex<Seen>, Condvar),
) -> io::Result<()> {
    plain.write_all(b"220 ready\r\n")?;
    let offered = if tls.is_some() { "STARTTLS" } else { "8BITMIME" };
    if converse(&mut plain, offered, seen, false)?
        && let Some(tls) = tls
    {
        let session = ServerConnection::new(tls).map_err(io::Error::other)?;
        converse(&mut StreamOwned::new(session, plain), "AUTH PLAIN", seen, true)?;
    }
    Ok(())
}

/// Speaks with a sender until it goes, or wants encryption.
fn converse(
    stream: &mut (impl Read + Write),
    offered: &str,
    (seen, changed): &(Mutex<Seen>, Condvar),
    encrypted: bool,
) -> io::Result<bool> {
    loop {
        let line = line(stream)?;
        if !encrypted {
            seen.lock().expect("no thread panics").plain.push(line.clone());
        }
        let answer = match line.split(' ').next().unwrap_or_default() {
            "EHLO" => format!("250-here\r\n250 {offered}"),
            "STARTTLS" => {
                stream.write_all(b"220 go on\r\n")?;
                return Ok(true);
            }
            "AUTH" => String::from("235 welcome"),
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                while self::line(stream)? != "." {}
                let seen = seen.lock().expect("no thread panics");
                let mut seen =
                    changed.wait_while(seen, |seen| seen.holds).expect("no thread panics");
                seen.letters.0 += 1;
                seen.letters.1 += usize::from(encrypted);
                String::from("250 kept")
            }
            "QUIT" => return Ok(false),
            _ => String::from("250 fine"),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
        stream.flush()?;
    }
}

/// Byte by byte, since what comes behind it may be encrypted.
fn line(stream: &mut impl Read) -> io::Result<String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while !line.ends_with(b"\r\n") {
        stream.read_exact(&mut byte)?;
        line.extend(byte);
    }
    line.truncate(line.len() - 2);
    Ok(String::from_utf8_lossy(&line).into_owned())
}
