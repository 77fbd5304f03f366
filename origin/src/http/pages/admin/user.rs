//! `GET /auth/admin/user/{id}`: one user, and the forms that change what they may do.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use common::problem::Code;
use common::{SessionId, Subject};
use maud::{Markup, html};
use serde::Deserialize;

use super::super::super::Services;
use super::super::super::error::Refusal;
use super::super::super::extract::{Expected, Form, Segment};
use super::super::words::Words;
use super::super::{ReturnTo, layout, see_other};
use super::events::list;
use super::{Place, page, problem};
use crate::port::{Events, Session, Wanted};
use crate::service::{AdminError, Agent, Authority};

/// Events that are shown of one user.
const EVENTS: u32 = 20;

/// What the buttons of the page ask for.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    Disable,
    Enable,
    SignOut,
    Roles,
    End,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    action: Action,
    #[serde(default)]
    roles: String,
    sid: Option<SessionId>,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send the form's fields `action`, and `roles` or `sid` where that \
                                 needs them, each once and nothing else.";
}

pub(super) async fn show(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    Extension(by): Extension<Authority>,
    Segment(id): Segment,
) -> Result<Response, Refusal> {
    view(&services, words, &by, &subject(&id)?, None).await
}

/// Does what a button says, and leads back to the page.
pub(super) async fn change(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    Extension(by): Extension<Authority>,
    Segment(id): Segment,
    Form(input): Form<Input>,
) -> Result<Response, Refusal> {
    let id = subject(&id)?;
    match apply(&services, &by, &id, input).await {
        Ok(()) => Ok(see_other(&ReturnTo::from(format!("/auth/admin/user/{id}")))),
        Err(error) => {
            let refusal = Refusal::from(error);
            let page = view(&services, words, &by, &id, Some(&refusal)).await?;
            Ok(layout::refused(&refusal, page))
        }
    }
}

async fn apply(
    services: &Services,
    by: &Authority,
    id: &Subject,
    input: Input,
) -> Result<(), AdminError> {
    let admin = &services.admin;
    match input.action {
        Action::Disable => admin.disable(by, id).await,
        Action::Enable => admin.enable(by, id).await,
        Action::SignOut => admin.sign_out_by_id(by, id).await,
        Action::Roles => {
            let roles: Vec<_> = input.roles.split_whitespace().map(String::from).collect();
            admin.set_roles(by, id, &roles).await
        }
        Action::End => match input.sid {
            Some(sid) => admin.end_session(by, sid).await,
            None => Err(AdminError::Unknown),
        },
    }
}

async fn view(
    services: &Services,
    words: &Words,
    by: &Authority,
    id: &Subject,
    refusal: Option<&Refusal>,
) -> Result<Response, Refusal> {
    let own = &words.admin;
    let account = services.admin.user(by, id).await?;
    let sessions = services.admin.sessions(by, id).await?;
    let wanted = Wanted { subject: Some(id.clone()), limit: EVENTS, ..Wanted::default() };
    let Events { events, .. } = services.admin.events(by, &wanted).await?;
    let path = format!("/auth/admin/user/{id}/change");
    let (action, name) =
        if account.disabled { ("enable", own.enable) } else { ("disable", own.disable) };
    let content = html! {
        (problem(words, refusal))
        p .soft { (account.id) }
        p .marks {
            @if account.email_verified { span .mark { (own.verified) } }
            @if account.disabled { span .mark .stop { (own.disabled) } }
        }
        form method="post" action=(path) {
            input type="hidden" name="action" value="roles";
            label for="roles" { (own.roles) }
            input #roles name="roles" value=(account.roles.join(" ")) autocapitalize="off" spellcheck="false"
                aria-describedby="roles-hint";
            p .hint #roles-hint { (own.roles_hint) }
            button { (own.save) }
        }
        form method="post" action=(path) {
            button .plain .stop[!account.disabled] name="action" value=(action) { (name) }
            @if !account.disabled { p .soft { (own.disable_hint) } }
        }
        h2 { (own.sessions) }
        @if sessions.is_empty() {
            p { (own.no_sessions) }
        } @else {
            ul .entries { @for session in &sessions { (entry(services, words, &path, session)) } }
            form method="post" action=(path) {
                button .plain name="action" value="sign-out" { (own.sign_out) }
            }
        }
        h2 { (own.last_events) }
        (list(words, &events, Some(id)))
    };
    Ok(page(services, words, Place::Users, Some(&account.email), &content))
}

fn entry(services: &Services, words: &Words, path: &str, session: &Session) -> Markup {
    let account = &words.account;
    let agent = Agent::read(session.agent.as_deref().unwrap_or_default());
    let device = account.device(agent.program, agent.system);
    let age = services.clock.now().since(session.rotated_at);
    html! {
        li {
            div {
                strong title=[session.agent.as_deref()] { (device) }
                @if let Some(place) = &session.place { p { (place) } }
                p .soft { (session.sid) }
                p .soft { (account.last_used) " " (account.ago(age)) }
            }
            form method="post" action=(path) {
                input type="hidden" name="action" value="end";
                input type="hidden" name="sid" value=(session.sid);
                button .plain aria-label={ (account.end) ": " (device) } { (account.end) }
            }
        }
    }
}

fn subject(text: &str) -> Result<Subject, Refusal> {
    text.parse().map_err(|_| Refusal::new(Code::NotFound))
}
