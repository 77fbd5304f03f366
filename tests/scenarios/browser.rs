//! CKS and BRR in a real browser: the page to sign in at, access tokens that end under a page's hands,
//! signing out, and what other sites' pages can do. `tests/browser` tells it.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use e2e::{Fleet, Outcome, Plan, secrets};
use serde_json::{Value, json};
use tokio::process::Command;
use xtask::{Workspace, setup};

/// It takes a quarter of a minute on an idle machine.
const PATIENCE: Duration = Duration::from_mins(3);

pub(crate) async fn tell() -> Outcome {
    let workspace = Workspace::locate();
    let fleet = Fleet::start(Plan::default()).await?;
    let sources = workspace.path("tests/browser");
    setup::packages(&workspace, &sources)?;
    let file = fs::read_to_string(fleet.state().join("keys/signing.json"))?;
    let keys: Value = serde_json::from_str(&file)?;
    let story = json!({
        "chromium": setup::browser(&workspace)?,
        "edges": fleet.edges.iter().map(e2e::Edge::port).collect::<Vec<_>>(),
        "log": fleet.state().join("logs/origin-0.log"),
        "key": keys["keys"][0]["jwk"],
    });
    let telling = Command::new(workspace.path("node_modules/.bin/node"))
        .arg(sources.join("story.js"))
        .arg(story.to_string())
        .stdin(Stdio::null())
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
