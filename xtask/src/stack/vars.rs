//! What can be told of the Worker's vars before anything is built: its own words come a minute later, and
//! short.

use common::{
    issuers::Issuers,
    json::Json,
    policy::{Policy, PolicyConfig},
    spelling,
    variable::{self, Variable},
};
use serde_json::{Map, Value};

use super::{Options, Ports, edge, url};
use crate::{Error, Workspace};

/// Reads what a stack is to run with: wrangler.toml, and what takes the place of its vars. Answers with
/// what may be meant so, and may be not.
///
/// # Errors
/// When the edge would answer nothing but 500, or would be sent to itself.
pub fn look_over(workspace: &Workspace, options: &Options) -> Result<Vec<String>, Error> {
    let file = edge::worker_vars(workspace)?;
    let notes = notes(&file, &options.vars);
    let mut vars = file;
    vars.remove(variable::APP_URL.name());
    vars.extend(options.vars.iter().cloned());
    check(&vars, options.ports).map_err(|(variable, problem)| {
        let is_given = options.vars.iter().any(|(name, _)| name == variable.name());
        let place = if is_given { "--var" } else { "wrangler.toml" };
        Error::Unexpected(format!("{place}: {variable}: {problem}"))
    })?;
    Ok(notes)
}

fn notes(file: &Map<String, Value>, given: &[(String, Value)]) -> Vec<String> {
    let unknown = file.keys().filter_map(|name| spelling::unread(name));
    let mut notes: Vec<_> = unknown.map(|told| format!("wrangler.toml, vars: {told}")).collect();
    let app = variable::APP_URL.name();
    let is_given = given.iter().any(|(name, _)| name == app);
    let usual = format!("http://localhost:{}", Ports::default().app);
    if let Some(Value::String(url)) = file.get(app)
        && !is_given
        && *url != usual
    {
        notes.push(format!(
            "the demo app stands in for the {app} of wrangler.toml; `--var {app}={url}` has that one instead"
        ));
    }
    notes
}

/// What the edge would find wrong, and one thing that it cannot: that it is its own app.
fn check(vars: &Map<String, Value>, ports: Ports) -> Result<(), (Variable, String)> {
    let table = |variable: Variable| match vars.get(variable.name()) {
        None => Ok(None),
        Some(Value::String(text)) => {
            Json::parse(text).map(Some).map_err(|error| (variable, format!("is no JSON: {error}")))
        }
        Some(value) => Ok(Some(Json::from(value.clone()))),
    };
    if let Some(policy) = table(variable::POLICY)? {
        let wrong = |error: String| (variable::POLICY, error);
        let config = PolicyConfig::read(policy).map_err(|error| wrong(error.to_string()))?;
        Policy::new(config).map_err(|error| wrong(error.to_string()))?;
    }
    if let Some(issuers) = table(variable::ISSUERS)? {
        Issuers::read(issuers, &url(ports))
            .map_err(|error| (variable::ISSUERS, error.to_string()))?;
    }
    if let Some(Value::String(app)) = vars.get(variable::APP_URL.name())
        && is_gate(app, ports.edge)
    {
        let problem = format!(
            "{app} is the gate itself, and requests would go round in circles: give the address that \
             your app listens on"
        );
        return Err((variable::APP_URL, problem));
    }
    Ok(())
}

/// Whether a URL is that of the edge here. Its port is no matter of ours where any free one will do.
fn is_gate(url: &str, edge: u16) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    let Some((host, port)) = authority.rsplit_once(':') else { return false };
    let is_here = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"].contains(&host);
    is_here && port.parse() == Ok(edge) && edge != 0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(object) => object,
            other => panic!("no object: {other}"),
        }
    }

    #[test]
    fn a_name_that_the_worker_does_not_read_is_told_and_let_be() {
        let file = object(json!({"ISSUER": "x", "APP_ULR": "x", "FEATURE_FLAGS": "x"}));
        assert_eq!(
            notes(&file, &[]),
            [
                "wrangler.toml, vars: the Worker reads no APP_ULR; did you mean APP_URL?",
                "wrangler.toml, vars: the Worker reads no FEATURE_FLAGS",
            ]
        );
    }

    #[test]
    fn an_app_that_is_not_asked_is_told_of() {
        let file = object(json!({"APP_URL": "https://app.internal"}));
        let said = notes(&file, &[]).concat();
        assert!(said.contains("`--var APP_URL=https://app.internal`"), "{said}");
        assert!(notes(&file, &[("APP_URL".into(), json!("http://localhost:3000"))]).is_empty());
        assert!(notes(&object(json!({"APP_URL": "http://localhost:8789"})), &[]).is_empty());
    }

    #[test]
    fn what_nobody_would_be_let_in_by_is_told_with_the_member_that_was_meant() {
        for (vars, words) in [
            (
                json!({"POLICY": {"rules": [{"path": "/stock/*", "requires": "public"}]}}),
                "rules[0].requires: unknown member; did you mean `require`?",
            ),
            (
                json!({"POLICY": {"rules": [{"path": "/x", "require": "public", "method": ["GET"]}]}}),
                "rules[0].method: unknown member; did you mean `methods`?",
            ),
            (json!({"POLICY": {"rule": []}}), "rule: unknown member; did you mean `rules`?"),
            (json!({"POLICY": "{"}), "is no JSON"),
            (json!({"ISSUERS": [{"issuer": "x"}]}), "[0]"),
            (json!({"APP_URL": "http://localhost:8787"}), "is the gate itself"),
            (json!({"APP_URL": "http://127.0.0.1:8787/"}), "is the gate itself"),
        ] {
            let (_, said) = check(&object(vars), Ports::default()).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
        for app in ["http://localhost:3000", "https://app.example", "binding:APP"] {
            assert_eq!(check(&object(json!({"APP_URL": app})), Ports::default()), Ok(()), "{app}");
        }
    }
}
