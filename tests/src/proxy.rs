//! A TCP proxy that delays, cuts, hangs, and holds bytes until it is told what to do with them: so a
//! process is killed exactly between a question and its answer, from outside.

mod flow;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::Outcome;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From who connected to who listens.
    There,
    /// From who listens to who connected.
    Back,
}

/// A proxy in front of a loopback port; gone when dropped, with its connections.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    control: Arc<Control>,
    accepting: JoinHandle<()>,
}

/// What all connections look at.
#[derive(Debug)]
struct Control {
    target: u16,
    /// Connections begun under an earlier number are closed.
    generation: watch::Sender<u64>,
    /// Whether bytes stay where they are.
    hung: watch::Sender<bool>,
    settings: Mutex<Settings>,
}

#[derive(Debug, Default)]
struct Settings {
    refuses: bool,
    delay_there: Duration,
    delay_back: Duration,
    replication_delay: Duration,
    holds: Vec<Hold>,
    banned: Option<Vec<u8>>,
}

/// A trap, not sprung yet.
#[derive(Debug)]
struct Hold {
    way: Way,
    words: Vec<u8>,
    caught: oneshot::Sender<Release>,
}

/// Lets held bytes go on when used, and closes their connection when dropped.
#[derive(Debug)]
pub struct Release(oneshot::Sender<()>);

impl Release {
    /// Lets the bytes go on.
    pub fn go_on(self) {
        // The connection may have been closed meanwhile: then there is nowhere to go.
        let _ = self.0.send(());
    }
}

/// Bytes that will be held.
#[derive(Debug)]
pub struct Held(oneshot::Receiver<Release>);

impl Held {
    /// Waits until the proxy has them.
    ///
    /// # Errors
    /// When they do not come within ten seconds.
    pub async fn caught(self) -> Outcome<Release> {
        let patience = Duration::from_secs(10);
        match tokio::time::timeout(patience, self.0).await {
            Ok(Ok(release)) => Ok(release),
            _ => Err("the bytes to be held did not come".into()),
        }
    }
}

impl Proxy {
    /// A proxy on a free port, in front of this one.
    ///
    /// # Errors
    /// When there is no port to be had.
    pub async fn start(target: u16) -> Outcome<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let control = Arc::new(Control {
            target,
            generation: watch::Sender::new(0),
            hung: watch::Sender::new(false),
            settings: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&control)));
        Ok(Self { port, control, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Bytes going this way arrive so much later.
    pub fn delay(&self, way: Way, by: Duration) {
        let mut settings = self.control.settings();
        match way {
            Way::There => settings.delay_there = by,
            Way::Back => settings.delay_back = by,
        }
    }

    /// What a Redis primary sends to a replica arrives so much later, and nothing else: a connection
    /// is a replica's from its `PSYNC` on.
    pub fn delay_replication(&self, by: Duration) {
        self.control.settings().replication_delay = by;
    }

    /// Closes every connection; new ones are welcome.
    pub fn cut(&self) {
        self.control.generation.send_modify(|generation| *generation += 1);
    }

    /// Closes every connection, and new ones as soon as they come.
    pub fn refuse(&self) {
        self.control.settings().refuses = true;
        self.cut();
    }

    /// Takes connections again.
    pub fn accept(&self) {
        self.control.settings().refuses = false;
    }

    /// Closes each connection on which bytes go there that have these words in them; none, to lift
    /// the ban.
    pub fn ban(&self, words: Option<&[u8]>) {
        self.control.settings().banned = words.map(Into::into);
    }

    /// Connections stay open, but bytes stay where they are: the other side hangs, or is cut off and
    /// nobody was told.
    pub fn hang(&self) {
        self.control.hung.send_replace(true);
    }

    /// Lets bytes move again.
    pub fn resume(&self) {
        self.control.hung.send_replace(false);
    }

    /// Holds the next bytes going there that have these words in them, and all behind them.
    #[must_use]
    pub fn hold_request(&self, words: &[u8]) -> Held {
        self.hold(Way::There, words)
    }

    /// Lets the next bytes through that go there and have these words in them, and holds what comes
    /// back on their connection from then on.
    #[must_use]
    pub fn hold_answer(&self, words: &[u8]) -> Held {
        self.hold(Way::Back, words)
    }

    fn hold(&self, way: Way, words: &[u8]) -> Held {
        let (caught, held) = oneshot::channel();
        self.control.settings().holds.push(Hold { way, words: words.into(), caught });
        Held(held)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Control {
    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bans(&self, bytes: &[u8]) -> bool {
        self.settings().banned.as_ref().is_some_and(|words| has(bytes, words))
    }

    /// The trap that these bytes going there spring, if any.
    fn sprung_by(&self, bytes: &[u8]) -> Option<Hold> {
        let mut settings = self.settings();
        let at = settings.holds.iter().position(|hold| has(bytes, &hold.words))?;
        Some(settings.holds.swap_remove(at))
    }
}

fn has(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|part| part == words)
}

async fn accept(listener: TcpListener, control: Arc<Control>) {
    // Dropped with this task, which ends them.
    let mut connections = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        if control.settings().refuses {
            continue;
        }
        let control = Arc::clone(&control);
        connections.spawn(async move {
            let generation = control.generation.subscribe();
            if let Ok(far) = TcpStream::connect(("127.0.0.1", control.target)).await {
                flow::both_ways(near, far, &control, generation).await;
            }
        });
    }
}

#[cfg(test)]
mod tests;
