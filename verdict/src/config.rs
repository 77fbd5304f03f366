//! What `wrangler.toml` says to the Worker, read as the Worker reads it.

use std::fs;
use std::path::Path;

use common::keys::Key;
use common::spelling;
use common::variable::{self, Variable};
use common::vars::{Secrets, Vars};
use serde_json::Value;

use crate::Error;

/// What the Worker's variables say.
#[derive(Clone, Debug)]
pub struct Config {
    /// The variables.
    pub vars: Vars,
    /// `ANCHOR_KEY`, where it is among them.
    pub anchor: Option<Key>,
    /// What may be meant so, and may be not.
    pub notes: Vec<String>,
}

impl Config {
    /// Reads the variables of a `wrangler.toml`, those of one of its environments if named.
    ///
    /// # Errors
    /// When the file or a variable is not what the Worker would accept.
    pub fn read(path: &Path, environment: Option<&str>) -> Result<Self, Error> {
        let text =
            fs::read_to_string(path).map_err(|source| Error::File { path: path.into(), source })?;
        let file: Value =
            toml::from_str(&text).map_err(|error| Error::content(path, error.to_string()))?;
        // Wrangler hands no variables down from the top to an environment.
        let place = environment.map_or_else(String::new, |name| format!("env.{name}."));
        let table = match environment {
            Some(name) => file.get("env").and_then(|all| all.get(name)).unwrap_or(&Value::Null),
            None => &file,
        };
        let variables = table
            .get("vars")
            .ok_or_else(|| Error::content(path, format!("no table {place}vars")))?;
        let (vars, secrets) = Vars::read(&variables.to_string())
            .map_err(|wrong| Error::content(path, format!("{place}vars: {wrong}")))?;
        let unread = variables.as_object().into_iter().flatten();
        let mut notes: Vec<_> = unread.filter_map(|(name, _)| spelling::unread(name)).collect();
        notes.extend(unsaid(&vars, &secrets, table));
        Ok(Self { vars, anchor: secrets.anchor, notes })
    }
}

/// That a secret is needed of which the file says nothing. Which ones there are, only Cloudflare
/// knows.
fn unsaid(vars: &Vars, secrets: &Secrets, table: &Value) -> Option<String> {
    let missing = secrets.suffice_for(vars).err()?;
    if is_promised(table, variable::ASSERTION_KEY) {
        return None;
    }
    let how = "if it is a secret of the Worker, name it in `secrets.required`, and `wrangler deploy` looks \
               whether it is there; without it the Worker answers 500 to everything";
    Some(format!("{missing}; {how}"))
}

/// Whether the file names a secret that the Worker cannot be deployed without.
fn is_promised(table: &Value, name: Variable) -> bool {
    let required = table.pointer("/secrets/required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|one| one == name.name()))
}
