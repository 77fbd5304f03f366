//! The routes. Handlers move thrice: take input, call one service, shape the answer.

mod admin;
mod agent;
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

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};

pub(crate) use health::Probes;
pub(crate) use server::{Listening, serve};
pub(crate) use state::{ByMail, Services};

/// What edges and, through them, clients can ask.
pub(crate) fn public(services: Arc<Services>) -> Router {
    Router::new()
        .route(
            "/auth/register",
            pages::post(pages::sign_up::send, register::register).get(pages::sign_up::show),
        )
        .route(
            "/auth/login",
            pages::post(pages::sign_in::send, login::login).get(pages::sign_in::show),
        )
        .route("/auth/password", post(password::change))
        .route("/auth/password/forgot", pages::post(pages::forgot::send, password::forgot))
        .route("/auth/password/reset", pages::post(pages::reset::send, password::reset))
        .route("/auth/email", post(verify::change))
        .route(
            "/auth/verify",
            pages::post(pages::verify::send, verify::verify).get(pages::verify::show),
        )
        .route("/auth/verify/resend", pages::post(pages::verify::resend, verify::resend))
        .route("/auth/forgot", get(pages::forgot::show))
        .route("/auth/reset", get(pages::reset::show))
        .route("/auth/refresh", post(refresh::refresh))
        .route("/auth/logout", pages::post(pages::sign_out::send, logout::logout))
        .route("/auth/logout-all", post(logout::logout_all))
        .route("/auth/me", get(me::me))
        .route("/auth/sessions", get(me::sessions).delete(logout::other_sessions))
        .route("/auth/sessions/{sid}", delete(logout::own_session))
        .route("/auth/revoke", post(revoke::revoke))
        .route("/auth/introspect", post(introspect::introspect))
        .route("/auth/oauth/{provider}", get(oauth::depart).delete(oauth::unlink))
        .route("/auth/oauth/{provider}/callback", get(oauth::arrive).post(oauth::arrive_by_form))
        .merge(pages::account::routes(&services))
        .merge(admin::routes())
        .merge(pages::admin::routes(&services))
        .route("/auth/edge/revoked", post(revoked::revoked))
        .route("/.well-known/jwks.json", get(well_known::jwks))
        .route("/.well-known/oauth-authorization-server", get(well_known::metadata))
        .route("/.well-known/portcullis/head", get(well_known::head))
        .route("/.well-known/portcullis/segments/{name}", get(well_known::segment))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(&services), frame::finish))
        .with_state(services)
}

/// What only the operator can ask.
pub(crate) fn operator(probes: Probes) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(from_fn(frame::quiet))
        .with_state(Arc::new(probes))
}

#[cfg(test)]
mod tests;
