//! System packages, where this is Debian or one of its children.

use std::{process::Command, time::Duration};

use super::find;
use crate::{Error, Workspace, progress};

/// Installs packages without asking; `what` names them for people.
///
/// # Errors
/// When there is no apt, no right to use it, or it fails; each names the command to run by hand.
pub(crate) fn install(workspace: &Workspace, what: &str, packages: &[&str]) -> Result<(), Error> {
    let by_hand = format!("sudo apt-get install {}", packages.join(" "));
    let missing = || Error::Missing { program: what.to_owned(), install: by_hand.clone() };
    if find("apt-get").is_none() {
        return Err(missing());
    }
    let prefix: &[&str] = if rustix::process::geteuid().is_root() {
        &[]
    } else if Command::new("sudo")
        .args(["-n", "true"])
        .output()
        .is_ok_and(|out| out.status.success())
    {
        &["sudo", "-n"]
    } else {
        return Err(missing());
    };
    let apt = |arguments: &[&str]| {
        let mut words =
            prefix.iter().copied().chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        let mut command = Command::new(words.next().unwrap_or("env"));
        command.args(words).args(arguments);
        command
    };
    let limit = Some(Duration::from_mins(10));
    let log = workspace.log("apt");
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    let label = format!("{what} (apt-get install {})", packages.join(" "));
    if progress::run(&label, &mut apt(&install), &log, limit).is_ok() {
        return Ok(());
    }
    // The package lists of a fresh or old machine name versions that are gone.
    progress::run("package lists (apt-get update)", &mut apt(&["update"]), &log, limit)?;
    progress::run(&label, &mut apt(&install), &log, limit)
}
