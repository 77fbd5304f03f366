//! The logins elsewhere that open the account, and the buttons that link and unlink them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::super::super::Services;
use super::super::super::error::Refusal;
use super::super::super::extract::{Expected, Form};
use super::super::super::oauth::{Kept, keep};
use super::super::ReturnTo;
use super::super::social::{Back, failed, name, onward};
use super::super::social::{SocialWords, words_of};
use super::super::visitor::Visitor;
use super::super::words::Words;
use crate::port::Identity;
use crate::service::{Named, Purpose};

/// The section: each provider, and each link with one that is not there any more.
pub(super) fn section(words: &Words, providers: &[Named], linked: &[Identity]) -> Markup {
    let own = words_of(words);
    let is_linked = |name: &str| linked.iter().any(|identity| identity.provider == name);
    let gone = linked.iter().map(|identity| identity.provider.as_str());
    let gone = gone.filter(|name| providers.iter().all(|named| named.name != *name));
    html! {
        @if !providers.is_empty() || !linked.is_empty() {
            section aria-labelledby="logins" {
                h2 #logins { (own.linking) }
                ul .entries {
                    @for named in providers {
                        (entry(own, &named.name, name(&named.label, words), is_linked(&named.name)))
                    }
                    @for gone in gone { (entry(own, gone, gone, true)) }
                }
            }
        }
    }
}

fn entry(words: &SocialWords, provider: &str, label: &str, is_linked: bool) -> Markup {
    let (action, word) = if is_linked {
        ("/auth/account/unlink", words.unlink)
    } else {
        ("/auth/account/link", words.link)
    };
    html! {
        li {
            div {
                strong { (label) }
                @if is_linked { " " span .mark { (words.linked) } }
            }
            form method="post" action=(action) {
                input type="hidden" name="provider" value=(provider);
                button .plain aria-label={ (word) ": " (label) } { (word) }
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    provider: String,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send the form's field `provider`, once and nothing else.";
}

/// `POST /auth/account/link`: to the provider, to link the login there. Only a form of ours asks for that:
/// another site must not be able to put somebody else's login on this account.
pub(super) async fn link(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    visitor: Visitor,
    Form(Input { provider }): Form<Input>,
) -> Result<Response, Refusal> {
    match services.social.depart(&provider, Purpose::Link(visitor.sid), false).await {
        Ok((there, attempt)) => {
            let return_to = ReturnTo::from(String::from(super::PATH));
            let mut response = onward(&services, words, &there);
            let kept = Kept { attempt, return_to, ours: true, afresh: false };
            keep(response.headers_mut(), &kept.cookie())?;
            Ok(response)
        }
        Err(error) => {
            let refusal = error.into();
            let back = Back::to_account(&refusal);
            Ok(failed(&services, words, &refusal, &back))
        }
    }
}

/// `POST /auth/account/unlink`
pub(super) async fn unlink(
    State(services): State<Arc<Services>>,
    words: &'static Words,
    visitor: Visitor,
    Form(Input { provider }): Form<Input>,
) -> Result<Response, Refusal> {
    match services.social.unlink(&visitor.account.id, &provider, words.spoken()).await {
        Ok(()) => Ok(super::back()),
        Err(error) => Ok(failed(&services, words, &error.into(), &Back::Account)),
    }
}
