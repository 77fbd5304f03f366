//! `GET /healthz`, `GET /readyz`, on the operator's port.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;
use tracing::warn;

use crate::port::{Accounts, Sessions, StoreFault};
use crate::telemetry::chain;

/// The stores that have to answer before this process can do its work.
pub(crate) struct Probes {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) sessions: Arc<dyn Sessions>,
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    accounts: &'static str,
    sessions: &'static str,
}

/// The process is alive.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// It can do its work; if not, which store keeps it from it.
pub(super) async fn ready(State(probes): State<Arc<Probes>>) -> impl IntoResponse {
    let (accounts, sessions) = tokio::join!(probes.accounts.ping(), probes.sessions.ping());
    let ready = accounts.is_ok() && sessions.is_ok();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, accounts: word(&accounts), sessions: word(&sessions) }))
}

fn word(answer: &Result<(), StoreFault>) -> &'static str {
    match answer {
        Ok(()) => "ok",
        Err(fault) => {
            warn!(error = chain(fault), "not ready");
            "unavailable"
        }
    }
}
