//! `GET /auth/account`: what somebody sees of themselves, and can change. A section for each matter,
//! in a file of its own, with the forms that it sends to `/auth/account/…`; each leads back here.

mod credentials;
mod logins;
mod sessions;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use maud::html;

use super::super::Services;
use super::super::error::Refusal;
use super::layout::{Here, SignedIn};
use super::visitor::{Visitor, admit};
use super::words::Words;
use super::{ReturnTo, layout, see_other};

/// Where the page is.
pub(super) const PATH: &str = "/auth/account";

/// The page and its forms, for who is signed in.
pub(in super::super) fn routes(services: &Arc<Services>) -> Router<Arc<Services>> {
    Router::new()
        .route(PATH, get(show))
        .route("/auth/account/password", post(credentials::password))
        .route("/auth/account/email", post(credentials::address))
        .route("/auth/account/sessions/end", post(sessions::end))
        .route("/auth/account/sessions/end-others", post(sessions::end_others))
        .route("/auth/account/link", post(logins::link))
        .route("/auth/account/unlink", post(logins::unlink))
        .route_layer(from_fn_with_state(Arc::clone(services), admit))
}

async fn show(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    visitor: Visitor,
) -> Result<Response, Refusal> {
    page(&services, words, &visitor, credentials::Outcome::default()).await
}

/// The page, with what came of a form of its section about passwords.
async fn page(
    services: &Services,
    words: &Words,
    visitor: &Visitor,
    outcome: credentials::Outcome,
) -> Result<Response, Refusal> {
    let (account, own) = (&visitor.account, &words.account);
    let sessions = services.profiles.sessions(&account.id).await?;
    let linked = services.social.linked(&account.id).await?;
    let now = services.clock.now();
    let content = html! {
        @if let Some(name) = &account.name { p .lead { (name) } }
        (credentials::section(words, services, visitor, outcome))
        (sessions::section(own, &sessions, visitor.sid, now))
        (logins::section(words, &services.social.providers, &linked))
    };
    let reader = SignedIn::at(Here::Account, account);
    Ok(layout::wide_page(words, own.title, &services.own_origin, reader, &content))
}

/// Back to the page, after a form.
fn back() -> Response {
    see_other(&ReturnTo::from(String::from(PATH)))
}
