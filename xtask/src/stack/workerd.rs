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
    /// The same with another main module around its Wasm.
    OursWith {
        /// The module's text.
        module: String,
        /// As above.
        vars: Map<String, Value>,
        /// As above.
        kv: Option<u16>,
    },
    /// A module of JavaScript.
    Script {
        /// Its text.
        module: String,
        /// As above.
        vars: Map<String, Value>,
        /// As above.
        kv: Option<u16>,
    },
}

impl BareWorker {
    /// A module of JavaScript that needs nothing but itself.
    pub fn script(module: impl Into<String>) -> Self {
        Self::Script { module: module.into(), vars: Map::new(), kv: None }
    }
}

/// A Worker, where it is reached, and what it reaches.
#[derive(Clone, Debug)]
pub struct Service {
    /// The loopback port it listens on. Without one only its neighbours reach it.
    pub port: Option<u16>,
    /// What is run.
    pub worker: BareWorker,
    /// Service bindings: the names by which it reaches neighbours, and their places in the list.
    pub neighbours: Vec<(String, usize)>,
}

impl Service {
    /// One that stands alone on a loopback port.
    #[must_use]
    pub fn on(port: u16, worker: BareWorker) -> Self {
        Self { port: Some(port), worker, neighbours: Vec::new() }
    }
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
    workers(workspace, folder, &[Service::on(port, worker.clone())])
}

/// The same with several Workers in one process, an isolate each, on one thread.
///
/// # Errors
/// See [`workerd`].
pub fn workers(workspace: &Workspace, folder: &Path, services: &[Service]) -> Result<Part, Error> {
    let folder = private_folder(folder)?;
    if services.iter().any(|service| !matches!(service.worker, BareWorker::Script { .. })) {
        embed(workspace, &folder)?;
    }
    let date = edge::compatibility_date(workspace)?;
    let file = folder.join("workerd.capnp");
    write_private(&file, &configuration(services, &date))
        .doing(|| format!("writing {}", file.display()))?;
    let program = workspace.node_program("workerd");
    let port = services.iter().find_map(|service| service.port).unwrap_or(0);
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

fn configuration(services: &[Service], date: &str) -> String {
    let each = |text: fn(usize, &Service) -> String| -> String {
        services.iter().enumerate().map(|(at, service)| text(at, service)).collect()
    };
    let (names, sockets) = (each(name), each(socket));
    let workers: String = services
        .iter()
        .enumerate()
        .map(|(at, service)| worker(at, service, &quoted(date)))
        .collect();
    format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
{names}    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [
{sockets}  ],
);
{workers}"#
    )
}

fn name(at: usize, service: &Service) -> String {
    let (BareWorker::Ours { kv, .. }
    | BareWorker::OursWith { kv, .. }
    | BareWorker::Script { kv, .. }) = service.worker;
    let kv = match kv {
        Some(port) => format!("external = (address = \"127.0.0.1:{port}\", http = ())"),
        None => "network = (allow = [])".to_owned(),
    };
    format!("    (name = \"worker{at}\", worker = .worker{at}),\n    (name = \"kv{at}\", {kv}),\n")
}

fn socket(at: usize, service: &Service) -> String {
    let Some(port) = service.port else { return String::new() };
    let listens = format!("name = \"http{at}\", address = \"127.0.0.1:{port}\", http = ()");
    format!("    ({listens}, service = \"worker{at}\"),\n")
}

fn worker(at: usize, service: &Service, date: &str) -> String {
    let wasm = ", (name = \"index_bg.wasm\", wasm = embed \"index_bg.wasm\")";
    let (main, rest, vars) = match &service.worker {
        BareWorker::Ours { vars, .. } => ("embed \"index.js\"".to_owned(), wasm, vars),
        BareWorker::OursWith { module, vars, .. } => (quoted(module), wasm, vars),
        BareWorker::Script { module, vars, .. } => (quoted(module), "", vars),
    };
    let modules = format!("(name = \"index.js\", esModule = {main}){rest}");
    let bindings = bindings(vars, &service.neighbours, at);
    format!(
        "const worker{at} :Workerd.Worker = (\n  modules = [{modules}],\n  \
         bindings = [{bindings}],\n  compatibilityDate = {date},\n);\n"
    )
}

fn bindings(vars: &Map<String, Value>, neighbours: &[(String, usize)], at: usize) -> String {
    let kv = format!("(name = \"PORTCULLIS_KV\", kvNamespace = \"kv{at}\")");
    let vars = vars.iter().map(|(name, value)| match value {
        Value::String(text) => format!("(name = {}, text = {})", quoted(name), quoted(text)),
        other => format!("(name = {}, json = {})", quoted(name), quoted(&other.to_string())),
    });
    let neighbours = neighbours
        .iter()
        .map(|(name, at)| format!("(name = {}, service = \"worker{at}\")", quoted(name)));
    vars.chain(neighbours).chain([kv]).collect::<Vec<_>>().join(", ")
}

/// A string as Cap'n Proto's text format writes it, which is as JSON does.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
