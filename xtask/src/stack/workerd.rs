//! A Worker in plain workerd, without wrangler around it: what Cloudflare itself runs, started in
//! tens of milliseconds, and with a KV that is whatever server listens on a port.

use std::{fs, path::Path, process::Command};

use serde_json::{Map, Value};

use super::{Part, edge, private_folder, write_private};
use crate::{Error, Workspace, error::Doing};

/// What is run.
#[derive(Clone, Debug)]
pub enum BareWorker {
    /// The Worker as built into build/.
    Ours {
        /// Its vars and secrets.
        vars: Map<String, Value>,
        /// The loopback port of its KV, as workerd asks one: `GET /<key>?urlencoded=true&cache_ttl=…`.
        /// Without one nothing answers.
        kv: Option<u16>,
    },
    /// A module of JavaScript.
    Script(String),
}

/// A part that runs a Worker on a loopback port, not started yet. Its folder holds its configuration
/// and its log.
///
/// # Errors
/// When the folder cannot be written, or the Worker is not built.
pub fn workerd(
    workspace: &Workspace,
    folder: &Path,
    port: u16,
    worker: &BareWorker,
) -> Result<Part, Error> {
    let folder = private_folder(folder)?;
    let (modules, bindings, kv) = match worker {
        BareWorker::Ours { vars, kv } => {
            embed(workspace, &folder)?;
            let modules = "(name = \"index.js\", esModule = embed \"index.js\"), \
                           (name = \"index_bg.wasm\", wasm = embed \"index_bg.wasm\")";
            (modules.to_owned(), bindings(vars), *kv)
        }
        BareWorker::Script(script) => {
            let module = format!("(name = \"index.js\", esModule = {})", quoted(script));
            (module, String::new(), None)
        }
    };
    let date = edge::compatibility_date(workspace)?;
    let file = folder.join("workerd.capnp");
    write_private(&file, &configuration(port, &modules, &bindings, kv, &date))
        .doing(|| format!("writing {}", file.display()))?;
    let program = workspace.node_program("workerd");
    Ok(Part::new("edge", port, folder.join("workerd.log"), move || {
        let mut command = Command::new(&program);
        command.arg("serve").arg(&file);
        command
    }))
}

/// workerd reads what it embeds from beside its configuration.
fn embed(workspace: &Workspace, folder: &Path) -> Result<(), Error> {
    for name in ["index.js", "index_bg.wasm"] {
        let built = workspace.path("build").join(name);
        fs::copy(&built, folder.join(name)).doing(|| format!("copying {}", built.display()))?;
    }
    Ok(())
}

fn bindings(vars: &Map<String, Value>) -> String {
    let kv = "(name = \"PORTCULLIS_KV\", kvNamespace = \"kv\")".to_owned();
    let vars = vars.iter().map(|(name, value)| match value {
        Value::String(text) => format!("(name = {}, text = {})", quoted(name), quoted(text)),
        other => format!("(name = {}, json = {})", quoted(name), quoted(&other.to_string())),
    });
    vars.chain([kv]).collect::<Vec<_>>().join(", ")
}

fn configuration(port: u16, modules: &str, bindings: &str, kv: Option<u16>, date: &str) -> String {
    let kv = match kv {
        Some(port) => format!("external = (address = \"127.0.0.1:{port}\", http = ())"),
        None => "network = (allow = [])".to_owned(),
    };
    let date = quoted(date);
    format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "kv", {kv}),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [{modules}],
  bindings = [{bindings}],
  compatibilityDate = {date},
);
"#
    )
}

/// A string as Cap'n Proto's text format writes it, which is as JSON does.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
