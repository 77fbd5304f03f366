//! An HTTP server inside this process, for the parts of a stack that are no programs of their own.

use std::{convert::Infallible, io, net::TcpListener, thread};

use axum::Router;
use tokio::sync::oneshot;

/// A router being served on a loopback port, on a thread of its own. Dropping it closes the port and
/// every connection at once, as if the machine had gone.
#[derive(Debug)]
pub struct Served {
    port: u16,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Served {
    /// Serves on this port; 0 picks a free one.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(name: &str, port: u16, router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = axum::serve(listener, router) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { port, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has no result; a panic in it was already printed.
            let _ = thread.join();
        }
    }
}
