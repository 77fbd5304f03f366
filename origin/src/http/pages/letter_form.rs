//! The form that asks for a letter to an address.

use axum::response::Response;
use common::problem::Code;
use maud::html;

use super::super::Services;
use super::field::Field;
use super::layout;
use super::words::Words;

/// Which letter.
pub(super) struct LetterForm {
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    /// On the button.
    pub(super) send: &'static str,
    /// Where the form goes.
    pub(super) action: &'static str,
}

impl LetterForm {
    /// The page with it; `code` says why it is shown again.
    pub(super) fn page(
        &self,
        services: &Services,
        words: &Words,
        email: &str,
        code: Option<Code>,
    ) -> Response {
        let content = html! {
            form method="post" action=(self.action) {
                (layout::problem(words, code))
                p .text { (self.text) }
                (Field::Email.show(words.email, None, email, code))
                button { (self.send) }
            }
            p { a href="/auth/login" { (words.sign_in) } }
        };
        layout::page(words, self.title, &services.own_origin, &content)
    }
}
