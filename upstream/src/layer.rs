//! The layer: finds out who is asking before the app does anything.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::http::Request;
use axum::response::{IntoResponse as _, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::Trust;
use crate::identity::Asking;

impl<S> Layer<S> for Trust {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { trust: self.clone(), inner }
    }
}

/// A service with [`Trust`] around it.
#[derive(Clone, Debug)]
pub struct Gate<S> {
    trust: Trust,
    inner: S,
}

impl<S, B> Service<Request<B>> for Gate<S>
where
    S: Service<Request<B>, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let trust = self.trust.clone();
        // The one that was polled ready is the one to call.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match trust.identify(&mut parts).await {
                Ok(found) => {
                    parts.extensions.insert(Asking(found));
                    inner.call(Request::from_parts(parts, body)).await
                }
                Err(refusal) => {
                    tracing::warn!(%refusal, "a request was refused");
                    Ok(refusal.into_response())
                }
            }
        })
    }
}
