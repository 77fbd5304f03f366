//! The pages that people are sent to: whole without scripts, in their language, framed by nobody.

pub(super) mod account;
pub(super) mod admin;
mod field;
pub(super) mod forgot;
mod layout;
mod letter_form;
pub(super) mod reset;
mod return_to;
pub(super) mod sign_in;
pub(super) mod sign_out;
pub(super) mod sign_up;
pub(super) mod social;
pub(super) mod verify;
mod visitor;
mod words;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing;
use url::form_urlencoded;
use utoipa_axum::router::UtoipaMethodRouter;

use super::Services;
use super::extract::has_type;
pub(super) use return_to::ReturnTo;
pub(super) use visitor::Visitor;
pub(super) use words::Words;

/// What a form is sent as (HTML §4.10.21.8).
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// A `POST` of the API that takes the form of a page too: a form is for the page, all else for the API.
pub(super) fn or_form<P, T>(page: P, api: Described) -> Described
where
    P: Handler<T, Arc<Services>> + Sync,
    T: 'static,
{
    let (schemas, paths, api) = api;
    let either = move |State(services): State<Arc<Services>>, request: Request| async move {
        if is_form(request.headers()) {
            page.call(request, services).await
        } else {
            api.call(request, services).await
        }
    };
    (schemas, paths, routing::post(either))
}

/// A route with what describes it.
type Described = UtoipaMethodRouter<Arc<Services>>;

/// No form can bring a bearer token: what has one comes from a program.
fn is_form(headers: &HeaderMap) -> bool {
    has_type(headers, FORM) && !headers.contains_key(AUTHORIZATION)
}

/// What a link of a letter, or the answer to a form, says in the query of a page.
#[derive(Default)]
struct Query {
    /// The secret of a letter; empty for none.
    token: String,
    /// A letter was sent.
    sent: bool,
    /// What the page is for is done.
    done: bool,
}

impl Query {
    fn of(query: Option<&str>) -> Self {
        let mut read = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "token" => read.token = value.into_owned(),
                "sent" => read.sent = true,
                "done" => read.done = true,
                _ => {}
            }
        }
        read
    }
}

/// Whether the query of a page has this as `true`.
pub(super) fn is_wanted(query: Option<&str>, what: &str) -> bool {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .any(|(name, value)| name == what && value == "true")
}

/// The browser is to load that page next, whatever the method was (RFC 9110 §15.4.4).
pub(super) fn see_other(there: &ReturnTo) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    // A way back is visible ASCII, so this never fails.
    if let Ok(there) = HeaderValue::try_from(there.as_str()) {
        response.headers_mut().insert(LOCATION, there);
    }
    response
}
