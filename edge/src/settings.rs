//! The Worker's configuration: its variables, and the secrets that are among them.

use common::Secret;
use common::keys::Key;
use common::variable::{self, Variable};
use common::vars::{AssertionKey, Misconfigured, Vars};

/// The configuration, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    /// What is no secret.
    pub(crate) vars: Vars,
    /// The one key this edge trusts by configuration.
    pub(crate) anchor: Key,
    /// Proves to the origin that it is an edge that asks.
    pub(crate) edge_secret: Secret<String>,
    /// Signs assertions.
    pub(crate) assertion_key: Option<AssertionKey>,
}

impl Settings {
    /// Reads and checks the variables, an object in JSON.
    pub(crate) fn read(variables: &str) -> Result<Self, Misconfigured> {
        let (vars, secrets) = Vars::read(variables)?;
        secrets.suffice_for(&vars)?;
        let missing =
            |name: Variable, hint: &str| Misconfigured::new(name, &["is not set; ", hint]);
        Ok(Self {
            vars,
            anchor: secrets.anchor.ok_or_else(|| {
                missing(variable::ANCHOR_KEY, "`origin keys anchor` prints it, for wrangler.toml")
            })?,
            // What neither a segment nor a rule can decide, the origin is asked about; it answers
            // nobody else.
            edge_secret: secrets.edge_secret.ok_or_else(|| {
                let hint = "choose one, set it with `npx wrangler secret put EDGE_SECRET`, and give \
                            the origin the same as edge.secret";
                missing(variable::EDGE_SECRET, hint)
            })?,
            assertion_key: secrets.assertion_key,
        })
    }
}

#[cfg(test)]
mod tests;
