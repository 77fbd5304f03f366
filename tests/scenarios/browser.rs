//! CKS and BRR in a real browser: the page to sign in at, access tokens that end under a page's hands,
//! signing out, and what other sites' pages can do; each way in and out of an account, without scripts;
//! and every page, looked at for whoever sees or handles it otherwise. `tests/browser` tells it. With
//! `PORTCULLIS_PICTURES` naming a folder, pictures of the pages are left there.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use e2e::provider::Provider;
use e2e::{Fleet, Outcome, Plan, secrets};
use serde_json::{Value, json};
use tokio::process::Command;
use xtask::{Workspace, setup};

/// It takes half a minute on an idle machine.
const PATIENCE: Duration = Duration::from_mins(3);

const BOSS: &str = "boss@example.com";
const PASSWORD: &str = "an administrator's password";

pub(crate) async fn tell() -> Outcome {
    let workspace = Workspace::locate();
    let folder = tempfile::Builder::new().prefix("portcullis-").tempdir()?;
    let letters = folder.path().join("letters");
    let provider = Provider::start(folder.path()).await?;
    let settings = [
        ("mail.folder", letters.to_string_lossy().into_owned()),
        ("mail.from", "Portcullis <no-reply@example.com>".into()),
        ("oauth.idp.issuer", provider.issuer()),
        ("oauth.idp.client_id", "portcullis".into()),
        ("oauth.idp.client_secret", "portcullis has a secret, too".into()),
    ];
    let settings = settings.map(|(key, value)| (key.into(), value)).to_vec();
    let fleet = Fleet::start(Plan { settings, ..Plan::default() }).await?;
    let administrator = ["user", "create", "--email", BOSS, "--role", "admin", "--password-stdin"];
    fleet.command_with(&administrator, PASSWORD)?;
    let sources = workspace.path("tests/browser");
    setup::packages(&workspace, &sources)?;
    let file = fs::read_to_string(fleet.state().join("keys/signing.json"))?;
    let keys: Value = serde_json::from_str(&file)?;
    let story = json!({
        "chromium": setup::browser(&workspace)?,
        "edges": fleet.edges.iter().map(e2e::Edge::port).collect::<Vec<_>>(),
        "log": fleet.state().join("logs/origin-0.log"),
        "key": keys["keys"][0]["jwk"],
        "letters": letters,
        "admin": { "email": BOSS, "password": PASSWORD },
        "pictures": std::env::var("PORTCULLIS_PICTURES").ok(),
    });
    let profile = tempfile::tempdir()?;
    let telling = Command::new(workspace.path("node_modules/.bin/node"))
        .arg(sources.join("story.js"))
        .arg(story.to_string())
        .stdin(Stdio::null())
        .env("TMPDIR", profile.path())
        // The browser ends with it: they speak through a pipe.
        .kill_on_drop(true)
        .output();
    let told = tokio::time::timeout(PATIENCE, telling).await??;
    let chapters = String::from_utf8_lossy(&told.stderr);
    if !told.status.success() {
        return Err(format!("the browser's story broke off:\n{chapters}").into());
    }
    println!("in a browser: {}", chapters.trim().replace('\n', ", "));
    let used: Vec<String> = serde_json::from_slice(&told.stdout)?;
    for secret in &used {
        secrets::used(secret);
    }
    fleet.end().await
}
