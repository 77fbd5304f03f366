//! What somebody signs in with here, and the forms that change it: the password and the address.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use common::Secret;
use common::problem::Code;
use maud::{Markup, html};
use serde::Deserialize;

use super::super::super::Services;
use super::super::super::error::Refusal;
use super::super::super::extract::{Client, Expected, Form};
use super::super::field::Field;
use super::super::visitor::Visitor;
use super::super::words::Words;
use super::super::{ReturnTo, layout, see_other};
use super::{back, page};
use crate::service::{By, ChangeError};

/// What came of a form of this section.
#[derive(Clone, Copy, Default)]
pub(super) struct Outcome {
    password: Option<Code>,
    address: Option<Code>,
}

/// The section. An account without a password gets one by a letter.
pub(super) fn section(
    words: &Words,
    services: &Services,
    visitor: &Visitor,
    outcome: Outcome,
) -> Markup {
    let (account, letters) = (&visitor.account, words.letters);
    // That the current password is wrong says nothing of the new address.
    let address = outcome.address.filter(|code| *code != Code::CredentialsInvalid);
    html! {
        section aria-labelledby="credentials" {
            h2 #credentials { (words.email) " · " (words.password) }
            p {
                (account.email) " "
                span .mark { @if account.email_verified { (letters.is_verified) } @else { (letters.is_unverified) } }
            }
            @if services.by_mail.is_some() && !account.email_verified {
                p { a href="/auth/verify" { (letters.verify) } }
            }
            @if account.password_hash.is_some() {
                details open[outcome.password.is_some()] {
                    summary { (letters.change_password) }
                    form method="post" action="/auth/account/password" {
                        (problem(words, outcome.password))
                        (Field::Current("password-current").show(letters.current, None, "", outcome.password))
                        (Field::Chosen.show(letters.reset_new, Some(words.password_hint), "", outcome.password))
                        button { (letters.reset_send) }
                    }
                }
                @if services.by_mail.is_some() {
                    details open[outcome.address.is_some()] {
                        summary { (letters.change_address) }
                        form method="post" action="/auth/account/email" {
                            (problem(words, outcome.address))
                            p .text { (letters.change_address_text) }
                            (Field::Email.show(letters.new_address, None, "", address))
                            (Field::Current("email-current").show(letters.current, None, "", outcome.address))
                            button { (letters.change_address_send) }
                        }
                    }
                }
            } @else if services.by_mail.is_some() {
                p { a href="/auth/forgot" { (letters.reset) } }
            }
        }
    }
}

/// The words for what went wrong; that the current password is wrong says nothing of the address.
fn problem(words: &Words, code: Option<Code>) -> Markup {
    html! {
        @if let Some(code) = code {
            p #problem .problem role="alert" {
                @if code == Code::CredentialsInvalid { (words.letters.current_wrong) }
                @else { (words.problem(code)) }
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    current_password: Secret<String>,
    new_password: Secret<String>,
}

impl Expected for NewPassword {
    const SHAPE: &'static str = "Send the form's fields `current_password` and `new_password`, each \
                                 once and nothing else.";
}

/// `POST /auth/account/password`
pub(super) async fn password(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    client: Client,
    visitor: Visitor,
    Form(input): Form<NewPassword>,
) -> Result<Response, Refusal> {
    let NewPassword { current_password, new_password } = input;
    let (change, id) = (&services.change, &visitor.account.id);
    let (current, new) = (&current_password, &new_password);
    let by = By { network: client.network, language: words.spoken() };
    match change.password(id, visitor.sid, current, new, by).await {
        // Where the session ended meanwhile, the page asks to sign in.
        Ok(()) | Err(ChangeError::Over) => Ok(back()),
        Err(error) => {
            let refusal = Refusal::from(error);
            let outcome = Outcome { password: Some(refusal.code()), address: None };
            let page = page(&services, words, &visitor, outcome).await?;
            Ok(layout::refused(&refusal, page))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAddress {
    current_password: Secret<String>,
    email: String,
}

impl Expected for NewAddress {
    const SHAPE: &'static str = "Send the form's fields `current_password` and `email`, each once and \
                                 nothing else.";
}

/// `POST /auth/account/email`
pub(super) async fn address(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    client: Client,
    visitor: Visitor,
    Form(input): Form<NewAddress>,
) -> Result<Response, Refusal> {
    let NewAddress { current_password, email } = input;
    let outbox = &services.by_mail()?.outbox;
    let (change, id) = (&services.change, &visitor.account.id);
    let by = By { network: client.network, language: words.spoken() };
    match change.address(outbox, id, visitor.sid, &current_password, &email, by).await {
        Ok(()) => Ok(see_other(&ReturnTo::from(String::from("/auth/verify?sent")))),
        Err(error) => {
            let refusal = Refusal::from(error);
            let outcome = Outcome { password: None, address: Some(refusal.code()) };
            let page = page(&services, words, &visitor, outcome).await?;
            Ok(layout::refused(&refusal, page))
        }
    }
}
