//! Work that goes on to its end, whatever its client does meanwhile. A connection that breaks takes the
//! answer with it; a password that is half changed would be left behind.

use axum::extract::Request;
use axum::http::Method;
use axum::response::{IntoResponse as _, Response};
use common::problem::Code;
use tokio::sync::watch;
use tracing::{Instrument as _, error};

use super::error::Refusal;
use super::frame::route;

/// Questions, though they are asked by POST, and all the time.
const QUESTIONS: [&str; 2] = ["/auth/introspect", "/auth/edge/revoked"];

/// What changes something by GET: the way back from a social login, which signs somebody in, and pages that
/// are refreshed for here.
const CHANGING: [&str; 3] = ["/auth/oauth/{provider}/callback", "/auth/account", "/auth/admin"];

/// Whether a request changes something, and does more once the store has done so: the end of a session is in
/// the audit trail, and its owner is told.
pub(super) fn has_steps(request: &Request) -> bool {
    let route = route(request);
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if reads {
        CHANGING.iter().any(|path| route.starts_with(path))
    } else {
        !QUESTIONS.contains(&route)
    }
}

/// Counts what is under way.
#[derive(Debug)]
pub(crate) struct Work(watch::Sender<usize>);

impl Default for Work {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Work {
    /// Does it as a task of its own, in the present span. A panic is an answer like any other.
    pub(super) async fn to_the_end(
        &self,
        doing: impl Future<Output = Response> + Send + 'static,
    ) -> Response {
        let counted = Counted::new(&self.0);
        let task = async move {
            let _counted = counted;
            doing.await
        };
        tokio::spawn(task.in_current_span()).await.unwrap_or_else(|failed| {
            // What it panicked with may be of the request.
            error!(panicked = failed.is_panic(), "a request was not answered");
            Refusal::new(Code::Internal).into_response()
        })
    }

    /// How many are under way.
    #[cfg(test)]
    pub(super) fn under_way(&self) -> usize {
        *self.0.borrow()
    }

    /// Waits until nothing is under way.
    pub(crate) async fn done(&self) {
        // The sender is ours, so it is there.
        self.0.subscribe().wait_for(|under_way| *under_way == 0).await.ok();
    }
}

/// Counts for one, as long as it is there.
struct Counted(watch::Sender<usize>);

impl Counted {
    fn new(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|under_way| *under_way += 1);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|under_way| *under_way -= 1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_500_and_counts_no_longer() {
        let work = Work::default();
        let answer = work.to_the_end(async { panic!("a test's own") }).await;
        assert_eq!(answer.status(), 500);
        assert_eq!(work.under_way(), 0);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_waited_for_at_the_end() {
        let work = Work::default();
        let (done, heard) = tokio::sync::oneshot::channel();
        let doing = work.to_the_end(async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            done.send(()).unwrap();
            ().into_response()
        });
        assert!(tokio::time::timeout(Duration::from_millis(5), doing).await.is_err());
        assert_eq!(work.under_way(), 1);
        work.done().await;
        heard.await.unwrap();
    }
}
