//! `[mail]`: how letters reach people.

use std::path::PathBuf;

use common::Secret;
use lettre::message::Mailbox;
use serde::Deserialize;
use url::{Host, Url};

use super::error::Invalid;
use super::value::Text;

/// How letters reach people.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) way: Way,
    /// Who they are from.
    pub(crate) from: Mailbox,
    /// Whether an account is of use only once its address is proven.
    pub(crate) require_verification: bool,
}

/// Where letters are handed over.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// To a server that sends them on.
    Smtp(Smtp),
    /// As files in a folder, for development.
    Folder(PathBuf),
}

/// A mail server.
#[derive(Clone, Debug)]
pub(crate) struct Smtp {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) encryption: Encryption,
    /// User name and password.
    pub(crate) credentials: Option<(String, Secret<String>)>,
}

/// How the way to a mail server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// TLS from the first byte (RFC 8314 §3).
    Tls,
    /// STARTTLS (RFC 3207), and nothing is sent to a server that does not offer it.
    StartTls,
    /// Not at all.
    None,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    smtp: Option<Text>,
    folder: Option<Text>,
    from: Option<Text>,
    require_verification: Option<Text>,
}

impl Raw {
    /// `None` when nothing is set.
    pub(super) fn parse(self) -> Result<Option<Mail>, Invalid> {
        const FROM: &str =
            "an address, with or without a name, like Example <no-reply@example.com>";
        const ONE: &str = "one of mail.smtp and mail.folder";
        let way = match (self.smtp, self.folder) {
            (Some(url), None) => Way::Smtp(smtp(url)?),
            (None, Some(folder)) => {
                Way::Folder(PathBuf::from(folder.required("mail.folder", "a folder")?))
            }
            (Some(_), Some(_)) => return Err(Invalid::secret("mail.smtp", ONE)),
            (None, None) if self.from.is_none() && self.require_verification.is_none() => {
                return Ok(None);
            }
            (None, None) => return Err(Invalid::missing("mail.smtp", ONE)),
        };
        let from = self.from.ok_or_else(|| Invalid::missing("mail.from", FROM))?;
        let required = self.require_verification.unwrap_or_else(|| Text::from("false"));
        Ok(Some(Mail {
            way,
            from: from.parse("mail.from", FROM)?,
            require_verification: required.parse("mail.require_verification", "true or false")?,
        }))
    }
}

const KEY: &str = "mail.smtp";

fn smtp(text: Text) -> Result<Smtp, Invalid> {
    const EXPECTED: &str = "a URL like smtps://user:password@mail.example.com or smtp://… (which \
                            means STARTTLS); smtp://…?tls=none for a server without, and then \
                            without a password unless it is on this machine";
    let wrong = || Invalid::secret(KEY, EXPECTED);
    let url: Url = text.required(KEY, EXPECTED)?.parse().map_err(|_| wrong())?;
    let (encryption, usual) = match (url.scheme(), url.query()) {
        ("smtps", None) => (Encryption::Tls, 465),
        ("smtp", None) => (Encryption::StartTls, 587),
        ("smtp", Some("tls=none")) => (Encryption::None, 25),
        _ => return Err(wrong()),
    };
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(wrong());
    }
    let decoded = |text: &str| {
        let bytes = percent_encoding::percent_decode_str(text);
        bytes.decode_utf8().map(String::from).map_err(|_| wrong())
    };
    let credentials = match (url.username(), url.password()) {
        ("", None) => None,
        (user, Some(password)) if !user.is_empty() => {
            Some((decoded(user)?, Secret::new(decoded(password)?)))
        }
        _ => return Err(wrong()),
    };
    if encryption == Encryption::None && credentials.is_some() && !is_here(&url) {
        return Err(wrong());
    }
    let host = String::from(host.trim_matches(['[', ']']));
    Ok(Smtp { host, port: url.port().unwrap_or(usual), encryption, credentials })
}

fn is_here(url: &Url) -> bool {
    // The URL Standard knows no hosts of schemes that are not the web's: theirs stay texts.
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || Host::parse(host).is_ok_and(|host| match host {
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
            Host::Domain(_) => false,
        })
}
