//! `GET /auth/admin`: users, by the beginnings of their addresses.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use maud::html;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::super::super::Services;
use super::super::super::error::Refusal;
use super::super::super::extract::{Expected, Query};
use super::super::words::Words;
use super::{Place, page};
use crate::service::Authority;

/// Accounts on one page.
const PAGE: u32 = 25;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    email: String,
    after: String,
}

impl Expected for Wanted {
    const SHAPE: &'static str = "Ask with `email` and `after`, each once, or not at all.";
}

pub(super) async fn show(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    Extension(by): Extension<Authority>,
    Query(Wanted { email, after }): Query<Wanted>,
) -> Result<Response, Refusal> {
    let own = &words.admin;
    let mut found = services.admin.find(&by, &email, &after, PAGE + 1).await?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let next = found.last().filter(|_| more).map(|last| {
        let mut query = Serializer::new(String::new());
        query.append_pair("email", &email).append_pair("after", &last.email).finish()
    });
    let content = html! {
        form method="get" action="/auth/admin" role="search" {
            label for="email" { (own.begins_with) }
            div .beside {
                input #email name="email" type="search" value=(email) autocapitalize="off" spellcheck="false";
                button { (own.search) }
            }
        }
        @if found.is_empty() { p .empty { (own.nobody) } }
        ul .entries {
            @for account in &found {
                li {
                    a href={ "/auth/admin/user/" (account.id) } { (account.email) }
                    span .soft {
                        (account.roles.join(", "))
                        @if account.disabled { " " span .mark .stop { (own.disabled) } }
                    }
                }
            }
        }
        @if let Some(next) = next { p { a href={ "/auth/admin?" (next) } { (own.next) } } }
    };
    Ok(page(&services, words, Place::Users, None, &content))
}
