//! `origin user …`: the accounts.

use std::io::{self, BufRead as _, IsTerminal as _};

use clap::{ArgGroup, Args, Subcommand};
use common::Secret;
use zeroize::Zeroizing;

use super::{print, served};
use crate::app::{self, App, StartError};
use crate::config::Config;
use crate::port::{Account, Accounts as _, Email};
use crate::service::{Authority, Registration, check_roles};

#[derive(Subcommand)]
pub(super) enum User {
    /// List the accounts: address, id, roles.
    List,
    /// Make an account.
    Create(Create),
    /// Give an account these roles in place of those it has. An added one is felt at its next
    /// refresh; for one that is taken away its sessions are ended.
    #[command(
        group = ArgGroup::new("which").required(true).args(["roles", "none"]),
        override_usage = "origin user roles EMAIL ROLE...\n       origin user roles EMAIL --none"
    )]
    Roles {
        /// Its e-mail address.
        email: String,
        /// The roles.
        #[arg(value_name = "ROLE")]
        roles: Vec<String>,
        /// Take all roles away.
        #[arg(long)]
        none: bool,
    },
    /// Close an account: its sessions are over, and nobody signs in to it.
    Disable {
        /// Its e-mail address.
        email: String,
    },
    /// Open it again.
    Enable {
        /// Its e-mail address.
        email: String,
    },
    /// End all sessions of an account, which may sign in anew.
    Logout {
        /// Its e-mail address.
        email: String,
    },
}

#[derive(Args)]
pub(super) struct Create {
    /// Its e-mail address.
    #[arg(long)]
    email: String,
    /// How it is called.
    #[arg(long)]
    name: Option<String>,
    /// A role it has; may be given more than once.
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// The password is the first line of standard input; without this it is asked for, at a terminal.
    /// It is no argument: everybody on the machine can see those.
    #[arg(long)]
    password_stdin: bool,
}

pub(super) async fn run(config: &Config, command: &User) -> Result<(), StartError> {
    served::all(config)?;
    match command {
        User::List => list(config).await,
        User::Create(new) => create(config, new).await,
        User::Roles { email, roles, none: _ } => {
            check_roles(roles)?;
            let (app, account) = serving(config, email).await?;
            app.services.admin.set_roles(&Authority::operator(), &account.id, roles).await?;
            let lost = account.roles.iter().any(|role| !roles.contains(role));
            let told = if lost { "its sessions are ended" } else { "from the next refresh on" };
            let roles = if roles.is_empty() { String::from("none") } else { roles.join(", ") };
            done(&app, &format!("roles of {}: {roles} ({told})", account.email)).await
        }
        User::Disable { email } => {
            let (app, account) = serving(config, email).await?;
            app.services.admin.disable(&Authority::operator(), &account.id).await?;
            done(&app, &format!("{} is disabled, its sessions are ended", account.email)).await
        }
        User::Enable { email } => {
            let (app, account) = serving(config, email).await?;
            app.services.admin.enable(&Authority::operator(), &account.id).await?;
            done(&app, &format!("{} may sign in again", account.email)).await
        }
        User::Logout { email } => {
            let (app, account) = serving(config, email).await?;
            app.services.admin.sign_out(&Authority::operator(), &account.id).await?;
            done(&app, &format!("all sessions of {} are ended", account.email)).await
        }
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

async fn create(config: &Config, new: &Create) -> Result<(), StartError> {
    check_roles(&new.roles)?;
    Email::parse(&new.email)?;
    let password = if new.password_stdin { first_line()? } else { asked()? };
    let app = App::build(config).await?;
    let Create { email, name, roles, .. } = new;
    let wanted = Registration { email: email.clone(), password, name: name.clone() };
    let account = app.services.register.vouched(wanted).await?;
    if !roles.is_empty() {
        app.services.admin.set_roles(&Authority::operator(), &account.id, roles).await?;
    }
    done(&app, &format!("{}  {}  [{}]", account.email, account.id, roles.join(","))).await
}

/// The account, and all that an origin which serves it works with.
async fn serving(config: &Config, email: &str) -> Result<(App, Account), StartError> {
    let email = Email::parse(email)?;
    let account = app::accounts(config).await?.by_email(&email).await?;
    let account = account.ok_or("there is no account with this e-mail address")?;
    Ok((App::build(config).await?, account))
}

/// Says so, once the audit log has it too.
async fn done(app: &App, told: &str) -> Result<(), StartError> {
    print(told)?;
    app.settle().await;
    Ok(())
}

/// The first line of standard input.
fn first_line() -> Result<Secret<String>, StartError> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line)?;
    Ok(Secret::new(String::from(line.trim_end_matches(['\r', '\n']))))
}

/// What somebody types at a terminal, twice and without seeing it.
fn asked() -> Result<Secret<String>, StartError> {
    if !io::stdin().is_terminal() {
        return Err(
            "there is no terminal to ask for the password at; give it as the first line of \
                    standard input, with --password-stdin"
                .into(),
        );
    }
    let ask = |prompt| rpassword::prompt_password(prompt).map(Secret::new);
    let (password, again) = (ask("Password: ")?, ask("The same again: ")?);
    if password.expose() == again.expose() {
        Ok(password)
    } else {
        Err("the two passwords differ; nothing was made".into())
    }
}
