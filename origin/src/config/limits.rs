//! `[limits]`: how often something may be tried, by network and by account.

use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use super::error::Invalid;
use super::value::Text;
use crate::port::Rate;

/// How often something may be tried.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Sign-ins that fail, for each network.
    pub(crate) sign_in: Rate,
    /// Wrong passwords in a row for an account before each wait is twice the one before.
    pub(crate) account: u32,
    /// Sessions begun, for each account.
    pub(crate) sessions: Rate,
    /// Accounts made, for each network.
    pub(crate) register: Rate,
    /// Mails asked for, for each network.
    pub(crate) mail: Rate,
    /// Mails to one address.
    pub(crate) mail_to: Rate,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    sign_in: Option<Text>,
    account: Option<Text>,
    sessions: Option<Text>,
    register: Option<Text>,
    mail: Option<Text>,
    mail_to: Option<Text>,
}

impl Raw {
    pub(super) fn parse(self) -> Result<Limits, Invalid> {
        let rate = |text: Option<Text>, key, default| {
            let text = text.unwrap_or_else(|| Text::from(default));
            text.parse(key, "a number of tries in a span of 1s to 30d, like 30/10m")
        };
        let account = self.account.unwrap_or_else(|| Text::from("10"));
        let (key, expected) = ("limits.account", "a number from 1 to 1000000");
        let free: u32 = account.parse(key, expected)?;
        if !(1..=MOST).contains(&free) {
            return Err(Invalid::new(key, &free.to_string(), expected));
        }
        Ok(Limits {
            sign_in: rate(self.sign_in, "limits.sign_in", "60/10m")?,
            account: free,
            sessions: rate(self.sessions, "limits.sessions", "200/1h")?,
            register: rate(self.register, "limits.register", "30/1h")?,
            mail: rate(self.mail, "limits.mail", "20/1h")?,
            mail_to: rate(self.mail_to, "limits.mail_to", "5/1h")?,
        })
    }
}

const MOST: u32 = 1_000_000;

impl FromStr for Rate {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (tries, span) = text.split_once('/').ok_or(())?;
        let tries = tries.trim().parse().map_err(|_| ())?;
        let span = humantime::parse_duration(span.trim()).map_err(|_| ())?;
        let spans = Duration::from_secs(1)..=Duration::from_hours(30 * 24);
        let fits = (1..=MOST).contains(&tries) && spans.contains(&span);
        if fits { Ok(Self { tries, span }) } else { Err(()) }
    }
}
