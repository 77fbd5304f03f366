//! The Worker as a part: `wrangler dev` over what `build-edge` built.

use std::{fs, path::Path, process::Command};

use common::variable::{self, Variable};
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
    let more: String = lines_that_count(options).collect();
    write_private(&vars, &dev_vars(edge_secret, anchor, &more))
        .doing(|| format!("writing {}", vars.display()))?;

    // What the platform would say of where a client is. Nobody can say that here, and wrangler's own
    // would have everybody sign in from Austin.
    let whereabouts = folder.join("cf.json");
    write_private(&whereabouts, "{}").doing(|| format!("writing {}", whereabouts.display()))?;

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
            .env("CLOUDFLARE_CF_FETCH_PATH", &whereabouts);
        command
    }))
}

/// The secrets of a Worker, as wrangler's env file: the stack's and more lines.
pub(super) fn dev_vars(edge_secret: &str, anchor: &str, more: &str) -> String {
    let (anchor_key, secret) = (variable::ANCHOR_KEY, variable::EDGE_SECRET);
    format!("{anchor_key}=\"{anchor}\"\n{secret}=\"{edge_secret}\"\n{more}")
}

/// The lines of such a file that are not the stack's.
pub(super) fn own_lines(dev_vars: &str) -> String {
    let is_ours = |line: &str| {
        [variable::ANCHOR_KEY, variable::EDGE_SECRET].iter().any(|ours| name(line) == ours.name())
    };
    dev_vars.split_inclusive('\n').filter(|line| !is_ours(line)).collect()
}

/// The lines of somebody's own that the Worker gets. They outweigh its configuration: where this stack's parts
/// are, and what was asked for, stands.
fn lines_that_count(options: &Options) -> impl Iterator<Item = &str> {
    let ours = [variable::ISSUER, variable::ORIGIN_URL, variable::APP_URL, variable::LOG];
    let stands = move |line: &&str| {
        ours.iter().any(|ours| name(line) == ours.name())
            || options.vars.iter().any(|(asked_for, _)| name(line) == asked_for)
    };
    options.dev_vars.split_inclusive('\n').filter(move |line| !stands(line))
}

/// What those lines set, but for values that go on in the next line.
pub(super) fn set_in_dev_vars(options: &Options) -> impl Iterator<Item = (&str, &str)> {
    lines_that_count(options).filter_map(|line| Some((name(line), value(line)?)))
}

/// The value that a line sets, without its quotes; none where it goes on in the next line.
fn value(line: &str) -> Option<&str> {
    let value = line.split_once(['=', ':'])?.1.trim();
    let quoted = |quote| value.strip_prefix(quote).map(|inside| (inside, quote));
    match ['"', '\'', '`'].into_iter().find_map(quoted) {
        Some((inside, quote)) => inside.split_once(quote).map(|(inside, _)| inside),
        None => value.split('#').next().map(str::trim_end),
    }
}

/// What a line of such a file sets: `NAME=…`, `export NAME=…` or `NAME: …`.
fn name(line: &str) -> &str {
    let line = line.trim_start_matches('\u{feff}').trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line);
    line.split(['=', ':']).next().unwrap_or_default().trim()
}

/// The project's wrangler.toml with this stack's addresses, vars and secrets, and without its build command:
/// the Worker is built before the stack starts.
fn configuration(workspace: &Workspace, ports: Ports, options: &Options) -> Result<Value, Error> {
    let mut config = wrangler_toml(workspace)?;
    config.remove("build");
    // Those that are named there would be all that is taken from `.dev.vars`.
    config.remove("secrets");
    let main = config
        .get("main")
        .and_then(Value::as_str)
        .map(|main| workspace.path(main))
        .ok_or_else(|| Error::Unexpected("wrangler.toml names no `main`".into()))?;
    config.insert("main".into(), json!(main));

    let vars = with_own(vars_of(&config)?, ports, options);
    config.insert("vars".into(), Value::Object(vars));
    Ok(Value::Object(config))
}

/// These vars with where this stack's parts are, and with what was asked for.
pub(super) fn with_own(
    mut vars: Map<String, Value>,
    ports: Ports,
    options: &Options,
) -> Map<String, Value> {
    let mut set = |variable: Variable, value| vars.insert(variable.name().into(), value);
    set(variable::ISSUER, json!(format!("http://localhost:{}", ports.edge)));
    set(variable::ORIGIN_URL, json!(format!("http://127.0.0.1:{}", ports.origin)));
    set(variable::APP_URL, json!(format!("http://127.0.0.1:{}", ports.app)));
    set(variable::LOG, json!("refusals"));
    vars.extend(options.vars.iter().cloned());
    vars
}

/// The vars in the project's wrangler.toml.
///
/// # Errors
/// When it cannot be read or has none.
pub fn worker_vars(workspace: &Workspace) -> Result<Map<String, Value>, Error> {
    vars_of(&wrangler_toml(workspace)?)
}

fn vars_of(config: &Map<String, Value>) -> Result<Map<String, Value>, Error> {
    match config.get("vars") {
        Some(Value::Object(vars)) => Ok(vars.clone()),
        _ => Err(Error::Unexpected("wrangler.toml has no table `vars`".into())),
    }
}

fn wrangler_toml(workspace: &Workspace) -> Result<Map<String, Value>, Error> {
    let path = workspace.path("wrangler.toml");
    let text = fs::read_to_string(&path).doing(|| format!("reading {}", path.display()))?;
    toml::from_str(&text).map_err(|error| Error::Unexpected(format!("{}: {error}", path.display())))
}

/// Which behaviour of the platform the Worker is written for.
pub(super) fn compatibility_date(workspace: &Workspace) -> Result<String, Error> {
    match wrangler_toml(workspace)?.get("compatibility_date") {
        Some(Value::String(date)) => Ok(date.clone()),
        _ => Err(Error::Unexpected("wrangler.toml names no `compatibility_date`".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_their_own_outlive_those_of_the_stack() {
        let theirs = "# mine\nASSERTION_KEY=\"a=b\"\nANCHOR_KEY_OLD=x\n";
        let text = dev_vars("secret", "anchor", theirs);
        assert_eq!(own_lines(&text), theirs);
        let again = dev_vars("another", "anchor", &own_lines(&text));
        assert_eq!(again, text.replace("\"secret\"", "\"another\""));
        assert_eq!(own_lines("ANCHOR_KEY = \"old\"\nEDGE_SECRET=old"), "");
        for (line, set) in [
            ("A=b", "b"),
            ("export A = \"b # c\"\r\n", "b # c"),
            ("A: 'b' # c", "b"),
            ("A=b # c\n", "b"),
            ("A={\"b\": 1}", "{\"b\": 1}"),
            ("A=", ""),
        ] {
            assert_eq!((name(line), value(line)), ("A", Some(set)), "{line}");
        }
        assert_eq!(value("A='{\n"), None);
        assert_eq!(own_lines("\u{feff}export ANCHOR_KEY=old\r\nEDGE_SECRET: old\n"), "");
    }
}
