//! Environment variables as configuration. figment's own provider guesses types and so turns a
//! secret of digits into a number; here every value stays the text it is.

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider, Source};

use super::ConfigError;

const PREFIX: &str = "PORTCULLIS__";

/// The variable that sets `key`; of a section alone, the beginning of its variables' names.
pub(super) fn variable(key: &str) -> String {
    let name = format!("{PREFIX}{}", key.replace('.', "__").to_uppercase());
    if key.contains('.') { name } else { format!("{name}__…") }
}

/// Those variables that begin with `PORTCULLIS__`.
pub(super) struct Environment(Dict);

impl Environment {
    pub(super) fn new(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut sections = Dict::new();
        for (name, value) in variables {
            let Some(key) = name.strip_prefix(PREFIX) else { continue };
            let key = key.to_lowercase();
            if !key.contains("__") {
                return Err(ConfigError::UnknownKey {
                    place: format!("variable {name}"),
                    key,
                    expected: format!("a name like {PREFIX}SECTION__KEY"),
                });
            }
            put(&mut sections, &key, value);
        }
        Ok(Self(sections))
    }
}

/// Puts a value where its name says, into sections of sections. What is a value already gets no section.
fn put(into: &mut Dict, key: &str, value: String) {
    let Some((section, key)) = key.split_once("__") else {
        into.insert(String::from(key), Value::from(value));
        return;
    };
    let inner = into.entry(String::from(section)).or_insert_with(|| Value::from(Dict::new()));
    if let Value::Dict(_, keys) = inner {
        put(keys, key, value);
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::from("environment", Source::Custom(String::from("environment")))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.0.clone())]))
    }
}
