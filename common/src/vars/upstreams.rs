//! `APP_URL` and `UPSTREAMS`: where requests go that are let through.

use super::{Misconfigured, json, text, url};
use crate::json::{Json, Object, found, found_kind, found_names, found_text};
use crate::policy::Policy;
use crate::variable::{self, Variable};

const NAME: Variable = variable::UPSTREAMS;
/// What a service binding's name follows.
const BINDING: &str = "binding:";
/// A request to a binding needs a URL, whose host nobody looks up.
const BEHIND_BINDING: &str = "https://app.internal";

/// The app, and others by name.
#[derive(Clone, Debug)]
pub struct Upstreams {
    app: Upstream,
    named: Vec<(String, Upstream)>,
}

/// One of them: the binding it is behind, if not the network, and its scheme, host and port.
#[derive(Clone, Debug)]
struct Upstream {
    binding: String,
    base: String,
}

impl Upstreams {
    /// Reads them, and makes sure that all the policy's rules name are there.
    pub(super) fn read(variables: &Object, policy: &Policy) -> Result<Self, Misconfigured> {
        let wrong = |problem: &[&str]| Misconfigured::new(NAME, problem);
        let app = upstream(&text(variables, variable::APP_URL)?, variable::APP_URL, "")?;
        let named = match json(variables, NAME)? {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Object(table)) => table
                .into_iter()
                .map(|(name, value)| match value {
                    Json::Text(text) => {
                        let place = [&name, ": "].concat();
                        Ok((name, upstream(&text, NAME, &place)?))
                    }
                    other => {
                        let expected = ": expected a text like https://api.internal";
                        Err(wrong(&[&name, expected, &found(&other)]))
                    }
                })
                .collect::<Result<_, _>>()?,
            Some(other) => {
                return Err(wrong(&["expected a table of names and URLs", found_kind(&other)]));
            }
        };
        let read = Self { app, named };
        for rule in policy.rules() {
            if let Some(name) = rule.upstream.as_deref()
                && !read.named.iter().any(|(known, _)| known == name)
            {
                let (rule, known) = (rule.to_string(), found_names(read.names()));
                let problem =
                    ["has no \"", name, "\", which the rule for ", &rule, " names", &known];
                return Err(wrong(&problem));
            }
        }
        Ok(read)
    }

    /// The binding of an upstream ("" for the network), and its scheme, host and port.
    #[must_use]
    pub fn of(&self, name: Option<&str>) -> (&str, &str) {
        let named = name.and_then(|name| self.named.iter().find(|(known, _)| known == name));
        let upstream = named.map_or(&self.app, |(_, upstream)| upstream);
        (&upstream.binding, &upstream.base)
    }

    /// The names of those that have one.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(|(name, _)| name.as_str())
    }
}

/// `place` is said before what was expected.
fn upstream(text: &str, variable: Variable, place: &str) -> Result<Upstream, Misconfigured> {
    match text.strip_prefix(BINDING) {
        Some(name)
            if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !name.is_empty() =>
        {
            Ok(Upstream { binding: name.into(), base: BEHIND_BINDING.into() })
        }
        Some(_) => {
            let expected = "expected a binding's name behind \"binding:\"";
            Err(Misconfigured::new(variable, &[place, expected, &found_text(text)]))
        }
        None => Ok(Upstream { binding: String::new(), base: url(text, variable, place)? }),
    }
}
