//! `GET /auth/admin/audit`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use common::problem::Code;
use common::{SessionId, Subject, UnixMillis};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::Services;
use super::super::error::Refusal;
use super::super::extract::{Expected, Query};
use super::super::openapi::Refusing;
use super::Admin;
use crate::port::{Actor, Detail, Event, Events, Kind, Recorded, Wanted, Whence};

/// Events in one answer.
const PAGE: u32 = 100;

#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    #[param(value_type = Option<Kind>)]
    kind: Option<String>,
    #[param(value_type = Option<String>, min_length = 1, max_length = 255, pattern = "^[!-9;-~]+$")]
    subject: Option<Subject>,
    #[param(pattern = r"^[^\x00]*$")]
    before: Option<String>,
}

impl Expected for Filter {
    const SHAPE: &'static str = "Ask with `kind` (such as `signed-in`), `subject` (the id of an \
                                 account) and `before` (the `next` of the page before); each once, \
                                 or not at all.";
}

#[derive(Serialize, ToSchema)]
#[schema(as = Events)]
struct Page {
    events: Vec<Line>,
    /// The `before` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// An event. What is not known of it is absent.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
struct Line {
    id: String,
    /// Unix milliseconds.
    at_ms: u64,
    #[schema(value_type = Kind)]
    kind: &'static str,
    /// The id of an account, `:operator`, or `:client:` and a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    actor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    subject: Option<Subject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Uuid, required = false)]
    session: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    network: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    place: Option<String>,
    detail: Detail,
}

impl From<Recorded> for Line {
    fn from(Recorded { id, at, event }: Recorded) -> Self {
        let Event { kind, actor, subject, session, whence, detail } = event;
        let Whence { network, place } = whence;
        let (at_ms, kind) = (UnixMillis::get(at), kind.word());
        Self { id, at_ms, kind, actor: name(&actor), subject, session, network, place, detail }
    }
}

/// How an actor is called; a subject has no colon, so that nobody is taken for another.
fn name(actor: &Actor) -> Option<String> {
    match actor {
        Actor::Unknown => None,
        Actor::User(subject) => Some(String::from(subject.as_str())),
        Actor::Operator => Some(String::from(":operator")),
        Actor::Client(client) => Some(format!(":client:{client}")),
    }
}

/// What happened.
#[utoipa::path(get, path = "/auth/admin/audit", operation_id = "audit", tag = "admin",
    params(Filter), security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "Newest first, at most 100", body = Page),
        Refusing<(Query<Filter>, Admin)>))]
pub(super) async fn events(
    State(services): State<Arc<Services>>,
    Admin(by): Admin,
    Query(Filter { kind, subject, before }): Query<Filter>,
) -> Result<impl IntoResponse, Refusal> {
    let kind = kind.map(|word| {
        Kind::read(&word).ok_or_else(|| {
            Refusal::because(Code::RequestInvalid, "There is no such `kind` of event.")
        })
    });
    let wanted = Wanted { kind: kind.transpose()?, subject, before, limit: PAGE };
    let Events { events, next } = services.admin.events(&by, &wanted).await?;
    // It may hold less, and nothing, where another version recorded kinds of its own.
    Ok(Json(Page { events: events.into_iter().map(Line::from).collect(), next }))
}
