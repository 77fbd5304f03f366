//! Writing small objects.

use core::fmt::Write as _;

/// An object, written member by member. Names are constant and need no escapes.
#[derive(Debug, Default)]
pub struct Writer(String);

impl Writer {
    /// A text.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        self.quoted(value);
        self
    }

    /// A text, unless there is none.
    #[must_use]
    pub fn optional(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// A list of texts.
    #[must_use]
    pub fn texts(mut self, name: &str, values: &[String]) -> Self {
        self.name(name);
        let mut before = '[';
        for value in values {
            self.0.push(before);
            self.quoted(value);
            before = ',';
        }
        self.0 += if values.is_empty() { "[]" } else { "]" };
        self
    }

    /// A number.
    #[must_use]
    pub fn number(self, name: &str, value: u64) -> Self {
        self.plain(name, &value.to_string())
    }

    /// `true` or `false`.
    #[must_use]
    pub fn flag(self, name: &str, value: bool) -> Self {
        self.plain(name, if value { "true" } else { "false" })
    }

    /// The whole.
    #[must_use]
    pub fn finish(self) -> String {
        if self.0.is_empty() { "{}".into() } else { self.0 + "}" }
    }

    fn plain(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        self.0 += value;
        self
    }

    fn name(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.quoted(name);
        self.0.push(':');
    }

    /// RFC 8259 §7: quotes, backslashes and control characters are escaped, nothing else.
    fn quoted(&mut self, text: &str) {
        self.0.push('"');
        for character in text.chars() {
            match character {
                '"' | '\\' => {
                    self.0.push('\\');
                    self.0.push(character);
                }
                // Writing to a String does not fail.
                '\0'..='\u{1f}' => drop(write!(self.0, "\\u{:04x}", u32::from(character))),
                other => self.0.push(other),
            }
        }
        self.0.push('"');
    }
}
