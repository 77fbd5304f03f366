//! `[sessions]`: how long a sign-in lasts, how many there may be, and how forgiving rotation is.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use common::rotation::Grace;
use serde::Deserialize;

use super::error::Invalid;
use super::value::Text;

/// How long a sign-in lasts and how forgiving rotation is.
#[derive(Clone, Debug)]
pub(crate) struct SessionRules {
    /// How long a remembered session lives unused.
    pub(crate) idle: Duration,
    /// How long it lives at most.
    pub(crate) absolute: Duration,
    /// How long a session lives that ends with its browser.
    pub(crate) browser: Duration,
    /// What a superseded refresh token is still good for.
    pub(crate) grace: Grace,
    /// How many somebody may have.
    pub(crate) most: u32,
}

/// How many sessions somebody may have.
#[derive(Clone, Copy)]
enum SessionPolicy {
    /// `sessions.most` of them.
    Many,
    /// One: signing in ends the older ones.
    One,
}

impl FromStr for SessionPolicy {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "many" => Ok(Self::Many),
            "one" => Ok(Self::One),
            _ => Err(()),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    idle: Option<Text>,
    absolute: Option<Text>,
    browser: Option<Text>,
    grace: Option<Text>,
    late_retry: Option<Text>,
    policy: Option<Text>,
    most: Option<Text>,
}

const MINUTE: Duration = Duration::from_mins(1);
/// Ending all sessions of somebody is one step, for which all others wait.
const MOST: RangeInclusive<u32> = 1..=10_000;
const DAY: Duration = Duration::from_hours(24);
const YEAR: Duration = Duration::from_hours(365 * 24);

impl Raw {
    pub(super) fn parse(self) -> Result<SessionRules, Invalid> {
        let or = |text: Option<Text>, default| text.unwrap_or_else(|| Text::from(default));
        let life = "a duration from 1m to 365d";
        let rules = SessionRules {
            idle: or(self.idle, "14d").duration("sessions.idle", MINUTE..=YEAR, life)?,
            absolute: or(self.absolute, "90d").duration(
                "sessions.absolute",
                MINUTE..=YEAR,
                life,
            )?,
            browser: or(self.browser, "12h").duration("sessions.browser", MINUTE..=YEAR, life)?,
            grace: Grace {
                window: or(self.grace, "30s").duration(
                    "sessions.grace",
                    Duration::ZERO..=Duration::from_mins(5),
                    "a duration from 0s to 5m",
                )?,
                late_retry: or(self.late_retry, "24h").duration(
                    "sessions.late_retry",
                    Duration::ZERO..=30 * DAY,
                    "a duration from 0s (off) to 30d",
                )?,
            },
            most: most(self.policy, self.most)?,
        };
        if rules.idle > rules.absolute {
            let found = humantime::format_duration(rules.idle).to_string();
            return Err(Invalid::new("sessions.idle", &found, "at most sessions.absolute"));
        }
        Ok(rules)
    }
}

/// How many sessions somebody may have.
fn most(policy: Option<Text>, most: Option<Text>) -> Result<u32, Invalid> {
    let (key, expected) = ("sessions.most", "a number from 1 to 10000");
    let most: u32 = most.unwrap_or_else(|| Text::from("100")).parse(key, expected)?;
    if !MOST.contains(&most) {
        return Err(Invalid::new(key, &most.to_string(), expected));
    }
    let policy = policy.unwrap_or_else(|| Text::from("many"));
    Ok(match policy.parse("sessions.policy", "many or one")? {
        SessionPolicy::Many => most,
        SessionPolicy::One => 1,
    })
}
