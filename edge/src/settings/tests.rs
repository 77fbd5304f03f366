//! What the edge works by, `explain` and `test-policy` take; what it refuses, they refuse.

use std::fs;

use serde_json::Value;

use super::*;

/// A good configuration: variables and their values, as TOML has them.
const GOOD: &[(&str, &str)] = &[
    ("ISSUER", r#""https://app.example""#),
    ("AUDIENCE", r#""app""#),
    ("ORIGIN_URL", r#""http://localhost:8788""#),
    ("APP_URL", r#""http://[::1]:8789""#),
    ("ANCHOR_KEY", r#""11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#),
    ("POLICY", r#"{ rules = [{ path = "/admin/*", require = { role = "admin" } }] }"#),
];
const SECRET: &str = r#""0123456789abcdef""#;
const OTHER: &str = r#"issuer = "https://id.other", audience = "api", algorithms = ["RS256"], jwks_url = "https://id.other/jwks""#;

/// What takes the place of something in it, and how the refusal begins. Where the value is empty,
/// nothing does.
const ROWS: &[(&str, &str, Option<&str>)] = &[
    ("REALM", r#""admin area""#, None),
    ("REALM", r#""""#, Some("REALM: expected a text")),
    ("ISSUER", "", Some("ISSUER: is not set")),
    ("ISSUER", r#""http://localhost:8787""#, None),
    ("ISSUER", r#""https://app.example/""#, Some("ISSUER: expected the origin's tokens.issuer")),
    ("ISSUER", r#""app.example""#, Some("ISSUER: expected the origin's tokens.issuer")),
    ("ISSUER", r#""https://app example""#, Some("ISSUER: expected the origin's tokens.issuer")),
    ("ISSUER", "7", Some("ISSUER: expected a text")),
    ("AUDIENCE", "", Some("AUDIENCE: is not set")),
    ("AUDIENCE", r#""""#, Some("AUDIENCE: expected a text")),
    ("AUDIENCE", r#"["app"]"#, Some("AUDIENCE: expected a text")),
    ("ORIGIN_URL", "", Some("ORIGIN_URL: is not set")),
    ("ORIGIN_URL", r#""https://origin.example/base""#, Some("ORIGIN_URL: expected scheme")),
    ("ORIGIN_URL", r#""binding:ORIGIN""#, Some("ORIGIN_URL: expected scheme")),
    ("APP_URL", "", Some("APP_URL: is not set")),
    ("APP_URL", r#""binding:APP""#, None),
    ("APP_URL", r#""binding:my app""#, Some("APP_URL: expected a binding's name")),
    ("APP_URL", r#""https://app.internal/""#, Some("APP_URL: expected scheme")),
    ("APP_URL", r#""app.internal:8080""#, Some("APP_URL: expected scheme")),
    ("APP_URL", "{ url = 1 }", Some("APP_URL: expected a text")),
    ("UPSTREAMS", r#"{ api = "https://api.internal", admin = "binding:ADMIN" }"#, None),
    ("UPSTREAMS", r#"'{"api": "https://api.internal"}'"#, None),
    ("UPSTREAMS", r#""api""#, Some("UPSTREAMS: is no JSON")),
    ("UPSTREAMS", r#"["https://api.internal"]"#, Some("UPSTREAMS: expected a table")),
    ("UPSTREAMS", r#"{ api = "api.internal" }"#, Some("UPSTREAMS: api: expected scheme")),
    ("UPSTREAMS", "{ api = true }", Some("UPSTREAMS: api: expected a text")),
    ("ANCHOR_KEY", r#""short""#, Some("ANCHOR_KEY: expected 32 bytes")),
    ("EDGE_SECRET", r#""short""#, Some("EDGE_SECRET: expected at least 16")),
    ("ASSERTION_KEY", r#""short""#, Some("ASSERTION_KEY: expected what")),
    ("FRESH_SECONDS", "6", None),
    ("FRESH_SECONDS", r#""6""#, None),
    ("FRESH_SECONDS", r#""soon""#, Some("FRESH_SECONDS: expected whole seconds")),
    ("FRESH_SECONDS", "0", Some("FRESH_SECONDS: expected whole seconds")),
    ("FRESH_SECONDS", "901", Some("FRESH_SECONDS: expected at most STALE_SECONDS")),
    ("STALE_SECONDS", "86400", None),
    ("STALE_SECONDS", "86401", Some("STALE_SECONDS: expected whole seconds")),
    ("STALE_SECONDS", "-5", Some("STALE_SECONDS: expected whole seconds")),
    ("STALE_SECONDS", "99.5", Some("STALE_SECONDS: expected whole seconds")),
    ("STALE_SECONDS", "30", Some("FRESH_SECONDS: expected at most STALE_SECONDS")),
    ("REPORT", r#""refusals""#, None),
    ("REPORT", r#""none""#, Some("REPORT: expected \"all\" or \"refusals\"")),
    ("LOG", "true", Some("LOG: expected \"faults\" or \"refusals\"")),
    ("FEATURE_FLAGS", "{ new = true }", None),
    ("POLICY", "", Some("POLICY: is not set")),
    ("POLICY", "{ rules = [] }", None),
    ("POLICY", "'{'", Some("POLICY: is no JSON")),
    ("POLICY", "[]", Some("POLICY: expected a table")),
    ("POLICY", "{ rule = [] }", Some("POLICY: rule: unknown member")),
    ("POLICY", r#"{ rules = [{ path = "/a" }] }"#, Some("POLICY: rules[0].require: is missing")),
    (
        "POLICY",
        r#"{ rules = [{ path = "/a", require = "everybody" }] }"#,
        Some("POLICY: rules[0].require: expected"),
    ),
    (
        "POLICY",
        r#"{ rules = [{ path = "/a", require = "public" }, { path = "/A", require = "public" }] }"#,
        Some("POLICY: rules[0] (/a) and rules[1] (/A)"),
    ),
    (
        "POLICY",
        r#"{ rules = [{ path = "/a", require = "public", upstream = "api" }] }"#,
        Some("UPSTREAMS: has no \"api\", which the rule for /a names"),
    ),
    ("ISSUERS", "[]", None),
    ("ISSUERS", "{}", Some("ISSUERS: expected a list")),
    ("ISSUERS", "[1]", Some("ISSUERS: [0]: expected a table")),
    (
        "ISSUERS",
        r#"[{ issuer = "https://app.example", audience = "x", algorithms = ["RS256"], jwks_url = "https://x.example" }]"#,
        Some("ISSUERS: [0] is for ISSUER"),
    ),
];

/// The good configuration with these in the place of what is there.
fn configuration(changes: &[(&str, &str)]) -> String {
    let kept = GOOD.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    let changes = changes.iter().filter(|(_, value)| !value.is_empty());
    let lines = kept.chain(changes).map(|(name, value)| format!("{name} = {value}\n"));
    lines.collect()
}

/// Why the edge refuses it, with this besides among its secrets; if it does.
fn edge(vars: &str, secrets: &str) -> Option<String> {
    let has_secret = vars.contains("EDGE_SECRET");
    let secret = if has_secret { String::new() } else { format!("EDGE_SECRET = {SECRET}\n") };
    let table: Value = toml::from_str(&format!("{vars}{secret}{secrets}")).unwrap();
    Settings::read(&table.to_string()).err().map(|wrong| wrong.to_string())
}

/// Why `explain` and `test-policy` do, and what they note.
fn verdict(vars: &str) -> (Option<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrangler.toml");
    fs::write(&path, format!("[vars]\n{vars}")).unwrap();
    match verdict::Config::read(&path, None) {
        Ok(config) => (None, config.notes),
        Err(refused) => {
            let said = refused.to_string();
            let place = format!("{}: vars: ", path.display());
            (Some(said.strip_prefix(&place).unwrap_or(&said).into()), Vec::new())
        }
    }
}

#[test]
fn ops_07_what_the_edge_refuses_is_refused_beforehand_in_the_same_words() {
    let mut judged = (0, 0);
    for (name, value, refusal) in ROWS {
        let vars = configuration(&[(name, value)]);
        let (here, (there, _)) = (edge(&vars, ""), verdict(&vars));
        assert_eq!(here, there, "{name} = {value}");
        match (here, refusal) {
            (None, None) => judged.0 += 1,
            (Some(said), Some(begin)) if said.starts_with(begin) => judged.1 += 1,
            (said, _) => panic!("{name} = {value}: {said:?}"),
        }
    }
    assert!(judged.0 > 10 && judged.1 > 30, "{judged:?}");
}

/// Limits of the reader itself, which files of TOML do not have.
#[test]
fn what_is_too_wide_or_too_deep_for_the_edge_is_so_beforehand() {
    let wide: Vec<_> = (0..257).map(|n| format!("a{n} = \"https://a.internal\"")).collect();
    let deep = ["[".repeat(17), "]".repeat(17)].concat();
    for (name, value, words) in [
        ("UPSTREAMS", format!("{{ {} }}", wide.join(", ")), "too many members"),
        ("FEATURE_FLAGS", deep, "too deep"),
        ("FEATURE_FLAGS", "{ \"a\\u0001\" = 1 }".into(), "control character"),
    ] {
        let vars = configuration(&[(name, &value)]);
        let (here, (there, _)) = (edge(&vars, "").unwrap(), verdict(&vars));
        assert!(here.starts_with("the variables: ") && here.contains(words), "{here}");
        // The secrets of the edge move the byte at which it is.
        let there = there.unwrap();
        assert!(there.starts_with("the variables: ") && there.contains(words), "{there}");
    }
}

#[test]
fn an_entry_for_another_issuer_is_read_alike() {
    for (more, refusal) in [
        ("", None),
        (r#", roles_claim = "groups", roles = { staff = "admin" }"#, None),
        (r#", roles_claim = "groups""#, Some("ISSUERS: [0]: roles and roles_claim")),
        (", max_life = 0", Some("ISSUERS: [0]: max_life: expected")),
        (r#", scopes = "x""#, Some("ISSUERS: [0]: scopes: unknown member")),
    ] {
        let vars = configuration(&[("ISSUERS", &format!("[{{ {OTHER}{more} }}]"))]);
        let (here, (there, _)) = (edge(&vars, ""), verdict(&vars));
        assert_eq!(here, there, "{more}");
        let is_so =
            here.as_deref().map(|said| refusal.is_some_and(|words| said.starts_with(words)));
        assert_eq!(is_so, refusal.map(|_| true), "{more}: {here:?}");
    }
}

/// Beforehand nobody can look at a deployment's secrets.
#[test]
fn a_secret_that_is_not_set_is_refused_here_and_noted_there() {
    let rules = r#"{ rules = [{ path = "/a", require = "signed-in", hand = "assertion" }] }"#;
    let vars = configuration(&[("POLICY", rules)]);
    let (here, (there, notes)) = (edge(&vars, "").unwrap(), verdict(&vars));
    assert!(here.starts_with("ASSERTION_KEY: is not set, but the rule for /a wants"), "{here}");
    assert_eq!(there, None);
    assert!(notes.iter().any(|note| note.starts_with(&here)), "{notes:?}");
    let key = format!("ASSERTION_KEY = \"{}.{}\"", "d".repeat(43), "x".repeat(43));
    assert_eq!(edge(&vars, &key), None);
    assert_eq!(verdict(&format!("{vars}{key}\n")), (None, Vec::new()));

    let none = configuration(&[("ANCHOR_KEY", "")]);
    assert!(edge(&none, "").unwrap().starts_with("ANCHOR_KEY: is not set"));
    assert_eq!(verdict(&none), (None, Vec::new()));
    let text = toml::from_str::<Value>(&configuration(&[])).unwrap().to_string();
    let refused = Settings::read(&text).unwrap_err().to_string();
    assert!(refused.starts_with("EDGE_SECRET: is not set; choose one"), "{refused}");
}
