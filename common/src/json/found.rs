//! What was found in the place of what was expected, as the end of a message. Said where it is a
//! person that reads it; the Worker is to be small, and its log names the place.

#[cfg(target_arch = "wasm32")]
pub(crate) use in_the_worker::{found, found_kind, found_length, found_names, found_text};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use told::{found, found_kind, found_length, found_names, found_text};

#[cfg(target_arch = "wasm32")]
mod in_the_worker {
    use crate::json::Json;

    pub(crate) const fn found(_: &Json) -> String {
        String::new()
    }

    pub(crate) const fn found_kind(_: &Json) -> &'static str {
        ""
    }

    pub(crate) fn found_names<'n>(_: impl Iterator<Item = &'n str>) -> String {
        String::new()
    }

    pub(crate) const fn found_text(_: &str) -> String {
        String::new()
    }

    pub(crate) const fn found_length(_: &str) -> String {
        String::new()
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod told {
    use crate::json::Json;
    use crate::text::listed;

    /// A longer text is not repeated.
    const LONGEST: usize = 60;

    /// A value.
    pub(crate) fn found(value: &Json) -> String {
        match value {
            Json::Bool(flag) => format!(", found {flag}"),
            Json::Number(Some(number)) => format!(", found {number}"),
            Json::Text(text) => found_text(text),
            _ => found_kind(value).into(),
        }
    }

    /// A text, unless it may hold a password, as a URL does before its `@`.
    pub(crate) fn found_text(text: &str) -> String {
        if text.len() > LONGEST || text.contains('@') {
            found_length(text)
        } else {
            format!(", found {text:?}")
        }
    }

    /// A text that is nobody's business.
    pub(crate) fn found_length(text: &str) -> String {
        format!(", found a text of {} characters", text.chars().count())
    }

    /// A value that may be nobody's business.
    pub(crate) const fn found_kind(value: &Json) -> &'static str {
        match value {
            Json::Null => ", found null",
            Json::Bool(_) => ", found true or false",
            Json::Number(Some(_)) => ", found a number",
            Json::Number(None) => ", found a number that is not whole, below 0 or too large",
            Json::Text(text) if text.is_empty() => ", found an empty text",
            Json::Text(_) => ", found a text",
            Json::List(_) => ", found a list",
            Json::Object(_) => ", found a table",
        }
    }

    /// Names of which none was meant.
    pub(crate) fn found_names<'n>(names: impl Iterator<Item = &'n str>) -> String {
        let names: Vec<_> = names.map(String::from).collect();
        format!(", found {}", listed(&names))
    }
}
