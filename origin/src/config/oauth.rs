//! `[oauth.NAME]`: providers at which people have a login already. A preset knows all but the client;
//! any other provider of OpenID Connect is found by its issuer.

mod apple;
mod endpoints;
mod preset;

use std::collections::BTreeMap;

use common::Secret;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use url::{Host, Url};

use super::error::Invalid;
use super::value::Text;
pub(crate) use apple::AppleKey;
pub(crate) use endpoints::Endpoints;
use preset::Known;
pub(crate) use preset::Preset;

/// A provider, as its people see it and as it is spoken to.
#[derive(Clone, Debug)]
pub(crate) struct OauthProvider {
    /// In addresses: `/auth/oauth/NAME`.
    pub(crate) name: String,
    pub(crate) label: Label,
    pub(crate) client_id: String,
    pub(crate) credential: Credential,
    pub(crate) scopes: Vec<String>,
    /// Who may come: people of these domains; empty for everybody.
    pub(crate) allow_domains: Vec<String>,
    pub(crate) kind: Kind,
}

/// What people call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) english: String,
    pub(crate) korean: String,
}

/// What proves us to it.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    /// A secret that it gave us.
    Secret(Secret<String>),
    /// A key that signs one for each use.
    Apple(AppleKey),
}

/// How it is spoken to.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// By OpenID Connect, found by discovery.
    OpenId {
        /// To the letter, as its tokens have it.
        issuer: String,
        /// Other hosts that discovery may name beside the issuer's own.
        hosts: Vec<String>,
        /// What is peculiar to it.
        preset: Option<Preset>,
    },
    /// By OAuth 2.0 and a way of its own to say who it is.
    Plain {
        /// Which.
        preset: Preset,
        /// Where.
        endpoints: Box<Endpoints>,
    },
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    preset: Option<Text>,
    issuer: Option<Text>,
    hosts: Words,
    client_id: Option<Text>,
    client_secret: Option<Text>,
    team_id: Option<Text>,
    key_id: Option<Text>,
    private_key: Option<Text>,
    scopes: Words,
    label: Option<Text>,
    allow_domains: Words,
    endpoints: Option<endpoints::Raw>,
}

/// A list of words, or one text of words between spaces or commas: variables have no lists.
#[derive(Default)]
struct Words(Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            List(Vec<String>),
        }
        let words = match Written::deserialize(from) {
            Ok(Written::List(list)) => list,
            Ok(Written::Text(text)) => {
                let words = text.split([' ', ',']).filter(|word| !word.is_empty());
                words.map(String::from).collect()
            }
            Err(_) => return Err(D::Error::custom("expected a list of words")),
        };
        let is_word =
            |word: &String| !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic());
        if words.iter().all(is_word) {
            Ok(Self(words))
        } else {
            Err(D::Error::custom("expected words of visible ASCII"))
        }
    }
}

/// All of them, by name.
pub(super) fn parse(sections: BTreeMap<String, Raw>) -> Result<Vec<OauthProvider>, Invalid> {
    sections.into_iter().map(|(name, raw)| Section { name }.parse(raw)).collect()
}

const CLIENT: &str = "the client's id, as the provider's console shows it";
const KEY: &str = "the text of the .p8 file from Apple, from -----BEGIN PRIVATE KEY----- on";

/// One section, for the names of its keys.
struct Section {
    name: String,
}

impl Section {
    fn key(&self, key: &str) -> String {
        format!("oauth.{}.{key}", self.name)
    }

    fn parse(self, raw: Raw) -> Result<OauthProvider, Invalid> {
        self.check_name()?;
        let preset = raw.preset.as_ref().map(|text| self.preset(text)).transpose()?;
        let known = preset.map(Preset::known);
        let label = match (raw.label, known) {
            (Some(label), _) => {
                let label = label.required(self.key("label"), "what people call it")?;
                Label { english: label.clone(), korean: label }
            }
            (None, Some(Known { label: (english, korean), .. })) => {
                Label { english: String::from(english), korean: String::from(korean) }
            }
            (None, None) => Label { english: self.name.clone(), korean: self.name.clone() },
        };
        let scopes = match (raw.scopes.0, known) {
            (scopes, _) if !scopes.is_empty() => scopes,
            (_, Some(known)) => known.scopes.iter().copied().map(String::from).collect(),
            (_, None) => ["openid", "email", "profile"].map(String::from).to_vec(),
        };
        let kind = self.kind(preset, raw.issuer, raw.hosts.0, raw.endpoints)?;
        if matches!(kind, Kind::OpenId { .. }) && !scopes.iter().any(|scope| scope == "openid") {
            let expected = "`openid` among them: without it the provider says nothing of who it is";
            return Err(Invalid::new(self.key("scopes"), &scopes.join(" "), expected));
        }
        let client_id =
            raw.client_id.ok_or_else(|| Invalid::missing(self.key("client_id"), CLIENT))?;
        let credential = match preset {
            Some(Preset::Apple) if raw.client_secret.is_none() => {
                Credential::Apple(self.apple(raw.team_id, raw.key_id, raw.private_key)?)
            }
            _ => Credential::Secret(self.secret(raw.client_secret)?),
        };
        Ok(OauthProvider {
            client_id: client_id.required(self.key("client_id"), CLIENT)?,
            label,
            credential,
            scopes,
            allow_domains: raw.allow_domains.0.iter().map(|name| name.to_lowercase()).collect(),
            kind,
            name: self.name,
        })
    }

