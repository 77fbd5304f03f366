//! `GET /healthz`, `GET /readyz`, `GET /metrics`, on the operator's port.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use common::problem::Code;
use serde::Serialize;
use tracing::{error, warn};

use super::error::Refusal;
use crate::metrics::{Metrics, TEXT_FORMAT};
use crate::port::{Accounts, Sessions, StoreFault};
use crate::telemetry::chain;

/// The stores that have to answer before this process can do its work, and what it has counted.
pub(crate) struct Probes {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) metrics: Arc<Metrics>,
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

/// What was counted and measured so far, in the text format of Prometheus.
pub(super) async fn metrics(State(probes): State<Arc<Probes>>) -> Result<Response, Refusal> {
    let text = probes.metrics.text().map_err(|error| {
        error!(%error, "the metrics cannot be written");
        Refusal::new(Code::Internal)
    })?;
    let format = HeaderValue::from_static(TEXT_FORMAT);
    Ok(([(CONTENT_TYPE, format)], text).into_response())
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
