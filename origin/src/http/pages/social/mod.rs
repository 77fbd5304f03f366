//! What concerns logins elsewhere on the pages: the ways to sign in by them, and what is said when that
//! does not work.

mod words;

use axum::http::HeaderValue;
use axum::http::header::REFRESH;
use axum::response::Response;
use common::problem::Code;
use maud::{Markup, html};

use super::super::Services;
use super::super::error::Refusal;
use super::return_to::ReturnTo;
use super::words::Words;
use super::{account, layout};
use crate::config::Label;
pub(super) use words::{SocialWords, of as words_of};

/// A way to each provider, for the page to sign in at. A link, not a form: browsers hold a form's redirects
/// to this site too. There are two of each, of which the style shows the one that goes with the box that is
/// ticked in the form.
pub(super) fn ways(
    services: &Services,
    words: &Words,
    return_to: &ReturnTo,
    afresh: bool,
) -> Markup {
    let own = words::of(words);
    html! {
        @if !services.social.providers.is_empty() {
            p .or { (own.or) }
            ul .ways {
                @for named in &services.social.providers {
                    @let there = return_to.after(&format!("/auth/oauth/{}", named.name));
                    @let there = if afresh { and(&there, "afresh") } else { there };
                    @let label = own.sign_in_with(name(&named.label, words));
                    li {
                        a .way .brief href=(there) { (label) }
                        a .way .lasting href=(and(&there, "remember")) { (label) }
                    }
                }
            }
        }
    }
}

/// A way with a wish more.
fn and(there: &str, wish: &str) -> String {
    let mark = if there.contains('?') { '&' } else { '?' };
    format!("{there}{mark}{wish}=true")
}

/// What a provider is called in the page's language.
pub(super) fn name<'l>(label: &'l Label, words: &Words) -> &'l str {
    if words.language == "ko" { &label.korean } else { &label.english }
}

/// Nothing came of a login elsewhere: what is wrong and where to go on. Never a word of the provider's.
pub(in super::super) fn failed(
    services: &Services,
    words: &Words,
    refusal: &Refusal,
    back: &Back,
) -> Response {
    let own = words::of(words);
    let code = refusal.code();
    let (title, there, label) = match back {
        Back::SignIn { return_to, afresh } => {
            let there = return_to.after("/auth/login");
            let there = if *afresh { and(&there, "afresh") } else { there };
            (words.sign_in, there, own.sign_in_again)
        }
        Back::Account => (own.linking, String::from(account::PATH), own.to_account),
    };
    let content = html! {
        p #problem .problem role="alert" { (own.problem(code).unwrap_or_else(|| words.problem(code))) }
        p { a .way href=(there) { (label) } }
    };
    layout::refused(refusal, layout::page(words, title, &services.own_origin, &content))
}

/// Where somebody goes on after it.
pub(in super::super) enum Back {
    /// To sign in; `afresh` to prove who one is.
    SignIn {
        return_to: ReturnTo,
        afresh: bool,
    },
    Account,
}

impl Back {
    /// To the account page, by way of signing in where that is what is wanted.
    pub(in super::super) fn to_account(refusal: &Refusal) -> Self {
        match refusal.code() {
            Code::SignInTooOld => Self::SignIn {
                return_to: ReturnTo::from(String::from(account::PATH)),
                afresh: true,
            },
            _ => Self::Account,
        }
    }
}

/// On to the provider from a form of ours, whose redirect browsers would hold back.
pub(super) fn onward(services: &Services, words: &Words, there: &str) -> Response {
    let own = words::of(words);
    let content = html! { p { a .way href=(there) { (own.onward) } } };
    let mut page = layout::page(words, own.linking, &services.own_origin, &content);
    // An address is visible ASCII; without the header the link is there still.
    if let Ok(refresh) = HeaderValue::try_from(format!("0;url={there}")) {
        page.headers_mut().insert(REFRESH, refresh);
    }
    page
}
