//! One connection through the proxy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use super::{Control, Hold, Release, Way};

/// How many pieces may be on their way; enough for a delay at full speed on loopback.
const PIECES: usize = 4096;

/// What the two ways of a connection know of each other.
#[derive(Default)]
struct Shared {
    is_replication: AtomicBool,
    /// A trap that the way back is to spring with its next bytes.
    answer: Mutex<Option<Hold>>,
}

/// Moves bytes until one side closes, or the proxy cuts the connection.
pub(super) async fn both_ways(
    near: TcpStream,
    far: TcpStream,
    control: &Control,
    mut generation: watch::Receiver<u64>,
) {
    // As on a direct connection: what is written goes out at once.
    if near.set_nodelay(true).is_err() || far.set_nodelay(true).is_err() {
        return;
    }
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    let shared = Arc::new(Shared::default());
    tokio::select! {
        () = one_way(near_read, far_write, Way::There, control, &shared) => {}
        () = one_way(far_read, near_write, Way::Back, control, &shared) => {}
        _ = generation.changed() => {}
    }
}

async fn one_way(
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    way: Way,
    control: &Control,
    shared: &Shared,
) {
    let (pieces, arriving) = mpsc::channel(PIECES);
    // The last bytes before an end arrive late, too: so the end of reading does not end it.
    tokio::join!(read(from, pieces, way, control, shared), write(arriving, to));
}

async fn read(
    mut from: OwnedReadHalf,
    pieces: mpsc::Sender<(Instant, Vec<u8>)>,
    way: Way,
    control: &Control,
    shared: &Shared,
) {
    let mut hung = control.hung.subscribe();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        let bytes = buffer.get(..count).unwrap_or_default().to_vec();
        if hung.wait_for(|hung| !hung).await.is_err() {
            return;
        }
        let go_on = match way {
            Way::There => there(&bytes, control, shared).await,
            Way::Back => back(shared).await,
        };
        if !go_on {
            return;
        }
        let arrives = Instant::now() + delay(way, control, shared);
        if pieces.send((arrives, bytes)).await.is_err() {
            return;
        }
    }
}

/// Springs the traps for what goes there; whether it may.
async fn there(bytes: &[u8], control: &Control, shared: &Shared) -> bool {
    if bytes.windows(5).any(|part| part.eq_ignore_ascii_case(b"PSYNC")) {
        shared.is_replication.store(true, Ordering::Relaxed);
    }
    if control.bans(bytes) {
        return false;
    }
    match control.sprung_by(bytes) {
        Some(hold) if hold.way == Way::There => held(hold).await,
        Some(hold) => {
            *shared.answer.lock().await = Some(hold);
            true
        }
        None => true,
    }
}

async fn back(shared: &Shared) -> bool {
    let hold = shared.answer.lock().await.take();
    match hold {
        Some(hold) => held(hold).await,
        None => true,
    }
}

/// Tells that bytes are held; whether they may go on.
async fn held(hold: Hold) -> bool {
    let (release, released) = oneshot::channel();
    // Nobody waits for them any more: then nobody is to be held up.
    hold.caught.send(Release(release)).is_err() || released.await.is_ok()
}

fn delay(way: Way, control: &Control, shared: &Shared) -> Duration {
    let settings = control.settings();
    match way {
        Way::There => settings.delay_there,
        Way::Back if shared.is_replication.load(Ordering::Relaxed) => {
            settings.delay_back + settings.replication_delay
        }
        Way::Back => settings.delay_back,
    }
}

async fn write(mut arriving: mpsc::Receiver<(Instant, Vec<u8>)>, mut to: OwnedWriteHalf) {
    while let Some((at, bytes)) = arriving.recv().await {
        sleep_until(at).await;
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
