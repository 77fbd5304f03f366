//! What of the Worker's vars is looked at before anything is built: `POLICY`, `ISSUERS`, and whether
//! requests would go round in circles. The rest the Worker tells itself, a minute later.

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
/// When `POLICY` or `ISSUERS` cannot be used, or requests would be sent to the edge itself.
pub fn look_over(workspace: &Workspace, options: &Options) -> Result<Vec<String>, Error> {
    let file = edge::worker_vars(workspace)?;
    let notes = notes(&file, &options.vars);
    let mut vars = file;
    for replaced in [variable::APP_URL, variable::ISSUER] {
        vars.remove(replaced.name());
    }
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
        let given = vars.get(variable::ISSUER.name()).and_then(Value::as_str);
        let own = given.map_or_else(|| url(ports), String::from);
        Issuers::read(issuers, &own).map_err(|error| (variable::ISSUERS, error.to_string()))?;
    }
    let circle = |variable, named: &str, url: &str| {
        let problem = format!(
            "{named}{url} is the gate itself, and requests would go round in circles: give the address \
             that your app listens on"
        );
        if is_gate(url, ports.edge) { Err((variable, problem)) } else { Ok(()) }
    };
    if let Some(Value::String(app)) = vars.get(variable::APP_URL.name()) {
        circle(variable::APP_URL, "", app)?;
    }
    if let Some(Json::Object(others)) = table(variable::UPSTREAMS)? {
        for (name, url) in others {
            circle(variable::UPSTREAMS, &format!("{name}: "), url.as_text().unwrap_or_default())?;
        }
    }
    Ok(())
}

/// Whether a URL is that of the edge here, which listens on 127.0.0.1 alone. Where any free port will do
/// nobody can know.
fn is_gate(url: &str, edge: u16) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    let Some((host, port)) = authority.rsplit_once(':') else { return false };
    let names = ["localhost", "127.0.0.1", "0.0.0.0"];
    let is_here = names.iter().any(|name| host.eq_ignore_ascii_case(name));
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

    fn issuer(name: &str) -> Value {
        json!({"issuer": name, "audience": "api", "algorithms": ["RS256"], "jwks_url": "https://id.example/jwks"})
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
            (json!({"APP_URL": "http://LocalHost:8787"}), "is the gate itself"),
            (
                json!({"UPSTREAMS": {"a": "http://localhost:3000", "b": "http://localhost:8787"}}),
                "b: http://localhost:8787 is the gate itself",
            ),
            (json!({"UPSTREAMS": r#"{"b": "http://localhost:8787"}"#}), "is the gate itself"),
            (json!({"ISSUERS": [issuer("http://localhost:8787")]}), "[0]"),
            (
                json!({"ISSUER": "https://id.example", "ISSUERS": [issuer("https://id.example")]}),
                "[0]",
            ),
        ] {
            let (_, said) = check(&object(vars), Ports::default()).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
        let given =
            json!({"ISSUER": "https://id.example", "ISSUERS": [issuer("http://localhost:8787")]});
        assert_eq!(check(&object(given), Ports::default()), Ok(()));
        for app in ["http://localhost:3000", "http://[::1]:8787", "binding:APP"] {
            assert_eq!(check(&object(json!({"APP_URL": app})), Ports::default()), Ok(()), "{app}");
        }
    }
}
