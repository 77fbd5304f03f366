//! The routes. Handlers move thrice: take input, call one service, shape the answer.

mod admin;
mod answer;
mod error;
mod extract;
mod frame;
mod health;
mod introspect;
mod login;
mod logout;
mod me;
mod oauth;
mod oauth_error;
mod openapi;
mod pages;
mod password;
mod refresh;
mod register;
mod revoke;
mod revoked;
mod server;
mod state;
mod verify;
mod well_known;
mod work;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use health::Probes;
pub(crate) use server::{Doors, serve};
pub(crate) use state::{ByMail, Services};
pub(crate) use work::Work;

/// What edges and, through them, clients can ask.
pub(crate) fn public(services: Arc<Services>) -> Router {
    Router::from(described())
        .merge(pages::account::routes(&services))
        .merge(pages::admin::routes(&services))
        .route("/auth/edge/revoked", post(revoked::revoked))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(&services), frame::finish))
        .with_state(services)
}

/// What is described for programs: a route here has the path and the method of its description.
fn described() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::default()
        .routes(pages::or_form(pages::sign_up::send, routes!(register::register)))
        .routes(routes!(pages::sign_up::show))
        .routes(pages::or_form(pages::sign_in::send, routes!(login::login)))
        .routes(routes!(pages::sign_in::show))
        .routes(routes!(password::change))
        .routes(pages::or_form(pages::forgot::send, routes!(password::forgot)))
        .routes(routes!(pages::forgot::show))
        .routes(pages::or_form(pages::reset::send, routes!(password::reset)))
        .routes(routes!(pages::reset::show))
        .routes(routes!(verify::change))
        .routes(pages::or_form(pages::verify::send, routes!(verify::verify)))
        .routes(routes!(pages::verify::show))
        .routes(pages::or_form(pages::verify::resend, routes!(verify::resend)))
        .routes(routes!(refresh::refresh))
        .routes(pages::or_form(pages::sign_out::send, routes!(logout::logout)))
        .routes(routes!(logout::logout_all))
        .routes(routes!(me::me))
        .routes(routes!(me::sessions, logout::other_sessions))
        .routes(routes!(logout::own_session))
        .routes(routes!(revoke::revoke))
        .routes(routes!(introspect::introspect))
        .routes(routes!(oauth::depart, oauth::unlink))
        .routes(routes!(oauth::arrive, oauth::arrive_by_form))
        .merge(admin::routes())
        .routes(routes!(well_known::jwks))
        .routes(routes!(well_known::metadata))
        .routes(routes!(well_known::head))
        .routes(routes!(well_known::segment))
        .routes(routes!(openapi::show))
}

/// What only the operator can ask.
pub(crate) fn operator(probes: Probes) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(from_fn(frame::quiet))
        .with_state(Arc::new(probes))
}

#[cfg(test)]
mod tests;
