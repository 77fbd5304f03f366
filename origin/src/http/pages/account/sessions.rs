//! Where somebody is signed in, and the buttons that end it there.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use common::{SessionId, UnixMillis, UnixSeconds};
use maud::{Markup, html};
use serde::Deserialize;

use super::super::super::Services;
use super::super::super::error::Refusal;
use super::super::super::extract::{Expected, Form};
use super::super::super::logout::Nothing;
use super::super::visitor::Visitor;
use super::super::words::account::Words;
use crate::port::Session;
use crate::service::Agent;

/// The section, `here` being the session that looks.
pub(super) fn section(
    words: &Words,
    sessions: &[Session],
    here: SessionId,
    now: UnixSeconds,
) -> Markup {
    html! {
        section aria-labelledby="sessions" {
            h2 #sessions { (words.sessions) }
            p .hint { (words.sessions_hint) }
            ul .entries {
                @for session in sessions { (entry(words, session, session.sid == here, now)) }
            }
            @if sessions.iter().any(|session| session.sid != here) {
                form method="post" action="/auth/account/sessions/end-others" {
                    button .plain { (words.end_others) }
                }
            }
        }
    }
}

fn entry(words: &Words, session: &Session, is_here: bool, now: UnixSeconds) -> Markup {
    let agent = Agent::read(session.agent.as_deref().unwrap_or_default());
    let device = words.device(agent.program, agent.system);
    let began = session.sid.began_at().map(UnixMillis::seconds);
    html! {
        li {
            div {
                strong title=[session.agent.as_deref()] { (device) }
                @if is_here { " " span .mark { (words.this_device) } }
                @if let Some(place) = &session.place { p { (place) } }
                p .soft {
                    @if let Some(began) = began {
                        (words.first_used) " " (words.ago(now.since(began))) " · "
                    }
                    (words.last_used) " " (words.ago(now.since(session.rotated_at)))
                }
            }
            @if !is_here {
                form method="post" action="/auth/account/sessions/end" {
                    input type="hidden" name="sid" value=(session.sid);
                    button .plain aria-label={ (words.end) ": " (device) } { (words.end) }
                }
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    sid: SessionId,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send the form's field `sid`, a session's id, and nothing else.";
}

/// `POST /auth/account/sessions/end`: one of the visitor's. One that is over already, or is somebody
/// else's, is not in the list that comes after.
pub(super) async fn end(
    State(services): State<Arc<Services>>,
    visitor: Visitor,
    Form(Input { sid }): Form<Input>,
) -> Result<Response, Refusal> {
    services.revocation.own_session(&visitor.account.id, sid).await?;
    Ok(super::back())
}

/// `POST /auth/account/sessions/end-others`
pub(super) async fn end_others(
    State(services): State<Arc<Services>>,
    visitor: Visitor,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Refusal> {
    services.revocation.other_sessions(&visitor.account.id, visitor.sid).await?;
    Ok(super::back())
}
