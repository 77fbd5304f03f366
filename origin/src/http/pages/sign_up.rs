//! `GET /auth/register`, and `POST` of its form, which signs in too.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use common::Secret;
use common::problem::Code;
use common::token::refresh::Presented;
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
use super::{layout, see_other};
use crate::service::{Deed, Issued, Lasting, Registered, Registration};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Input {
    email: String,
    password: Secret<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    return_to: ReturnTo,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send the form's fields `email`, `password` and, if wanted, \
                                 `name` and `return_to`, each once and nothing else.";
}

/// The page to make an account.
#[utoipa::path(get, path = "/auth/register", operation_id = "register_page", tag = "page", params(("return_to" = Option<String>, Query)),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"), PageRefusals))]
pub(in super::super) async fn show(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    RawQuery(query): RawQuery,
) -> Response {
    page(&services, words, &ReturnTo::of(query.as_deref()), "", "", None)
}

pub(in super::super) async fn send(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    caller: Caller,
    client: Client,
    Form(input): Form<Input>,
) -> Result<Response, Refusal> {
    let left = caller.leaves(&services);
    match sign_up(&services, words, client, &input, left).await {
        Ok(None) => Ok(see_other(&ReturnTo::from(String::from("/auth/verify?sent")))),
        Ok(Some(issued)) => {
            let mut response = see_other(&input.return_to);
            sign_in_cookies(response.headers_mut(), &issued, services.clock.now())?;
            Ok(response)
        }
        Err(refusal) => {
            let code = Some(refusal.code());
            let Input { email, name, return_to, .. } = &input;
            let page = page(&services, words, return_to, email, name, code);
            Ok(layout::refused(&refusal, page))
        }
    }
}

/// Makes the account and signs in as anybody signs in, unless the address is to be proven first.
async fn sign_up(
    services: &Services,
    words: &Words,
    client: Client,
    input: &Input,
    left: Option<Presented>,
) -> Result<Option<Issued>, Refusal> {
    let Input { email, password, name, .. } = input;
    let name = Some(name.clone()).filter(|name| !name.trim().is_empty());
    let wanted = Registration { email: email.clone(), password: password.clone(), name };
    services.throttle.count(Deed::Register, client.network).await?;
    if let Registered::Asked = services.register.register(wanted, words.spoken()).await? {
        return Ok(None);
    }
    let (_, issued) = services
        .login
        .login(email, password, Lasting::Browser, client.device, client.network, left)
        .await?;
    Ok(Some(issued))
}

fn page(
    services: &Services,
    words: &Words,
    return_to: &ReturnTo,
    email: &str,
    name: &str,
    code: Option<Code>,
) -> Response {
    let content = html! {
        form method="post" action="/auth/register" {
            (layout::problem(words, code))
            (Field::Email.show(words.email, None, email, code))
            (Field::NewPassword.show(words.password, Some(words.password_hint), "", code))
            (Field::Name.show(words.name, None, name, code))
            input type="hidden" name="return_to" value=(return_to.as_str());
            button { (words.sign_up) }
        }
        p { (words.have_account) " " a href=(return_to.after("/auth/login")) { (words.sign_in) } }
    };
    layout::page(words, words.sign_up, &services.own_origin, &content)
}
