//! `origin revoke`: ends sessions from outside, whoever is signed in by them.

use std::time::Duration;

use clap::Args;
use common::{Epoch, SessionId, Subject, TokenId};
use reqwest::Url;

use super::{must_be_served, print, probe};
use crate::app::{self, SessionStore, StartError};
use crate::config::Config;
use crate::port::{RevokeReason, TOKEN_DEAD_AFTER};

#[derive(Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    what: What,
    /// Wait until an edge knows of it.
    #[arg(long, requires = "probe")]
    wait: bool,
    /// Any page behind that edge, such as `https://app.example.com/`. Each answer tells what the
    /// edge knows.
    #[arg(long, value_name = "URL", requires = "wait", value_parser = probe::url)]
    probe: Option<Url>,
    /// How long to wait for it.
    #[arg(long, value_name = "DURATION", default_value = "60s",
        value_parser = humantime::parse_duration)]
    timeout: Duration,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct What {
    /// One access token, by its `jti`. Its session goes on.
    #[arg(long, value_name = "ID")]
    jti: Option<TokenId>,
    /// One session, by its `sid`.
    #[arg(long, value_name = "ID")]
    sid: Option<SessionId>,
    /// All sessions of a user, by the `sub` of their tokens; `origin user list` shows it.
    #[arg(long, value_name = "ID")]
    sub: Option<Subject>,
    /// All sessions there are. Everybody has to sign in anew.
    #[arg(long)]
    everyone: bool,
}

pub(super) async fn run(config: &Config, revoke: &Revoke) -> Result<(), StartError> {
    must_be_served(config)?;
    let store = app::session_store(config).await?;
    let (told, epoch) = apply(&store, &revoke.what).await?;
    print(&format!("{told} (epoch {epoch})"))?;
    if let Some(url) = &revoke.probe {
        let took = probe::wait(url, epoch, revoke.timeout).await?;
        print(&format!("the edge at {url} knows it after {:.1} s", took.as_secs_f64()))?;
    }
    Ok(())
}

async fn apply(store: &SessionStore, what: &What) -> Result<(String, Epoch), StartError> {
    let (sessions, reason) = (&store.sessions, RevokeReason::Operator);
    if let Some(jti) = what.jti {
        let epoch = store.log.block(jti.uuid(), TOKEN_DEAD_AFTER).await?;
        return Ok((format!("access token {jti} is revoked"), epoch));
    }
    if let Some(sid) = what.sid {
        let epoch = sessions.revoke(sid, reason, TOKEN_DEAD_AFTER).await?;
        return Ok((format!("session {sid} is revoked"), epoch));
    }
    if let Some(sub) = &what.sub {
        let live = sessions.of(sub).await?.len();
        let epoch = sessions.revoke_all(sub, reason, TOKEN_DEAD_AFTER).await?;
        let told = match live {
            0 => format!("{sub} had no live session; is it an id that `origin user list` shows?"),
            1 => format!("the one session of {sub} is revoked"),
            many => format!("all {many} sessions of {sub} are revoked"),
        };
        return Ok((told, epoch));
    }
    let epoch = sessions.cut_off().await?;
    Ok((String::from("all sessions begun before now are revoked"), epoch))
}
