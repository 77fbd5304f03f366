//! The description of the API, held to the origin by Schemathesis: it draws calls from it, some that fit
//! and some that do not, and judges what they are answered. Who calls, and by which rules, stands in
//! `tests/api`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::Duration;

use e2e::{Client, Failure, Fleet, Outcome, Plan, secrets};
use serde_json::Value;
use tokio::process::Command;
use xtask::{Workspace, setup};

/// The same each time, so that what is found can be found again.
const SEED: &str = "5";
const ADMIN: &str = "admin@example.com";
const PASSWORD: &str = "a password for Schemathesis";
const SERVICE: &str = "a-secret-of-the-service-that-asks";
const SERVICE_DIGEST: &str =
    "sha256:7f173b21bf40f29bdc6f1f0bba0aea10060d43e6a5f5753d5d2db9fbdd67a319";

/// What nobody gets done here, since it takes a provider to come back from, or thousands of revocations; and
/// the document itself, which Schemathesis reads but does not call.
const OUT_OF_REACH: [&str; 4] = ["come_back", "unlink", "segment", "openapi"];

pub(crate) async fn tell() -> Outcome {
    hold(2, 600, Duration::from_mins(5)).await
}

pub(crate) async fn tell_at_length() -> Outcome {
    hold(260, 10_000, Duration::from_hours(1)).await
}

/// Draws so many calls of each operation, beside those that are worked out from the schema; at least so
/// many altogether.
async fn hold(of_each: u32, altogether: u64, patience: Duration) -> Outcome {
    let workspace = Workspace::locate();
    let schemathesis = setup::schemathesis(&workspace)?;
    secrets::used(PASSWORD);
    secrets::used(SERVICE);
    let folder = tempfile::Builder::new().prefix("portcullis-").tempdir()?;
    let (letters, answers, report) = (
        folder.path().join("letters"),
        folder.path().join("answers.json"),
        folder.path().join("report.json"),
    );
    let plan =
        Plan { locations: 0, settings: settings(&letters.to_string_lossy()), ..Plan::default() };
    let fleet = Fleet::start(plan).await?;
    let create = ["user", "create", "--email", ADMIN, "--role", "admin", "--password-stdin"];
    fleet.command_with(&create, PASSWORD)?;

    let origin = fleet.origins.first().ok_or("there is no origin")?.url();
    let mut command = Command::new(schemathesis);
    command
        .args(["--config-file", "schemathesis.toml", "run"])
        .arg(format!("{origin}/auth/openapi.json"))
        .args(["--seed", SEED, "--max-examples", &of_each.to_string(), "--no-color"])
        .args(["--report", "json", "--report-json-path"])
        .arg(&report)
        .current_dir(workspace.path("tests/api"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("ORIGIN", &origin)
        .env("ADMIN_EMAIL", ADMIN)
        .env("PASSWORD", PASSWORD)
        .env("SERVICE", format!("tests:{SERVICE}"))
        .env("LETTERS", &letters)
        .env("ANSWERS", &answers)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(patience, command.output()).await;
    let output = output.map_err(|_| format!("no end after {patience:?}"))??;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}\n{said}\n{errors}", output.status).into());
    }

    let report: Value = serde_json::from_slice(&std::fs::read(report)?)?;
    let calls = report["test_cases"]["generated"].as_u64().unwrap_or_default();
    if calls < altogether {
        return Err(format!("only {calls} calls were made, expected {altogether}\n{said}").into());
    }
    let answers: BTreeMap<String, BTreeMap<String, u64>> =
        serde_json::from_slice(&std::fs::read(answers)?)?;
    let document = Client::new(origin)?.get_plain("/auth/openapi.json").await?.expect(200)?;
    each_was_done(&operations(&document.json())?, &answers)?;
    let done: u64 = answers.values().map(done).sum();
    crate::say(&format!(
        "openapi: {calls} calls of {} operations, {done} of them done, none answered otherwise than described",
        answers.len()
    ));
    fleet.end().await
}

/// A run that is refused everything would prove little.
fn each_was_done(
    described: &BTreeSet<String>,
    answers: &BTreeMap<String, BTreeMap<String, u64>>,
) -> Outcome {
    let is_out_of_reach = |name: &String| OUT_OF_REACH.contains(&name.as_str());
    let never = |name: &&String| answers.get(*name).is_none_or(|statuses| done(statuses) == 0);
    let never: Vec<_> =
        described.iter().filter(never).filter(|name| !is_out_of_reach(name)).collect();
    let out_of_reach = described.iter().filter(|name| is_out_of_reach(name)).count();
    if never.is_empty() && out_of_reach == OUT_OF_REACH.len() {
        Ok(())
    } else {
        Err(Failure::from(format!("never done: {never:?}, of {answers:?}")))
    }
}

/// The names of all that is described.
fn operations(document: &Value) -> Outcome<BTreeSet<String>> {
    let paths = document["paths"].as_object().ok_or("the document has no paths")?;
    let operations = paths.values().filter_map(Value::as_object).flat_map(|path| path.values());
    let names = operations.filter_map(|operation| operation["operationId"].as_str());
    Ok(names.map(String::from).collect())
}

fn done(statuses: &BTreeMap<String, u64>) -> u64 {
    let good = statuses.iter().filter(|(status, _)| status.starts_with(['2', '3']));
    good.map(|(_, count)| count).sum()
}

fn settings(letters: &str) -> Vec<(String, String)> {
    let settings = [
        // The administrator's token lasts as long as the run.
        ("tokens.access_ttl", "1h"),
        ("limits.account", "1000000"),
        ("limits.sessions", "1000000/1h"),
        ("mail.folder", letters),
        ("mail.from", "Portcullis <no-reply@example.com>"),
        ("clients.tests", SERVICE_DIGEST),
        // Nobody asks it: a redirect there is not followed.
        ("oauth.github.preset", "github"),
        ("oauth.github.client_id", "tests"),
        ("oauth.github.client_secret", "never-shown-to-anybody"),
    ];
    settings.map(|(key, value)| (key.into(), value.into())).into()
}
