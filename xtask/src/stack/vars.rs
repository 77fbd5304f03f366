//! What of the Worker's configuration is looked at before anything is built: all that the Worker itself would
//! refuse a minute later, and whether requests would go round in circles.

use common::{
    spelling,
    variable::{self, Variable},
    vars::{Misconfigured, Vars},
};
use serde_json::{Map, Value};

use super::{Options, Ports, edge};
use crate::{Error, Workspace};

/// Reads what a stack is to run with: wrangler.toml, and what takes the place of its vars. Answers with
/// what may be meant so, and may be not.
///
/// # Errors
/// When the Worker could not work by it, or requests would be sent to the edge itself.
pub fn look_over(workspace: &Workspace, options: &Options) -> Result<Vec<String>, Error> {
    let file = edge::worker_vars(workspace)?;
    let notes = notes(&file, &options.vars);
    let vars = edge::with_own(file, options.ports, options);
    check(vars, options).map_err(|wrong| {
        let is = |name: &str| name == wrong.variable();
        let place = if options.vars.iter().any(|(name, _)| is(name)) {
            "--var"
        } else if edge::set_in_dev_vars(options).any(|(name, _)| is(name)) {
            ".dev.vars"
        } else {
            "wrangler.toml"
        };
        Error::Unexpected(format!("{place}: {wrong}"))
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

fn check(mut vars: Map<String, Value>, options: &Options) -> Result<(), Misconfigured> {
    for (name, value) in edge::set_in_dev_vars(options) {
        if variable::ALL.iter().any(|known| known.name() == name) {
            vars.insert(name.into(), value.into());
        }
    }
    // The stack has its own.
    for ours in [variable::ANCHOR_KEY, variable::EDGE_SECRET] {
        vars.remove(ours.name());
    }
    let (vars, secrets) = Vars::read(&Value::Object(vars).to_string())?;
    secrets.suffice_for(&vars)?;
    let circle = |variable: Variable, named: &[&str], url: &str| {
        let problem = " is the gate itself, and requests would go round in circles: give the address that your \
                       app listens on";
        let is_gate = is_gate(url, options.ports.edge);
        let told = || Misconfigured::new(variable, &[&named.concat(), url, problem]);
        if is_gate { Err(told()) } else { Ok(()) }
    };
    circle(variable::APP_URL, &[], vars.upstreams.of(None).1)?;
    for name in vars.upstreams.names() {
        circle(variable::UPSTREAMS, &[name, ": "], vars.upstreams.of(Some(name)).1)?;
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

    fn looked_over(given: Value, options: Options) -> Result<(), Misconfigured> {
        let file = json!({"AUDIENCE": "app", "POLICY": {"rules": []}});
        let options = Options { vars: object(given).into_iter().collect(), ..options };
        check(edge::with_own(object(file), options.ports, &options), &options)
    }

    fn refused(given: Value, dev_vars: &str) -> String {
        let options = Options { dev_vars: dev_vars.into(), ..Options::new("state".into()) };
        looked_over(given, options).unwrap_err().to_string()
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
            (
                json!({"POLICY": {"rules": [{"path": "/x", "require": "public", "upstream": "api"}]}}),
                "UPSTREAMS: has no \"api\"",
            ),
            (
                json!({"POLICY": {"rules": [{"path": "/x", "require": "signed-in", "hand": "assertion"}]}}),
                "ASSERTION_KEY: is not set, but the rule for /x wants assertions",
            ),
            (json!({"FRESH_SECONDS": "6s"}), "FRESH_SECONDS: expected whole seconds"),
            (json!({"ISSUER": "http://localhost:8787/"}), "ISSUER: expected the origin's"),
            (json!({"APP_URL": "localhost:3000"}), "APP_URL: expected scheme"),
            (json!({"ISSUERS": [{"issuer": "x"}]}), "[0]"),
            (json!({"APP_URL": "http://localhost:8787"}), "is the gate itself"),
            (json!({"APP_URL": "http://127.0.0.1:8787"}), "is the gate itself"),
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
            let said = refused(vars, "");
            assert!(said.contains(words), "{said}");
        }
        let usual = || Options::new("state".into());
        let given =
            json!({"ISSUER": "https://id.example", "ISSUERS": [issuer("http://localhost:8787")]});
        assert_eq!(looked_over(given, usual()), Ok(()));
        for app in ["http://localhost:3000", "http://[::1]:8787", "binding:APP"] {
            assert_eq!(looked_over(json!({"APP_URL": app}), usual()), Ok(()), "{app}");
        }
    }

    #[test]
    fn lines_of_ones_own_are_looked_over_as_the_worker_gets_them() {
        assert!(refused(json!({}), "REPORT=none\n").starts_with("REPORT: expected"));
        assert!(
            refused(json!({}), "ASSERTION_KEY='short'\n").starts_with("ASSERTION_KEY: expected")
        );
        let rule = json!({"path": "/x", "require": "signed-in", "hand": "assertion"});
        let key = format!("ASSERTION_KEY=\"{}.{}\"\n", "d".repeat(43), "x".repeat(43));
        for (given, dev_vars) in [
            (json!({"POLICY": {"rules": [rule]}}), key.as_str()),
            // Of another program, or outweighed.
            (json!({}), "TOKEN=x\nAPP_URL=nowhere\nANCHOR_KEY=short\n"),
            (json!({"REPORT": "all"}), "REPORT=none\n"),
        ] {
            let options = Options { dev_vars: dev_vars.into(), ..Options::new("state".into()) };
            assert_eq!(looked_over(given, options), Ok(()), "{dev_vars}");
        }
    }
}
