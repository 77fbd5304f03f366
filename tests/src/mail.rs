//! A real mail server (the npm package `smtp-server`), and whoever reads the letters.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use xtask::stack::Part;
use xtask::{Workspace, setup};

use crate::fleet::free_port;
use crate::{Outcome, secrets};

/// How long the server may take to come up, and a letter to arrive.
const PATIENCE: Duration = Duration::from_mins(1);
const PASSWORD: &str = "the-mail-server-has-a-password";

/// A running mail server; ended when dropped.
#[derive(Debug)]
pub struct MailServer {
    process: Part,
    port: u16,
    letters: PathBuf,
}

/// A letter that arrived.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The header, as it came.
    pub header: String,
    /// The text.
    pub text: String,
}

impl MailServer {
    /// Starts one that keeps letters below this folder.
    ///
    /// # Errors
    /// When it cannot be installed or does not come up.
    pub async fn start(folder: &Path) -> Outcome<Self> {
        let workspace = Workspace::locate();
        let sources = workspace.path("tests/mail");
        setup::packages(&workspace, &sources)?;
        secrets::used(PASSWORD);
        let (port, letters) = (free_port()?, folder.join("letters"));
        fs::create_dir_all(&letters)?;
        let into = letters.clone();
        let process = Part::new("mail", port, folder.join("mail.log"), move || {
            let mut command = Command::new(workspace.path("node_modules/.bin/node"));
            command.arg(sources.join("index.js")).arg(port.to_string()).arg(&into);
            command
        });
        let mut server = Self { process, port, letters };
        server.again().await?;
        Ok(server)
    }

    /// Starts it again where it was.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn again(&mut self) -> Outcome {
        self.process.start()?;
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            self.process.check()?;
            if Instant::now() > deadline {
                return Err(self.process.failure("did not answer".into()).into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// What the origin is to be configured with.
    #[must_use]
    pub fn setting(&self) -> String {
        format!("smtp://portcullis:{PASSWORD}@127.0.0.1:{}?tls=none", self.port)
    }

    /// The same server, asked for encryption that nobody can trust.
    #[must_use]
    pub fn untrusted(&self) -> String {
        format!("smtp://portcullis:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    /// All letters to this address, in the order in which they came.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn letters(&self, to: &str) -> Outcome<Vec<Letter>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.letters)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "eml") {
                files.push(path);
            }
        }
        files.sort();
        let mut letters = Vec::new();
        for file in files {
            let letter = Letter::read(&fs::read_to_string(file)?)?;
            if letter.header.lines().any(|line| line == format!("To: {to}")) {
                letters.push(letter);
            }
        }
        Ok(letters)
    }

    /// The letter with this number (from 0) to this address, as soon as it is there.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn letter(&self, to: &str, number: usize) -> Outcome<Letter> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(letter) = self.letters(to)?.into_iter().nth(number) {
                return Ok(letter);
            }
            if Instant::now() > deadline {
                return Err(format!("letter {number} to {to} does not come").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Letter {
    fn read(raw: &str) -> Outcome<Self> {
        let (header, body) = raw.split_once("\r\n\r\n").ok_or("a letter without a body")?;
        let encoding = header
            .lines()
            .find_map(|line| line.strip_prefix("Content-Transfer-Encoding: "))
            .unwrap_or("7bit");
        let text = match encoding.trim() {
            "base64" => {
                let packed: String = body.split_whitespace().collect();
                String::from_utf8(STANDARD.decode(packed)?)?
            }
            "quoted-printable" => unquoted(body)?,
            _ => body.to_owned(),
        };
        Ok(Self { header: header.replace("\r\n", "\n"), text: text.replace("\r\n", "\n") })
    }

    /// The secret of the link in it.
    ///
    /// # Errors
    /// When there is no link.
    pub fn token(&self) -> Outcome<String> {
        let (_, behind) = self.text.split_once("?token=").ok_or("no link in the letter")?;
        let token = behind.split_whitespace().next().unwrap_or_default().to_owned();
        secrets::used(&token);
        Ok(token)
    }
}

/// RFC 2045 §6.7.
fn unquoted(text: &str) -> Outcome<String> {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if *first == b'='
            && let Some((code, after)) = behind.split_at_checked(2)
        {
            bytes.push(u8::from_str_radix(std::str::from_utf8(code)?, 16)?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    Ok(String::from_utf8(bytes)?)
}
