//! A case as it is written: a request, who makes it, and what is expected of the gate.

use std::collections::BTreeMap;

use common::problem::Code;
use serde::Deserialize;

use super::token::Grants;
use crate::{Error, Request};

/// The file as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cases {
    pub(super) case: Vec<Case>,
}

/// One expectation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// `GET https://app.example/admin`.
    pub(super) request: String,
    /// Who asks.
    #[serde(default, rename = "as")]
    pub(super) who: Who,
    /// Whether the token comes by cookie rather than as a bearer token.
    #[serde(default)]
    cookie: bool,
    /// Whether a browser loads it as the page that its user sees.
    #[serde(default)]
    page: bool,
    /// `Origin`.
    origin: Option<String>,
    /// `Sec-Fetch-Site`.
    site: Option<String>,
    /// `Access-Control-Request-Method`: the request is a CORS preflight.
    preflight: Option<String>,
    /// `Upgrade`.
    upgrade: Option<String>,
    /// Any other headers.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// `forward`, `origin`, `preflight`, `login`, or the code of a refusal.
    pub(super) expect: String,
    /// The rule that decides, as `explain` prints it.
    pub(super) rule: Option<String>,
    /// Headers that the gate itself puts onto the answer; an empty one is not to be there.
    #[serde(default)]
    pub(super) answer: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"nobody\", \"somebody\", a table of roles and scope, or one of issuer and claims"
)]
pub(super) enum Who {
    Named(Name),
    Somebody(Grants),
    Stranger(Stranger),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Name {
    Nobody,
    Somebody,
}

/// The user of another issuer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stranger {
    /// Which of `ISSUERS`.
    pub(super) issuer: String,
    /// What its token says, beside or in place of what every good one does.
    #[serde(default)]
    pub(super) claims: serde_json::Map<String, serde_json::Value>,
}

impl Default for Who {
    fn default() -> Self {
        Self::Named(Name::Nobody)
    }
}

impl Case {
    /// Its request, with this token.
    pub(super) fn request(&self, token: Option<String>) -> Result<Request, Error> {
        let (method, url) = self.request.split_once(' ').ok_or_else(|| {
            Error::argument(
                "request",
                "expected method and URL, like \"GET https://app.example/x\"",
            )
        })?;
        let mut request = Request::new(method, url)?;
        match token {
            Some(token) if self.cookie => request.add("cookie", format!("__Host-at={token}")),
            Some(token) => request.add("authorization", format!("Bearer {token}")),
            None => {}
        }
        // What browsers send when a user types an address.
        let page = |value: &'static str| self.page.then_some(value);
        let site = self.site.as_deref().or_else(|| page("none"));
        for (name, value) in [
            ("origin", self.origin.as_deref()),
            ("sec-fetch-site", site),
            ("sec-fetch-mode", page("navigate")),
            ("sec-fetch-dest", page("document")),
            ("access-control-request-method", self.preflight.as_deref()),
            ("upgrade", self.upgrade.as_deref()),
        ] {
            if let Some(value) = value {
                request.add(name, value);
            }
        }
        for (name, value) in &self.headers {
            if request.has(name) {
                let problem = format!("{name} is there by another member of the case, or twice");
                return Err(Error::argument("headers", problem));
            }
            request.add(name, value);
        }
        Ok(request)
    }

    /// Whether what is expected of it can come at all.
    pub(super) fn is_expectable(&self) -> bool {
        ["forward", "origin", "preflight", "login"].contains(&self.expect.as_str())
            || Code::ALL.iter().any(|code| code.as_str() == self.expect)
    }
}
