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

/// A page of one form. `site` is the origin whose page it is.
pub(super) fn page(words: &Words, title: &str, site: &str, content: &Markup) -> Response {
    whole(words, title, site, false, content)
}

/// A page with room for lists.
pub(super) fn wide_page(words: &Words, title: &str, site: &str, content: &Markup) -> Response {
    whole(words, title, site, true, content)
}

fn whole(words: &Words, title: &str, site: &str, wide: bool, content: &Markup) -> Response {
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
                main .wide[wide] {
                    p .site { (host) }
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
