//! The Worker as a part: `wrangler dev` over what `build-edge` built.

use std::{fs, path::Path, process::Command};

use serde_json::{Map, Value, json};

use super::{Options, Part, Ports, ports, write_private};
use crate::{Error, Workspace, error::Doing};

pub(super) fn part(
    workspace: &Workspace,
    state: &Path,
    ports: Ports,
    edge_secret: &str,
    anchor: &str,
    options: &Options,
) -> Result<Part, Error> {
    let folder = super::secret::private_folder(&state.join("edge"))?;
    let config = folder.join("wrangler.json");
    let text = configuration(workspace, ports, options)?.to_string();
    write_private(&config, &text).doing(|| format!("writing {}", config.display()))?;
    // Beside the configuration: wrangler reads it from there, as the secrets of the deployed Worker.
    let vars = folder.join(".dev.vars");
    write_private(&vars, &dev_vars(edge_secret, anchor))
        .doing(|| format!("writing {}", vars.display()))?;

    let node = workspace.node_program("node");
    let wrangler = workspace.path("node_modules/wrangler/bin/wrangler.js");
    let inspector = ports::any()?.to_string();
    Ok(Part::new("edge", ports.edge, state.join("logs/edge.log"), move || {
        let mut command = Command::new(&node);
        command
            .arg(&wrangler)
            .args(["dev", "--ip", "127.0.0.1", "--port", &ports.edge.to_string()])
            .args(["--inspector-port", &inspector, "--show-interactive-dev-session=false"])
            .arg("--config")
            .arg(&config)
            .arg("--persist-to")
            .arg(folder.join("kv"))
            .current_dir(&folder)
            // No question, no report, nothing written outside the state folder, no neighbour's Worker.
            .env("CI", "true")
            .env("NO_COLOR", "1")
            .env("WRANGLER_SEND_METRICS", "false")
            .env("WRANGLER_SEND_ERROR_REPORTS", "false")
            .env("WRANGLER_LOG_PATH", folder.join("wrangler.log"))
            .env("WRANGLER_REGISTRY_PATH", folder.join("registry"))
            .env("CLOUDFLARE_CF_FETCH_ENABLED", "false");
        command
    }))
}

/// The secrets of a Worker, as wrangler's env file.
pub(super) fn dev_vars(edge_secret: &str, anchor: &str) -> String {
    format!("ANCHOR_KEY=\"{anchor}\"\nEDGE_SECRET=\"{edge_secret}\"\n")
}

/// The project's wrangler.toml with this stack's addresses and vars, and without its build command:
/// the Worker is built before the stack starts.
fn configuration(workspace: &Workspace, ports: Ports, options: &Options) -> Result<Value, Error> {
    let path = workspace.path("wrangler.toml");
    let text = fs::read_to_string(&path).doing(|| format!("reading {}", path.display()))?;
    let wrong = |why: String| Error::Unexpected(format!("{}: {why}", path.display()));
    let table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| wrong(error.to_string()))?;
    let mut config = serde_json::to_value(table).map_err(|error| wrong(error.to_string()))?;
    let root = config.as_object_mut().ok_or_else(|| wrong("is not a table".into()))?;
    root.remove("build");
    let main =
        root.get("main").and_then(Value::as_str).ok_or_else(|| wrong("names no `main`".into()))?;
    let main = workspace.path(main);
    root.insert("main".into(), json!(main));

    let vars = root.entry("vars").or_insert_with(|| Value::Object(Map::new()));
    let vars = vars.as_object_mut().ok_or_else(|| wrong("`vars` is not a table".into()))?;
    vars.insert("ISSUER".into(), json!(format!("http://localhost:{}", ports.edge)));
    vars.insert("ORIGIN_URL".into(), json!(format!("http://127.0.0.1:{}", ports.origin)));
    vars.insert("APP_URL".into(), json!(format!("http://127.0.0.1:{}", ports.app)));
    for (name, value) in &options.vars {
        vars.insert(name.clone(), value.clone());
    }
    Ok(config)
}
