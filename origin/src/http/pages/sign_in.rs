//! `GET /auth/login`, and `POST` of its form.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use common::Secret;
use common::problem::Code;
use maud::html;
use serde::Deserialize;

use super::super::Services;
use super::super::answer::sign_in_cookies;
use super::super::error::Refusal;
use super::super::extract::{Caller, Client, Expected, Form};
use super::super::openapi::PageRefusals;
use super::field::Field;
use super::return_to::ReturnTo;
use super::words::Words;
use super::{is_wanted, layout, see_other, social};
use crate::metrics::PASSWORD;
use crate::service::Lasting;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Input {
    email: String,
    password: Secret<String>,
    #[serde(default)]
    remember: bool,
    #[serde(default)]
    return_to: ReturnTo,
    #[serde(default)]
    afresh: bool,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send the form's fields `email`, `password` and, if wanted, \
                                 `remember` (true), `return_to` and `afresh` (true), each once and nothing else.";
}

/// The page to sign in at.
#[utoipa::path(get, path = "/auth/login", operation_id = "login_page", tag = "page", params(("return_to" = Option<String>, Query),
        ("afresh" = Option<String>, Query, description = "`true` to have providers ask who it is")),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"), PageRefusals))]
pub(in super::super) async fn show(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    RawQuery(query): RawQuery,
) -> Response {
    let (return_to, afresh) =
        (ReturnTo::of(query.as_deref()), is_wanted(query.as_deref(), "afresh"));
    let shown = Shown { return_to: &return_to, email: "", remember: false, afresh, code: None };
    page(&services, words, &shown)
}

pub(in super::super) async fn send(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    caller: Caller,
    client: Client,
    Form(input): Form<Input>,
) -> Result<Response, Refusal> {
    let Input { email, password, remember, return_to, afresh } = input;
    let lasting = if remember { Lasting::Remembered } else { Lasting::Browser };
    let (Client { device, network, .. }, left) = (client, caller.leaves(&services));
    let outcome = services.login.login(&email, &password, lasting, device, network, left).await;
    match services.signed_in(PASSWORD, outcome) {
        Ok((_, issued)) => {
            let mut response = see_other(&return_to);
            sign_in_cookies(response.headers_mut(), &issued, services.clock.now())?;
            Ok(response)
        }
        Err(refusal) => {
            let code = Some(refusal.code());
            let shown = Shown { return_to: &return_to, email: &email, remember, afresh, code };
            let page = page(&services, words, &shown);
            Ok(layout::refused(&refusal, page))
        }
    }
}

/// What the form is filled with, and why it is shown again.
struct Shown<'a> {
    return_to: &'a ReturnTo,
    email: &'a str,
    remember: bool,
    /// Whether providers are to ask who it is.
    afresh: bool,
    code: Option<Code>,
}

fn page(
    services: &Services,
    words: &Words,
    &Shown { return_to, email, remember, afresh, code }: &Shown<'_>,
) -> Response {
    let content = html! {
        form method="post" action="/auth/login" {
            (layout::problem(words, code))
            (Field::Email.show(words.email, None, email, code))
            (Field::Password.show(words.password, None, "", code))
            label .check {
                input type="checkbox" name="remember" value="true" checked[remember];
                span { (words.remember) }
            }
            input type="hidden" name="return_to" value=(return_to.as_str());
            @if afresh { input type="hidden" name="afresh" value="true"; }
            button { (words.sign_in) }
        }
        @if services.by_mail.is_some() {
            @if code == Some(Code::EmailUnverified) {
                p { a href="/auth/verify" { (words.letters.ask_again) } }
            }
            p { a href="/auth/forgot" { (words.letters.forgot) } }
        }
        (social::ways(services, words, return_to, afresh))
        p { (words.no_account) " " a href=(return_to.after("/auth/register")) { (words.sign_up) } }
    };
    layout::page(words, words.sign_in, &services.own_origin, &content)
}
