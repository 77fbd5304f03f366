//! The administrators' pages: users, what happened, and how far what is revoked has got. Each asks for
//! the role that the account has now.

mod edges;
mod events;
mod plot;
mod user;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use common::problem::Code;
use maud::{Markup, html};

use super::super::Services;
use super::super::error::Refusal;
use super::layout::{self, Here, SignedIn};
use super::visitor::{Visitor, admit};
use super::words::Words;
use crate::service::Authority;

/// The pages and their forms.
pub(in super::super) fn routes(services: &Arc<Services>) -> Router<Arc<Services>> {
    Router::new()
        .route("/auth/admin", get(users::show))
        .route("/auth/admin/user/{id}", get(user::show))
        .route("/auth/admin/user/{id}/change", post(user::change))
        .route("/auth/admin/events", get(events::show))
        .route("/auth/admin/edges", get(edges::show).post(edges::revoke))
        .route_layer(from_fn_with_state(Arc::clone(services), allow))
        .route_layer(from_fn_with_state(Arc::clone(services), admit))
}

/// Lets administrators on; others are told that it is not for them.
async fn allow(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    visitor: Visitor,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(authority) = Authority::of(&visitor.account) else {
        let refusal = Refusal::new(Code::RoleRequired);
        let content = html! { p { (words.admin.refused) } };
        let reader = SignedIn::at(Here::Admin, &visitor.account);
        let (title, site) = (words.admin.title, &services.own_origin);
        return layout::refused(&refusal, layout::wide_page(words, title, site, reader, &content));
    };
    request.extensions_mut().insert(authority);
    next.run(request).await.into_response()
}

/// Which of the pages one is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Users,
    Events,
    Edges,
}

/// A page, with the way to the others. One that has no title of its own has its place's name.
fn page(
    services: &Services,
    words: &Words,
    place: Place,
    title: Option<&str>,
    content: &Markup,
) -> Response {
    let own = &words.admin;
    let places = [
        (Place::Users, "/auth/admin", own.users),
        (Place::Events, "/auth/admin/events", own.events),
        (Place::Edges, "/auth/admin/edges", own.edges),
    ];
    let mut names = places.iter().filter(|(there, ..)| *there == place).map(|(_, _, name)| *name);
    let title = title.or_else(|| names.next()).unwrap_or(own.title);
    let content = html! {
        nav .places aria-label=(own.title) {
            @for (there, path, name) in places {
                a href=(path) aria-current=[(there == place).then_some("page")] { (name) }
            }
        }
        (content)
    };
    layout::wide_page(words, title, &services.own_origin, SignedIn::ADMIN, &content)
}

/// What went wrong with a form, for the page that is shown again.
fn problem(words: &Words, refusal: Option<&Refusal>) -> Markup {
    let own = &words.admin;
    let told = refusal.map(|refusal| match refusal.code() {
        Code::LastAdmin => own.last_admin,
        Code::RequestInvalid | Code::NotFound => own.invalid,
        other => words.problem(other),
    });
    html! {
        @if let Some(told) = told { p .problem role="alert" { (told) } }
    }
}
