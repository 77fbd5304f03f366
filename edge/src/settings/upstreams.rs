//! `APP_URL` and `UPSTREAMS`: where requests go that are let through.

use common::json::{Json, Object};
use common::policy::Policy;
use common::variable::{self, Variable};

use super::{Misconfigured, json, url};

const NAME: Variable = variable::UPSTREAMS;
/// What a service binding's name follows.
const BINDING: &str = "binding:";
/// A request to a binding needs a URL, whose host nobody looks up.
const BEHIND_BINDING: &str = "https://app.internal";

/// The app, and others by name.
#[derive(Debug)]
pub(crate) struct Upstreams {
    app: Upstream,
    named: Vec<(String, Upstream)>,
}

/// One of them: the binding it is behind, if not the network, and its scheme, host and port.
#[derive(Debug)]
struct Upstream {
    binding: String,
    base: String,
}

impl Upstreams {
    /// Reads them, and makes sure that all the policy's rules name are there.
    pub(super) fn read(variables: &Object, policy: &Policy) -> Result<Self, Misconfigured> {
        let wrong = |problem: String| Misconfigured::new(NAME, problem);
        let app = match super::optional(variables, variable::APP_URL)? {
            Some(text) if text.starts_with(BINDING) => upstream(&text, variable::APP_URL)?,
            _ => Upstream { binding: String::new(), base: url(variables, variable::APP_URL)? },
        };
        let named = match json(variables, NAME)? {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Object(table)) => table
                .into_iter()
                .map(|(name, value)| match value {
                    Json::Text(text) => Ok((name, upstream(&text, NAME)?)),
                    _ => Err(wrong(format!("{name}: expected a text like https://api.internal"))),
                })
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(wrong("expected a table of names and URLs".into())),
        };
        let read = Self { app, named };
        for rule in policy.rules() {
            if let Some(name) = rule.upstream.as_deref()
                && !read.named.iter().any(|(known, _)| known == name)
            {
                return Err(wrong(format!("has no \"{name}\", which the rule for {rule} names")));
            }
        }
        Ok(read)
    }

    /// The binding of an upstream ("" for the network), and its scheme, host and port.
    pub(crate) fn of(&self, name: Option<&str>) -> (&str, &str) {
        let named = name.and_then(|name| self.named.iter().find(|(known, _)| known == name));
        let upstream = named.map_or(&self.app, |(_, upstream)| upstream);
        (&upstream.binding, &upstream.base)
    }
}

fn upstream(text: &str, variable: Variable) -> Result<Upstream, Misconfigured> {
    match text.strip_prefix(BINDING) {
        Some(name)
            if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !name.is_empty() =>
        {
            Ok(Upstream { binding: name.into(), base: BEHIND_BINDING.into() })
        }
        Some(_) => {
            Err(Misconfigured::new(variable, "expected a binding's name behind \"binding:\""))
        }
        None => {
            super::base_url(text, variable).map(|base| Upstream { binding: String::new(), base })
        }
    }
}
