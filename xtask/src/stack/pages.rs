//! The pages of the demo app: what they have in common, in the language of the browser.

use axum::http::{HeaderMap, header};

const STYLE: &str = include_str!("demo_app.css");

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Korean,
}

impl Language {
    /// The one of the two that `Accept-Language` names first, as browsers write it.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let named = accepted.unwrap_or_default().split(',');
        let mut known = named.filter_map(|range| match range.trim().get(..2) {
            Some("ko") => Some(Self::Korean),
            Some("en") => Some(Self::English),
            _ => None,
        });
        known.next().unwrap_or(Self::English)
    }

    /// One of two, by language.
    pub(super) fn choose<T>(self, english: T, korean: T) -> T {
        match self {
            Self::English => english,
            Self::Korean => korean,
        }
    }
}

/// A whole page around what it shows.
pub(super) fn page(language: Language, title: &str, content: &str) -> String {
    let code = language.choose("en", "ko");
    format!(
        "<!doctype html>\n<html lang=\"{code}\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"same-origin\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n<main>\n{content}</main>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_language_named_first_counts() {
        for (accepted, expected) in [
            ("", Language::English),
            ("ko-KR,ko;q=0.9,en;q=0.8", Language::Korean),
            ("de,en;q=0.5,ko;q=0.1", Language::English),
            ("*", Language::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
            assert_eq!(Language::of(&headers), expected, "{accepted}");
        }
    }
}
