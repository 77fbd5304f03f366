//! What is wrong with the configuration, in words for whoever wrote it: where, which key, what was
//! found, what is expected. A secret's value is never among them.

use std::borrow::Cow;
use std::path::PathBuf;

use figment::Figment;
use figment::error::{Actual, Kind};

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A file was asked for that is not there.
    #[error("configuration file {0}: there is no such file; create it or leave --config away")]
    NoSuchFile(PathBuf),
    /// A file that is no TOML.
    #[error("{place}: not valid TOML: {what}")]
    Syntax {
        /// Which file.
        place: String,
        /// What the parser says, with line and column.
        what: String,
    },
    /// A key that does not exist, most often misspelt.
    #[error("{place}: unknown key {key}; expected {expected}")]
    UnknownKey {
        /// Which file or variable.
        place: String,
        /// The key as written.
        key: String,
        /// The keys there are.
        expected: String,
    },
    /// A value that cannot be.
    #[error("{place}: {key} is {found}; expected {expected}")]
    Value {
        /// Which file or variable.
        place: String,
        /// The key.
        key: String,
        /// What stands there; the word `redacted` for a secret.
        found: String,
        /// What may stand there.
        expected: String,
    },
}

impl ConfigError {
    /// Puts figment's findings into our words.
    pub(super) fn from_figment(error: &figment::Error) -> Self {
        let key = error.path.join(".");
        let place = place(error.metadata.as_ref(), &key);
        match &error.kind {
            Kind::UnknownField(name, known) => Self::UnknownKey {
                place,
                key: if key.ends_with(name.as_str()) || key.is_empty() {
                    if key.is_empty() { name.clone() } else { key }
                } else {
                    format!("{key}.{name}")
                },
                expected: one_of(known),
            },
            Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
                let expected = if expected.starts_with("struct ") {
                    String::from("a section with keys of its own")
                } else {
                    expected.clone()
                };
                Self::Value { place, key, found: String::from(type_of(found)), expected }
            }
            // The other kinds stem from the parser, which quotes the line it stumbles over: the
            // line may hold a secret, so only the position and the first sentence are kept.
            _ => Self::Syntax { place, what: without_quotation(&error.kind.to_string()) },
        }
    }
}

/// What kind of value stands there, not the value: a secret that was written at the wrong place is
/// one still.
const fn type_of(found: &Actual) -> &'static str {
    match found {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Char(_) | Actual::Str(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map => "a section",
        _ => "something else",
    }
}

/// Keeps `TOML parse error at line 3, column 7` and the closing explanation, not the line itself.
fn without_quotation(message: &str) -> String {
    let mut kept = message
        .lines()
        .filter(|line| !line.contains('|') && !line.trim().is_empty())
        .map(str::trim);
    let first = kept.next().unwrap_or("unreadable");
    let explanation: Vec<_> = kept.collect();
    if explanation.is_empty() {
        String::from(first)
    } else {
        format!("{first}: {}", explanation.join("; "))
    }
}

/// A value that was read but is out of bounds; knows its key, not yet where it was written.
#[derive(Debug)]
pub(super) struct Invalid {
    key: Cow<'static, str>,
    found: String,
    expected: &'static str,
}

impl Invalid {
    pub(super) fn new(
        key: impl Into<Cow<'static, str>>,
        found: &str,
        expected: &'static str,
    ) -> Self {
        let key = key.into();
        let found = match found.trim() {
            _ if is_secret(&key) && !found.is_empty() => String::from("redacted"),
            "" => String::from("empty"),
            text => format!("{text:?}"),
        };
        Self { key, found, expected }
    }

    /// Like [`new`](Self::new) where the value must not even be looked at.
    pub(super) fn secret(key: impl Into<Cow<'static, str>>, expected: &'static str) -> Self {
        Self { key: key.into(), found: String::from("something else"), expected }
    }

    pub(super) fn missing(key: impl Into<Cow<'static, str>>, expected: &'static str) -> Self {
        Self { key: key.into(), found: String::from("missing"), expected }
    }

    /// Adds the file or variable it came from.
    pub(super) fn found_in(self, figment: &Figment) -> ConfigError {
        let metadata = figment.find_metadata(&self.key);
        ConfigError::Value {
            place: place(metadata, &self.key),
            key: self.key.into_owned(),
            found: self.found,
            expected: String::from(self.expected),
        }
    }
}

/// URLs are among them: theirs may hold a password.
fn is_secret(key: &str) -> bool {
    let of_provider = key.strip_prefix("oauth.").and_then(|key| key.rsplit('.').next());
    ["edge.secret", "kv.token", "redis.url", "database.url", "mail.smtp"].contains(&key)
        || matches!(of_provider, Some("client_secret" | "private_key"))
}

fn place(metadata: Option<&figment::Metadata>, key: &str) -> String {
    match metadata.and_then(|metadata| metadata.source.as_ref()) {
        Some(figment::Source::File(path)) => path.display().to_string(),
        Some(_) => format!("variable {}", super::environment::variable(key)),
        None => String::from("configuration"),
    }
}

fn one_of(known: &[&str]) -> String {
    match known {
        [] => String::from("no key here"),
        [only] => String::from(*only),
        _ => format!("one of {}", known.join(", ")),
    }
}
