//! What every page has: its head, its style, and the headers that keep others out of it.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::problem::Code;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::super::error::Refusal;
use super::words::Words;
use crate::port::Account;
use crate::service::Authority;

const STYLE: &str = include_str!("style.css");

/// Nothing is loaded and nothing runs; forms go to this site, and nobody frames the page.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    // It is ASCII without control characters, so the stricter one is never taken.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// A page of somebody who is signed in, and the ways that its header shows them.
#[derive(Clone, Copy)]
pub(super) struct SignedIn {
    here: Here,
    is_admin: bool,
}

/// Which part of the pages one is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    Account,
    Admin,
}

impl SignedIn {
    /// Somebody's page, in a part of the pages.
    pub(super) fn at(here: Here, account: &Account) -> Self {
        Self { here, is_admin: Authority::of(account).is_some() }
    }

    /// A page that only administrators get.
    pub(super) const ADMIN: Self = Self { here: Here::Admin, is_admin: true };

    fn ways(self, words: &Words) -> Markup {
        let ways = [
            (Here::Account, "/auth/account", words.account.title),
            (Here::Admin, "/auth/admin", words.admin.title),
        ];
        html! {
            nav aria-label=(words.menu) {
                @for (there, path, name) in ways {
                    @if there == Here::Account || self.is_admin {
                        a href=(path) aria-current=[(there == self.here).then_some("true")] { (name) }
                    }
                }
                form method="post" action="/auth/logout" { button .plain { (words.account.sign_out) } }
            }
        }
    }
}

/// A page of one form. `site` is the origin whose page it is.
pub(super) fn page(words: &Words, title: &str, site: &str, content: &Markup) -> Response {
    whole(words, title, site, None, content)
}

/// A page that says what was done, from where one goes on to sign in.
pub(super) fn told(words: &Words, title: &str, site: &str, what: &str) -> Response {
    let content = html! {
        p .notice role="status" { (what) }
        p { a href="/auth/login" { (words.sign_in) } }
    };
    page(words, title, site, &content)
}

/// A page with room for lists, of somebody who is signed in.
pub(super) fn wide_page(
    words: &Words,
    title: &str,
    site: &str,
    reader: SignedIn,
    content: &Markup,
) -> Response {
    whole(words, title, site, Some(reader), content)
}

fn whole(
    words: &Words,
    title: &str,
    site: &str,
    reader: Option<SignedIn>,
    content: &Markup,
) -> Response {
    let host = site.split_once("://").map_or(site, |(_, host)| host);
    let page = html! {
        (DOCTYPE)
        html lang=(words.language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · " (host) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header .wide[reader.is_some()] {
                    a .site href="/" { (host) }
                    @if let Some(reader) = reader { (reader.ways(words)) }
                }
                main .wide[reader.is_some()] {
                    h1 { (title) }
                    (content)
                }
            }
        }
    };
    let mut response = Html(page.into_string()).into_response();
    let fixed: [(HeaderName, &'static str); 4] = [
        (VARY, "accept-language"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // With `no-referrer` browsers would send `Origin: null` along with our own forms.
        (REFERRER_POLICY, "same-origin"),
    ];
    let headers = response.headers_mut();
    headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    response
}

/// A page with a secret in its address, which goes nowhere else: not as a `Referer` to the app
/// either. Browsers then send `Origin: null` along with the form, and `Sec-Fetch-Site`, which counts.
pub(super) fn with_secret(mut page: Response) -> Response {
    page.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    page
}

/// A page that says what went wrong.
pub(super) fn refused(refusal: &Refusal, mut page: Response) -> Response {
    let status = StatusCode::from_u16(refusal.code().status());
    *page.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    refusal.mark(&mut page);
    page
}

/// The words for a problem, read out as soon as they are there.
pub(super) fn problem(words: &Words, code: Option<Code>) -> Markup {
    html! {
        @if let Some(code) = code {
            p #problem .problem role="alert" { (words.problem(code)) }
        }
    }
}
