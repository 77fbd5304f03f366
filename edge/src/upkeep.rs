//! What an isolate with traffic does beside answering: it keeps fresh what it judges by.

use core::pin::Pin;

use crate::isolate::Isolate;
use crate::platform::Env;
use crate::{jwks, mailbox, together};

/// Whether there is something to do. Nothing is, for an edge that is not configured.
pub(crate) fn is_due(isolate: &Isolate) -> bool {
    let settings = isolate.settings();
    settings.is_some_and(|settings| mailbox::is_due(isolate) || jwks::is_due(isolate, &settings))
}

/// Does it, unless another request has begun to.
pub(crate) async fn run(isolate: &Isolate, env: &Env) {
    let Some(settings) = isolate.settings() else { return };
    let look: Pin<Box<dyn Future<Output = ()>>> =
        Box::pin(mailbox::look_if_due(isolate, &settings, env));
    let keys = Box::pin(jwks::upkeep(isolate, &settings, env));
    together::all([look, keys].into_iter()).await;
}
