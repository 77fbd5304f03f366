//! Connections: how many, how slow they may be, and how they end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tracing::{debug, warn};

use super::extract::Peer;
use crate::config::Server;

/// Connections at a time. More wait in the system's queue.
const MAX_CONNECTIONS: usize = 2048;

/// How long a request's head may take to arrive; also how long a connection may lie idle.
const HEAD_PATIENCE: Duration = Duration::from_secs(20);

/// Bytes that the head of a request may have: two tokens of the largest size, and as much again.
const MAX_HEAD: usize = 32 * 1024;

/// Headers that a request may have.
const MAX_HEADERS: usize = 100;

/// How long requests in progress are waited for at the end.
const DRAIN: Duration = Duration::from_secs(10);

/// An address that we listen on.
pub(crate) struct Listening {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

/// Where an origin is reached: by edges, and by its operator.
pub(crate) struct Doors {
    pub(crate) public: Listening,
    pub(crate) operator: Listening,
}

impl Doors {
    /// Begins to listen at both.
    pub(crate) async fn open(server: &Server) -> Result<Self, PortTaken> {
        let (public, operator) = tokio::try_join!(
            Listening::on(server.listen, "server.listen"),
            Listening::on(server.operator_listen, "server.operator_listen"),
        )?;
        Ok(Self { public, operator })
    }
}

/// An address that we cannot listen on.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on {address} ({key}): {source}; end what listens there or choose another port in {key}"
)]
pub(crate) struct PortTaken {
    key: &'static str,
    address: SocketAddr,
    source: io::Error,
}

impl Listening {
    /// Begins to listen; `key` is the configuration key that the address came from.
    pub(super) async fn on(address: SocketAddr, key: &'static str) -> Result<Self, PortTaken> {
        let taken = |source| PortTaken { key, address, source };
        let listener = TcpListener::bind(address).await.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        Ok(Self { listener, address })
    }
}

/// Serves until `stop` is sent or its sender is gone, then waits for requests in progress.
pub(crate) async fn serve(listening: Listening, router: Router, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = GracefulShutdown::new();
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS);
    let accept_next = async {
        loop {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let (stream, peer) = match listening.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Most often too many open files: others will have to close first.
                    warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            // Answers are small: waiting to fill a packet would only add latency.
            stream.set_nodelay(true).ok();
            let answering = TowerToHyperService::new(router.clone());
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(Peer(peer.ip()));
                answering.call(request)
            });
            let connection = protocol.serve_connection(TokioIo::new(stream), service);
            let connection = connections.watch(connection);
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    debug!(%error, "connection ended early");
                }
                drop(place);
            });
        }
    };
    tokio::select! {
        () = accept_next => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    drop(listening);
    if tokio::time::timeout(DRAIN, connections.shutdown()).await.is_err() {
        warn!("requests were still in progress after {} s; they are cut off", DRAIN.as_secs());
    }
}
