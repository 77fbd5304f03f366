//! More Workers under `wrangler dev`, beside that of the stack.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use xtask::Workspace;
use xtask::stack::Part;

use crate::fleet::free_port;
use crate::{Answer, Client, Outcome};

/// A running Worker; ended when dropped, and by its warden if this process is killed.
#[derive(Debug)]
pub struct Wrangler {
    process: Part,
    port: u16,
}

impl Wrangler {
    /// Starts a Worker of this configuration in this folder; asks it nothing yet.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(folder: &Path, config: &Value) -> Outcome<Self> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("wrangler.json"), config.to_string())?;
        let workspace = Workspace::locate();
        let (port, inspector) = (free_port()?, free_port()?);
        let home = folder.to_path_buf();
        let mut process = Part::new("edge", port, folder.join("printed.log"), move || {
            let mut command = Command::new(workspace.path("node_modules/.bin/node"));
            command
                .arg(workspace.path("node_modules/wrangler/bin/wrangler.js"))
                .args(["dev", "--ip", "127.0.0.1", "--port", &port.to_string()])
                .args(["--inspector-port", &inspector.to_string()])
                .args(["--show-interactive-dev-session=false", "--config", "wrangler.json"])
                .args(["--persist-to", "kv"])
                .current_dir(&home)
                .env("CI", "true")
                .env("WRANGLER_SEND_METRICS", "false")
                .env("WRANGLER_LOG_PATH", home.join("wrangler.log"))
                .env("WRANGLER_REGISTRY_PATH", home.join("registry"))
                .env("CLOUDFLARE_CF_FETCH_ENABLED", "false");
            command
        });
        process.start()?;
        Ok(Self { process, port })
    }

    /// The first answer that a request gets at all, however long the Worker takes to come up.
    ///
    /// # Errors
    /// When there is none within a minute.
    pub async fn first_answer(&self, path: &str, token: &str) -> Outcome<Answer> {
        let client = self.client()?;
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            match client.get(path, token).await {
                Ok(answer) => return Ok(answer),
                Err(_) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => {
                    let told = self.printed()?;
                    return Err(format!("the Worker did not come up: {error}: {told}").into());
                }
            }
        }
    }

    /// A client of it.
    ///
    /// # Errors
    /// See [`Client::new`].
    pub fn client(&self) -> Outcome<Client> {
        Client::new(format!("http://localhost:{}", self.port))
    }

    /// Everything it has printed.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub fn printed(&self) -> Outcome<String> {
        Ok(self.process.printed()?)
    }
}

/// The configuration of the stack's own Worker.
///
/// # Errors
/// When the stack has none.
pub fn configuration(state: &Path) -> Outcome<Value> {
    Ok(serde_json::from_str(&fs::read_to_string(state.join("edge/wrangler.json"))?)?)
}

/// A second edge with the configuration of the stack's but for these vars, and with a KV of its
/// own, as in another place of the world: what is revoked it can only learn from the origin's head.
///
/// # Errors
/// When it cannot be started.
pub fn second_edge(state: &Path, vars: &[(&str, Value)]) -> Outcome<Wrangler> {
    let mut config = configuration(state)?;
    for (name, value) in vars {
        if let Some(all) = config.get_mut("vars").and_then(Value::as_object_mut) {
            all.insert((*name).into(), value.clone());
        }
    }
    let folder = state.join("second-edge");
    fs::create_dir_all(&folder)?;
    fs::copy(state.join("edge/.dev.vars"), folder.join(".dev.vars"))?;
    Wrangler::start(&folder, &config)
}
