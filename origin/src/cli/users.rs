//! `origin user …`: the accounts.

use clap::Subcommand;

use super::print;
use crate::app::{self, StartError};
use crate::config::Config;
use crate::port::{Accounts as _, Email};

#[derive(Subcommand)]
pub(super) enum User {
    /// List the accounts: address, id, roles.
    List,
    /// Give an account these roles in place of those it has; felt at its next refresh.
    Roles {
        /// Its e-mail address.
        email: String,
        /// The roles; none takes all away.
        roles: Vec<String>,
    },
}

pub(super) async fn run(config: &Config, command: &User) -> Result<(), StartError> {
    match command {
        User::List => list(config).await,
        User::Roles { email, roles } => set_roles(config, email, roles).await,
    }
}

/// Accounts that are read at a time.
const PAGE: u32 = 500;

async fn list(config: &Config) -> Result<(), StartError> {
    let accounts = app::accounts(config).await?;
    let mut last = String::new();
    loop {
        let page = accounts.after(&last, PAGE).await?;
        let Some(end) = page.last() else { return Ok(()) };
        last.clone_from(&end.email);
        for account in page {
            let state = if account.disabled { "  (disabled)" } else { "" };
            let roles = account.roles.join(",");
            print(&format!("{}  {}  [{roles}]{state}", account.email, account.id))?;
        }
    }
}

async fn set_roles(config: &Config, email: &str, roles: &[String]) -> Result<(), StartError> {
    crate::service::check_roles(roles)?;
    let email = Email::parse(email)?;
    let accounts = app::accounts(config).await?;
    let account = accounts.by_email(&email).await?;
    let account = account.ok_or("there is no account with this e-mail address")?;
    accounts.set_roles(&account.id, roles).await?;
    let roles = if roles.is_empty() { String::from("none") } else { roles.join(", ") };
    print(&format!("roles of {}: {roles} (from the next refresh on)", email.as_str()))
}