    /// It stands in addresses and in cookies.
    fn check_name(&self) -> Result<(), Invalid> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=32).contains(&self.name.len()) && self.name.bytes().all(plain) {
            return Ok(());
        }
        let expected = "a section's name of 1 to 32 lower-case letters, digits or '-'";
        Err(Invalid::new(format!("oauth.{}", self.name), &self.name, expected))
    }

    fn preset(&self, text: &Text) -> Result<Preset, Invalid> {
        let expected =
            "one of google, github, kakao, naver, apple, microsoft, or no preset but an `issuer`";
        text.parse(self.key("preset"), expected)
    }

    fn kind(
        &self,
        preset: Option<Preset>,
        issuer: Option<Text>,
        mut hosts: Vec<String>,
        endpoints: Option<endpoints::Raw>,
    ) -> Result<Kind, Invalid> {
        const ISSUER: &str = "the provider's issuer to the letter, an https URL (http on loopback alone) \
                              without query and fragment";
        let known = preset.map(Preset::known);
        if let (Some(preset), Some(own)) = (preset, preset.and_then(Preset::endpoints)) {
            if let Some(text) = issuer {
                let issuer = text.required(self.key("issuer"), ISSUER)?;
                let expected = "none: this preset has `endpoints`";
                return Err(Invalid::new(self.key("issuer"), &issuer, expected));
            }
            let endpoints = endpoints.unwrap_or_default().parse(self, &own)?;
            return Ok(Kind::Plain { preset, endpoints: Box::new(endpoints) });
        }
        if endpoints.is_some() {
            let expected = "none: a provider of OpenID Connect is found by its `issuer`";
            return Err(Invalid::new(self.key("endpoints"), "a section", expected));
        }
        let default = known.and_then(|known| known.issuer).map(Text::from);
        let issuer =
            issuer.or(default).ok_or_else(|| Invalid::missing(self.key("issuer"), ISSUER))?;
        let issuer = issuer.required(self.key("issuer"), ISSUER)?;
        let fits = Url::parse(&issuer).is_ok_and(|url| {
            is_secure(&url)
                && url.query().is_none()
                && url.as_str().trim_end_matches('/') == issuer.trim_end_matches('/')
        });
        if !fits {
            return Err(Invalid::new(self.key("issuer"), &issuer, ISSUER));
        }
        hosts.extend(known.into_iter().flat_map(|known| known.hosts).copied().map(String::from));
        Ok(Kind::OpenId { issuer, hosts, preset })
    }

    fn secret(&self, text: Option<Text>) -> Result<Secret<String>, Invalid> {
        const EXPECTED: &str = "the client's secret, as the provider's console shows it";
        let key = || self.key("client_secret");
        let text = text.ok_or_else(|| Invalid::missing(key(), EXPECTED))?;
        text.required(key(), EXPECTED).map(Secret::new)
    }

    fn apple(
        &self,
        team_id: Option<Text>,
        key_id: Option<Text>,
        private_key: Option<Text>,
    ) -> Result<AppleKey, Invalid> {
        let needed = |text: Option<Text>, key: &str, expected| {
            let text = text.ok_or_else(|| Invalid::missing(self.key(key), expected))?;
            text.required(self.key(key), expected)
        };
        let team_id = needed(team_id, "team_id", "the ten characters of the team")?;
        let key_id = needed(key_id, "key_id", "the ten characters of the key")?;
        let pem = Secret::new(needed(private_key, "private_key", KEY)?);
        AppleKey::read(team_id, key_id, &pem)
            .ok_or_else(|| Invalid::secret(self.key("private_key"), KEY))
    }
}

/// Whether what goes there cannot be read or changed on the way: by TLS, or without leaving the machine.
pub(crate) fn is_secure(url: &Url) -> bool {
    let on_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let by_tls = url.scheme() == "https" && url.host().is_some();
    (by_tls || (url.scheme() == "http" && on_loopback))
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
}
