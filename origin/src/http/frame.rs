//! What holds for every request and every answer: one meaning to a request, the epoch and
//! `no-store` on the answer, one line in the log, and no change left half done.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, HOST, HeaderName};
use axum::http::{HeaderValue, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use common::problem::Code;
use tokio::time::timeout;
use tracing::{Instrument as _, info, info_span};
use uuid::Uuid;

use super::Services;
use super::error::Refusal;
use super::work::{Work, has_steps};

const EPOCH: HeaderName = HeaderName::from_static("portcullis-epoch");

/// Longer than any step of a request is given; what is not done by then is stuck.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn finish(
    State(services): State<Arc<Services>>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let route = route(&request);
    let span = info_span!("request", id = %Uuid::new_v4(), method = %request.method(), route);
    let (template, method) =
        (request.extensions().get::<MatchedPath>().cloned(), request.method().clone());
    let work = Some(&services.work).filter(|_| has_steps(&request));
    let mut response = answer(request, next, work).instrument(span.clone()).await;

    let headers = response.headers_mut();
    headers.insert(EPOCH, services.epochs.latest().get().into());
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let (status, took) = (response.status(), started.elapsed());
    let code = response.extensions().get::<Code>().copied();
    let template = template.as_ref().map(MatchedPath::as_str);
    services.metrics.requests.answered(template, &method, status, code, took);
    span.in_scope(|| {
        let code = code.map(Code::as_str);
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        info!(status = status.as_u16(), code, ms, "answered");
    });
    response
}

/// The request's route as the router knows it: a path may hold anything.
pub(super) fn route(request: &Request) -> &str {
    request.extensions().get().map_or("(none)", MatchedPath::as_str)
}

/// The operator's port: the same care, no line for each probe.
pub(super) async fn quiet(request: Request, next: Next) -> Response {
    let mut response = answer(request, next, None).await;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn answer(request: Request, next: Next, work: Option<&Work>) -> Response {
    if !has_one_meaning(&request) {
        let why = "Send exactly one `Host` and the path alone as the request's target.";
        return Refusal::because(Code::RequestInvalid, why).into_response();
    }
    // Whoever has waited for so long hears of it; what has steps goes on.
    let answered = match work {
        Some(work) => timeout(PATIENCE, work.to_the_end(next.run(request))).await,
        None => timeout(PATIENCE, next.run(request)).await,
    };
    answered.unwrap_or_else(|_| {
        let why = "The request took too long. Try again shortly.";
        Refusal::because(Code::Busy, why).into_response()
    })
}

/// RFC 9112 §3.2: one `Host` in HTTP/1.1. And no absolute target, whose host could be another.
fn has_one_meaning(request: &Request) -> bool {
    let hosts = request.headers().get_all(HOST).iter().count();
    let one_host = hosts == 1 || (hosts == 0 && request.version() == Version::HTTP_10);
    one_host && request.uri().scheme().is_none() && request.uri().authority().is_none()
}
