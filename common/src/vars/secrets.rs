//! What a deployment keeps among its secrets. Only the Worker sees all of it; where a value stands
//! among the variables, its form is looked at whoever reads them.

use super::{Misconfigured, Vars, optional};
use crate::json::{Object, found_length};
use crate::keys::Key;
use crate::variable::{self, Variable};
use crate::{KeyId, Secret, base64url};

/// What the origin asks of its `edge.secret`, too.
const EDGE_SECRET_BYTES: usize = 16;

/// What is known of them.
#[derive(Debug)]
pub struct Secrets {
    /// The one key that an edge trusts by configuration. No secret, but in development set like one.
    pub anchor: Option<Key>,
    /// Proves to the origin that it is an edge that asks.
    pub edge_secret: Option<Secret<String>>,
    /// Signs assertions.
    pub assertion_key: Option<AssertionKey>,
}

impl Secrets {
    pub(super) fn read(variables: &Object) -> Result<Self, Misconfigured> {
        let anchor = "expected 32 bytes in base64url, as `origin keys anchor` prints them";
        let secret = "expected at least 16 characters of visible ASCII, the same as the origin's \
                      edge.secret";
        let assertion = "expected what `origin keys assertion` prints behind its name";
        Ok(Self {
            anchor: read(variables, variable::ANCHOR_KEY, anchor_key, anchor)?,
            edge_secret: read(variables, variable::EDGE_SECRET, edge_secret, secret)?,
            assertion_key: read(
                variables,
                variable::ASSERTION_KEY,
                AssertionKey::parse,
                assertion,
            )?,
        })
    }

    /// Whether all is there that the rules ask for.
    ///
    /// # Errors
    /// That the key is missing where a rule hands identity over by assertion.
    pub fn suffice_for(&self, vars: &Vars) -> Result<(), Misconfigured> {
        match vars.wants_assertions() {
            Some(rule) if self.assertion_key.is_none() => {
                let rule = rule.to_string();
                let problem = ["is not set, but the rule for ", &rule, " wants assertions; ", MAKE];
                Err(Misconfigured::new(variable::ASSERTION_KEY, &problem))
            }
            _ => Ok(()),
        }
    }
}

const MAKE: &str = "`origin keys assertion` makes one";

/// What was found is told by its length alone.
fn read<T>(
    variables: &Object,
    name: Variable,
    parse: fn(&str) -> Option<T>,
    expected: &str,
) -> Result<Option<T>, Misconfigured> {
    let Some(text) = optional(variables, name)? else { return Ok(None) };
    let wrong = || Misconfigured::new(name, &[expected, &found_length(&text)]);
    parse(&text).map(Some).ok_or_else(wrong)
}

/// The anchor's public key, as `origin keys anchor` prints it.
#[must_use]
pub fn anchor_key(text: &str) -> Option<Key> {
    let bytes: [u8; 32] = base64url::decode(text)?.try_into().ok()?;
    Some(Key::ed25519(KeyId::try_from(String::from("anchor")).ok()?, bytes))
}

fn edge_secret(text: &str) -> Option<Secret<String>> {
    let fits = text.len() >= EDGE_SECRET_BYTES && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| Secret::new(text.into()))
}

/// The key that signs assertions.
#[derive(Debug)]
pub struct AssertionKey {
    jwk: Secret<String>,
}

impl AssertionKey {
    /// Reads what `origin keys assertion` prints: `<d>.<x>`, 32 bytes each, in base64url.
    fn parse(text: &str) -> Option<Self> {
        let (d, x) = text.split_once('.')?;
        let fits = |part: &str| {
            part.len() == 43
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{d}","x":"{x}"}}"#);
        (fits(d) && fits(x)).then(|| Self { jwk: Secret::new(jwk) })
    }

    /// As JSON (RFC 8037 §2), the private part in it.
    #[must_use]
    pub const fn jwk(&self) -> &Secret<String> {
        &self.jwk
    }
}
