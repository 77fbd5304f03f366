//! Letters as files, for development: who reads the folder reads everybody's.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use lettre::message::Mailbox;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::port::{Letter, MailFault, Mailer};

/// Writes each letter to a file of its own, whose name sorts by time.
pub(crate) struct Folder {
    path: Arc<PathBuf>,
    from: Mailbox,
}

impl Folder {
    /// Makes the folder, for nobody else to look into.
    pub(crate) fn open(path: PathBuf, from: Mailbox) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        Ok(Self { path: Arc::new(path), from })
    }
}

#[async_trait]
impl Mailer for Folder {
    async fn send(&self, letter: &Letter) -> Result<(), MailFault> {
        let Letter { to, subject, text } = letter;
        let text = text.expose();
        let text = format!("From: {}\nTo: {to}\nSubject: {subject}\n\n{text}", self.from);
        let path = Arc::clone(&self.path);
        let written = spawn_blocking(move || {
            let name = Uuid::now_v7().to_string();
            let half = path.join(format!(".{name}"));
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(&half)?;
            file.write_all(text.as_bytes())?;
            // Whoever looks sees whole letters.
            std::fs::rename(&half, path.join(format!("{name}.txt")))
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(MailFault::Later(error.to_string())),
            Err(error) => Err(MailFault::Later(error.to_string())),
        }
    }
}
