//! `GET /auth/admin/edges`: how far what is revoked has got, and a form to revoke by an id.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::HeaderName;
use axum::response::Response;
use common::problem::Code;
use maud::html;
use serde::Deserialize;

use super::super::super::Services;
use super::super::super::error::Refusal;
use super::super::super::extract::{Expected, Form, Query};
use super::super::words::Words;
use super::super::{ReturnTo, layout, see_other};
use super::plot::plot;
use super::{Place, page, problem};
use crate::service::Authority;

const REFRESH: HeaderName = HeaderName::from_static("refresh");

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct View {
    follow: bool,
}

impl Expected for View {
    const SHAPE: &'static str = "Ask with `follow` (true), or without a query.";
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Id {
    Jti,
    Sid,
    Sub,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    what: Id,
    id: String,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send the form's fields `what` (jti, sid or sub) and `id`.";
}

pub(super) async fn show(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    Extension(_): Extension<Authority>,
    Query(View { follow }): Query<View>,
) -> Response {
    let mut page = view(&services, words, follow, None);
    if follow {
        // The browser asks again by itself; the page says so, and how to end it (WCAG 2.2.2).
        page.headers_mut().insert(REFRESH, HeaderValue::from_static("5"));
    }
    page
}

pub(super) async fn revoke(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    Extension(by): Extension<Authority>,
    Form(input): Form<Input>,
) -> Response {
    match apply(&services, &by, &input).await {
        Ok(()) => see_other(&ReturnTo::from(String::from("/auth/admin/edges"))),
        Err(refusal) => layout::refused(&refusal, view(&services, words, false, Some(&refusal))),
    }
}

async fn apply(services: &Services, by: &Authority, input: &Input) -> Result<(), Refusal> {
    let invalid = |_| Refusal::new(Code::RequestInvalid);
    let (admin, id) = (&services.admin, input.id.trim());
    match input.what {
        Id::Jti => admin.revoke_token(by, id.parse().map_err(invalid)?).await?,
        Id::Sid => admin.end_session(by, id.parse().map_err(invalid)?).await?,
        Id::Sub => admin.sign_out_by_id(by, &id.parse().map_err(invalid)?).await?,
    }
    Ok(())
}

fn view(services: &Services, words: &Words, follow: bool, refusal: Option<&Refusal>) -> Response {
    let own = &words.admin;
    let passages = services.epochs.passages();
    let content = html! {
        h2 { (own.changes) }
        p .soft { (own.epoch) ": " (services.epochs.latest().get()) }
        (plot(own, &passages))
        p {
            @if follow {
                a href="/auth/admin/edges" { (own.stop_following) }
            } @else {
                a href="/auth/admin/edges?follow=true" { (own.follow) }
            }
        }
        h2 { (own.revoke) }
        (problem(words, refusal))
        form method="post" action="/auth/admin/edges" {
            p .soft { (own.revoke_hint) }
            label for="what" { (own.kind) }
            select #what name="what" {
                @for (what, name) in [("sid", own.session), ("jti", own.token), ("sub", own.user)] {
                    option value=(what) { (name) }
                }
            }
            label for="id" { (own.id) }
            input #id name="id" required autocapitalize="off" spellcheck="false"
                aria-invalid=[refusal.map(|_| "true")];
            button { (own.revoke) }
        }
    };
    page(services, words, Place::Edges, None, &content)
}
