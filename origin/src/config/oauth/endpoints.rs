//! The addresses of a provider that has no discovery.

use serde::Deserialize;
use url::Url;

use super::super::error::Invalid;
use super::super::value::Text;
use super::preset::Addresses;
use super::{Section, is_secure};

/// The addresses of a provider that has no discovery.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    pub(crate) authorize: Url,
    pub(crate) token: Url,
    pub(crate) user: Url,
    /// Where its addresses of e-mail are, if not with the user.
    pub(crate) emails: Option<Url>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    authorize: Option<Text>,
    token: Option<Text>,
    user: Option<Text>,
    emails: Option<Text>,
}

impl Raw {
    /// All of one's own or all of the preset's: a code, or a token, for a server of one's own must not go to
    /// the preset's for a line that is missing.
    pub(super) fn parse(self, section: &Section, own: &Addresses) -> Result<Endpoints, Invalid> {
        let Self { authorize, token, user, emails } = self;
        let none = [&authorize, &token, &user, &emails].into_iter().all(Option::is_none);
        let endpoint = |name: &str, text: Option<Text>, own: &str| {
            let key = section.key(&format!("endpoints.{name}"));
            let text = match text {
                Some(text) => text,
                None if none => Text::from(own),
                None => {
                    let expected = "all endpoints of one server, or none for the preset's";
                    return Err(Invalid::missing(key, expected));
                }
            };
            let expected = "an https URL (http on loopback alone)";
            let text = text.required(key.clone(), expected)?;
            let url = Url::parse(&text).ok().filter(is_secure);
            url.ok_or_else(|| Invalid::new(key, &text, expected))
        };
        Ok(Endpoints {
            authorize: endpoint("authorize", authorize, own.authorize)?,
            token: endpoint("token", token, own.token)?,
            user: endpoint("user", user, own.user)?,
            emails: own.emails.map(|own| endpoint("emails", emails, own)).transpose()?,
        })
    }
}
