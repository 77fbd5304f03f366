//! `GET /auth/admin/events`: what happened, newest first.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use common::Subject;
use common::problem::Code;
use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::super::super::Services;
use super::super::super::error::Refusal;
use super::super::super::extract::{Expected, Query};
use super::super::words::Words;
use super::{Place, page};
use crate::crypto::Utc;
use crate::port::{Actor, Kind, Recorded, Wanted};
use crate::service::Authority;

/// Events on one page.
const PAGE: u32 = 50;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Filter {
    kind: String,
    before: Option<String>,
}

impl Expected for Filter {
    const SHAPE: &'static str = "Ask with `kind` and `before`, each once, or not at all.";
}

pub(super) async fn show(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    Extension(by): Extension<Authority>,
    Query(Filter { kind, before }): Query<Filter>,
) -> Result<Response, Refusal> {
    let own = &words.admin;
    let unknown = || Refusal::because(Code::RequestInvalid, "There is no such `kind` of event.");
    let wanted_kind = match kind.as_str() {
        "" => None,
        word => Some(Kind::read(word).ok_or_else(unknown)?),
    };
    let wanted = Wanted { kind: wanted_kind, subject: None, before, limit: PAGE };
    let events = services.admin.events(&by, &wanted).await?;
    let next = events.last().filter(|_| events.len() == PAGE as usize).map(|last| {
        let mut query = Serializer::new(String::new());
        query.append_pair("kind", &kind).append_pair("before", &last.id).finish()
    });
    let content = html! {
        form method="get" action="/auth/admin/events" {
            label for="kind" { (own.kind) }
            select #kind name="kind" {
                option value="" { (own.all_kinds) }
                @for one in Kind::ALL {
                    option value=(one.word()) selected[wanted_kind == Some(*one)] { (one.word()) }
                }
            }
            button { (own.show) }
        }
        (list(words, &events))
        @if let Some(next) = next { p { a href={ "/auth/admin/events?" (next) } { (own.next) } } }
    };
    Ok(page(&services, words, Place::Events, &content))
}

/// A list of events.
pub(super) fn list(words: &Words, events: &[Recorded]) -> Markup {
    html! {
        @if events.is_empty() { p { (words.admin.no_events) } }
        ul .entries { @for recorded in events { (entry(words, recorded)) } }
    }
}

fn entry(words: &Words, Recorded { at, event, .. }: &Recorded) -> Markup {
    let detail = &event.detail;
    let listed =
        |roles: &Option<Vec<String>>| roles.as_ref().map(|roles| format!("[{}]", roles.join(" ")));
    let more = [
        detail.method.clone(),
        detail.why.clone(),
        listed(&detail.before),
        listed(&detail.after).map(|after| format!("→ {after}")),
        detail.token.map(|token| token.to_string()),
        event.whence.network.clone(),
        event.whence.place.clone(),
    ];
    let more: Vec<_> = more.into_iter().flatten().collect();
    html! {
        li {
            div {
                strong { (event.kind.word()) }
                @if !more.is_empty() { " " (more.join(" · ")) }
                p .soft { time { (Utc(at.seconds())) } }
            }
            div .soft {
                @if let Some(subject) = &event.subject { p { (link(subject)) } }
                @if let Some(session) = event.session { p { (session) } }
                @match &event.actor {
                    Actor::User(actor) if event.subject.as_ref() != Some(actor) => {
                        p { (words.admin.by) " " (link(actor)) }
                    }
                    Actor::Operator => p { (words.admin.by) " " (words.admin.operator) },
                    Actor::Client(client) => p { (words.admin.by) " " (client) },
                    Actor::User(_) | Actor::Unknown => {},
                }
            }
        }
    }
}

fn link(subject: &Subject) -> Markup {
    html! { a href={ "/auth/admin/user/" (subject) } { (subject) } }
}
