//! `origin doctor`: looks at a deployment, says line by line what is good, what is doubtful and what is wrong, and
//! changes nothing. By the configuration and the adapters that `origin serve` works with.

mod finding;
mod heads;
mod here;
mod outside;
mod stores;

use std::process::ExitCode;

use clap::Args;
use reqwest::Url;
use tokio::task::JoinSet;

use self::finding::{Finding, Verdict};
use self::heads::Judge;
use super::{print, probe};
use crate::app::StartError;
use crate::config::{Config, ConfigError};
use crate::telemetry::chain;

#[derive(Args)]
pub(super) struct Doctor {
    /// Any page behind an edge, such as `https://app.example.com/`: whether it answers, what it knows, and whether
    /// it leads to this origin.
    #[arg(long, value_name = "URL", value_parser = probe::url)]
    probe: Option<Url>,
}

/// Looks, and says what it finds; whether anything is wrong.
pub(super) async fn run(
    config: Result<Config, ConfigError>,
    doctor: &Doctor,
) -> Result<ExitCode, StartError> {
    let findings = match config {
        Ok(config) => Box::pin(look(&config, doctor)).await,
        Err(error) => vec![Finding::wrong("configuration", chain(&error))],
    };
    for finding in &findings {
        print(&finding.to_string())?;
    }
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let (wrong, doubtful) = (count(Verdict::Wrong), count(Verdict::Doubtful));
    print(&format!("{} good, {doubtful} doubtful, {wrong} wrong", count(Verdict::Good)))?;
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn look(config: &Config, doctor: &Doctor) -> Vec<Finding> {
    let mut findings = here::configuration(config);
    let (keys, ring) = here::keys(config);
    findings.push(keys);
    // Side by side: each may take as long as it is given.
    let mail = async {
        match &config.mail {
            Some(mail) => outside::mail(mail).await,
            None => None,
        }
    };
    let providers: JoinSet<_> = config.oauth.iter().cloned().map(outside::provider).collect();
    let ((sessions, has_store), accounts, mail, providers) = tokio::join!(
        stores::sessions(config),
        stores::accounts(config),
        mail,
        providers.join_all()
    );
    findings.extend(sessions);
    findings.push(accounts);
    let judge = ring.as_ref().map(|keys| Judge { keys, config, has_store });
    let mailbox = async {
        match &config.kv {
            Some(kv) => Some(outside::mailbox(kv, judge.as_ref()).await),
            None => None,
        }
    };
    let edge = async {
        match &doctor.probe {
            Some(url) => outside::edge(url, judge.as_ref()).await,
            None => Vec::new(),
        }
    };
    let (mailbox, edge) = tokio::join!(mailbox, edge);
    findings.extend(mailbox);
    findings.extend(mail);
    findings.extend(providers);
    findings.extend(edge);
    findings
}
