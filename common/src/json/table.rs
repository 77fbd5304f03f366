//! Reading the tables of a configuration, with words that say where something is wrong.

use super::{Json, Object, found_kind};
use crate::text::listed;

/// A member of a configuration is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

impl Unreadable {
    fn new(path: &str, problem: &[&str]) -> Self {
        let colon = if path.is_empty() { "" } else { ": " };
        Self([path, colon, &problem.concat()].concat())
    }
}

/// A table, less the members that were read already.
#[derive(Debug)]
pub struct Table {
    path: String,
    members: Object,
    #[cfg(not(target_arch = "wasm32"))]
    absent: Vec<String>,
    /// The member taken last, and how it is told.
    #[cfg(not(target_arch = "wasm32"))]
    last: Option<(String, String)>,
}

impl Table {
    /// Begins to read the table at this place of the configuration ("" for its root).
    ///
    /// # Errors
    /// When it is none.
    pub fn read(value: Json, path: String) -> Result<Self, Unreadable> {
        match value {
            Json::Object(members) => Ok(Self {
                path,
                members,
                #[cfg(not(target_arch = "wasm32"))]
                absent: Vec::new(),
                #[cfg(not(target_arch = "wasm32"))]
                last: None,
            }),
            other => Err(Unreadable::new(&path, &["expected a table", found_kind(&other)])),
        }
    }

    /// Where a member stands.
    #[must_use]
    pub fn path_of(&self, name: &str) -> String {
        let dot = if self.path.is_empty() { "" } else { "." };
        [&self.path, dot, name].concat()
    }

    /// That a member is not what was expected.
    #[must_use]
    pub fn wrong(&self, name: &str, expected: &str) -> Unreadable {
        Unreadable::new(&self.path_of(name), &["expected ", expected, self.found(name)])
    }

    /// A member, of whatever shape.
    pub fn take(&mut self, name: &str) -> Option<Json> {
        let taken = self.members.take(name);
        #[cfg(not(target_arch = "wasm32"))]
        match &taken {
            Some(value) => self.last = Some((name.into(), super::found(value))),
            None => self.absent.push(name.into()),
        }
        taken
    }

    /// A member that must be there.
    ///
    /// # Errors
    /// When it is not.
    pub fn needed<T>(&self, name: &str, member: Option<T>) -> Result<T, Unreadable> {
        member.ok_or_else(|| self.missing(name))
    }

    /// A text.
    ///
    /// # Errors
    /// When it is something else.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Unreadable> {
        match self.take(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a text")),
        }
    }

    /// A list of texts.
    ///
    /// # Errors
    /// When it is something else.
    pub fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Unreadable> {
        let Some(value) = self.take(name) else { return Ok(None) };
        value.into_texts().map(Some).ok_or_else(|| self.wrong(name, "a list of texts"))
    }

    /// One of these texts, which stand for what is beside them.
    ///
    /// # Errors
    /// When it is something else.
    pub fn choice<T: Copy>(
        &mut self,
        name: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, Unreadable> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let chosen = choices.iter().find(|(text, _)| value.as_text() == Some(text));
        chosen.map(|(_, meaning)| Some(*meaning)).ok_or_else(|| {
            let words: Vec<String> = choices.iter().map(|(text, _)| String::from(*text)).collect();
            self.wrong(name, &["one of ", &listed(&words)].concat())
        })
    }

    /// All is read: a misspelt member would silently be without effect.
    ///
    /// # Errors
    /// When there is a member that nobody asked for.
    pub fn end(self) -> Result<(), Unreadable> {
        match self.members.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(self.unknown(name)),
        }
    }
}

/// The Worker is to be small: its log names the member, and what runs before it says the rest.
#[cfg(target_arch = "wasm32")]
impl Table {
    #[expect(clippy::unused_self, reason = "elsewhere it remembers")]
    const fn found(&self, _: &str) -> &'static str {
        ""
    }

    fn missing(&self, name: &str) -> Unreadable {
        Unreadable::new(&self.path_of(name), &["is missing"])
    }

    fn unknown(&self, name: &str) -> Unreadable {
        Unreadable::new(&self.path_of(name), &["unknown member"])
    }
}

/// What was found, and what is told of a name that may be misspelt, where it is a person that reads it.
#[cfg(not(target_arch = "wasm32"))]
impl Table {
    fn found(&self, name: &str) -> &str {
        let last = self.last.as_ref().filter(|(last, _)| last == name);
        last.map_or("", |(_, told)| told)
    }

    fn missing(&self, name: &str) -> Unreadable {
        let there = self.members.0.iter().map(|(own, _)| own.as_str());
        match crate::spelling::nearest(name, there) {
            Some(misspelt) => self.did_you_mean(misspelt, name),
            None => Unreadable::new(&self.path_of(name), &["is missing"]),
        }
    }

    fn unknown(&self, name: &str) -> Unreadable {
        match crate::spelling::nearest(name, self.absent.iter().map(String::as_str)) {
            Some(meant) => self.did_you_mean(name, meant),
            None => Unreadable::new(&self.path_of(name), &["unknown member"]),
        }
    }

    fn did_you_mean(&self, misspelt: &str, meant: &str) -> Unreadable {
        let problem = ["unknown member; did you mean `", meant, "`?"];
        Unreadable::new(&self.path_of(misspelt), &problem)
    }
}
