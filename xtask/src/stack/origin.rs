//! The origin as a part: its configuration, by environment only.

use std::{env, path::Path, process::Command};

use super::{Options, Part, Ports};
use crate::{Error, error::Doing};

const PREFIX: &str = "PORTCULLIS__";

/// The folder of the state folder that letters go to where no mail server is configured.
pub(super) const LETTERS: &str = "letters";

pub(crate) fn part(
    program: &Path,
    state: &Path,
    ports: Ports,
    edge_secret: &str,
    options: &Options,
) -> Part {
    let edge = format!("http://localhost:{}", ports.edge);
    let mut settings = vec![
        ("server.listen".to_owned(), format!("127.0.0.1:{}", ports.origin)),
        ("server.operator_listen".to_owned(), format!("127.0.0.1:{}", ports.operator)),
        ("tokens.issuer".to_owned(), edge.clone()),
        // wrangler's own KV, behind the same API as Cloudflare's.
        ("kv.api".to_owned(), format!("{edge}/cdn-cgi/explorer/api")),
        ("kv.namespace".to_owned(), "portcullis".to_owned()),
        // wrangler's KV asks for no token, but a client of Cloudflare's always sends one.
        ("kv.token".to_owned(), "local".to_owned()),
        ("edge.secret".to_owned(), edge_secret.to_owned()),
    ];
    settings.extend(options.redis.clone().map(|url| ("redis.url".to_owned(), url)));
    settings.extend(options.database.clone().map(|url| ("database.url".to_owned(), url)));
    if !options.settings.iter().any(|(key, _)| key.starts_with("mail.")) {
        let folder = state.join(LETTERS).to_string_lossy().into_owned();
        settings.push(("mail.folder".to_owned(), folder));
        settings.push(("mail.from".to_owned(), "Portcullis <no-reply@example.com>".to_owned()));
    }
    settings.extend(options.settings.iter().cloned());

    let (program, state) = (program.to_path_buf(), state.to_path_buf());
    let log = state.join("logs/origin.log");
    Part::new("origin", ports.origin, log, move || {
        let mut command = command(&program, &state, &settings);
        command.arg("serve");
        command
    })
}

/// Asks the origin for its anchor's public key; it makes its keys if it has none yet.
///
/// # Errors
/// When the program cannot be started or has no key to show.
pub fn anchor_key(program: &Path, state: &Path, options: &Options) -> Result<String, Error> {
    let output = command(program, state, &options.settings)
        .args(["keys", "anchor", "--make"])
        .output()
        .doing(|| format!("starting {}", program.display()))?;
    let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || printed.is_empty() {
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::Unexpected(refused(&complaint, options)));
    }
    Ok(printed)
}

/// The origin says what is wrong; of which argument that came, it cannot know.
fn refused(complaint: &str, options: &Options) -> String {
    let complaint = complaint.trim_start_matches("origin: ");
    // Some names begin as others do.
    let named = |key| complaint.contains(&format!("{}: ", variable(key)));
    let came = options.settings.iter().find(|(key, _)| named(key));
    let from = came.map(|(key, _)| format!(" (that is `--set {key}=…`)")).unwrap_or_default();
    format!("the origin cannot start: {complaint}{from}")
}

/// The origin's program with these settings and no others: neither the caller's environment nor a
/// `portcullis.toml` where the caller stands has a say.
#[must_use]
pub fn command(program: &Path, state: &Path, settings: &[(String, String)]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(state);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with(PREFIX) {
            command.env_remove(name);
        }
    }
    command.env(format!("{PREFIX}STATE__DIR"), state);
    for (key, value) in settings {
        command.env(variable(key), value);
    }
    command
}

/// The variable that a key of the origin's configuration is set by.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}
