//! `GET /auth/admin/events`: what happened, newest first.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use common::problem::Code;
use common::{Subject, UnixSeconds};
use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::super::super::Services;
use super::super::super::error::Refusal;
use super::super::super::extract::{Expected, Query};
use super::super::words::Words;
use super::{Place, page};
use crate::crypto::Utc;
use crate::port::{Actor, Events, Kind, Recorded, Wanted};
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
    let Events { events, next } = services.admin.events(&by, &wanted).await?;
    let next = next.map(|next| {
        let mut query = Serializer::new(String::new());
        query.append_pair("kind", &kind).append_pair("before", &next).finish()
    });
    let content = html! {
        form method="get" action="/auth/admin/events" {
            label for="kind" { (own.kind) }
            div .beside {
                select #kind name="kind" {
                    option value="" { (own.all_kinds) }
                    @for one in Kind::ALL {
                        option value=(one.word()) selected[wanted_kind == Some(*one)] {
                            ((own.event)(*one))
                        }
                    }
                }
                button { (own.show) }
            }
        }
        (list(words, &events, None))
        @if let Some(next) = next { p { a href={ "/auth/admin/events?" (next) } { (own.next) } } }
    };
    Ok(page(&services, words, Place::Events, None, &content))
}

/// A list of events; on the page of a user that user is not named again.
pub(super) fn list(words: &Words, events: &[Recorded], of: Option<&Subject>) -> Markup {
    html! {
        @if events.is_empty() { p .empty { (words.admin.no_events) } }
        ul .entries { @for recorded in events { (entry(words, recorded, of)) } }
    }
}

fn entry(words: &Words, Recorded { at, event, .. }: &Recorded, of: Option<&Subject>) -> Markup {
    let detail = &event.detail;
    let told = |word: &Option<String>| {
        let word = word.as_ref()?;
        Some((words.admin.word)(word).map_or_else(|| word.clone(), String::from))
    };
    let listed = |roles: &[String]| {
        if roles.is_empty() { String::from("–") } else { roles.join(", ") }
    };
    let roles = detail.before.as_deref().zip(detail.after.as_deref());
    let more = [
        told(&detail.method),
        told(&detail.why),
        roles.map(|(before, after)| format!("{} → {}", listed(before), listed(after))),
        detail.token.map(|token| token.to_string()),
        event.whence.network.clone(),
        event.whence.place.clone(),
    ];
    let more: Vec<_> = more.into_iter().flatten().collect();
    html! {
        li {
            div {
                strong { ((words.admin.event)(event.kind)) }
                @if !more.is_empty() { " " (more.join(" · ")) }
                p .soft { (time(at.seconds())) }
            }
            div .soft {
                @if let Some(subject) = event.subject.as_ref().filter(|subject| of != Some(*subject)) {
                    p { (link(subject)) }
                }
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

/// A time as people read it. Nobody's time zone is known here.
fn time(at: UnixSeconds) -> Markup {
    let exact = Utc(at).to_string();
    let shown = exact.replace('T', " ").replace('Z', " UTC");
    html! { time datetime=(exact) { (shown) } }
}

fn link(subject: &Subject) -> Markup {
    html! { a href={ "/auth/admin/user/" (subject) } { (subject) } }
}
