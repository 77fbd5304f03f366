use super::*;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn check(variables: &Value) -> Result<(Vars, Secrets), Misconfigured> {
    Vars::read(&variables.to_string())
}

fn good() -> Value {
    json!({
        "ISSUER": "https://app.example", "AUDIENCE": "app",
        "ORIGIN_URL": "http://localhost:8788", "APP_URL": "http://[::1]:8789",
        "POLICY": {"rules": [{"path": "/admin/*", "require": {"role": "admin"}}]},
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut variables = good();
    variables[name] = value;
    variables
}

fn refused(variables: &Value) -> String {
    check(variables).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn what_the_readme_shows_is_accepted() {
    let (vars, secrets) = check(&good()).unwrap();
    assert_eq!(
        (vars.report, vars.log, vars.realm.as_str()),
        (Report::All, Log::Faults, "portcullis")
    );
    assert!(secrets.anchor.is_none() && secrets.edge_secret.is_none());
    assert!(secrets.suffice_for(&vars).is_ok());
    let mut as_text = with("FRESH_SECONDS", json!("6"));
    as_text["STALE_SECONDS"] = json!(60);
    as_text["POLICY"] = json!(as_text["POLICY"].to_string());
    let staleness = check(&as_text).unwrap().0.staleness;
    assert_eq!((staleness.fresh.as_secs(), staleness.stale.as_secs()), (6, 60));
}

#[test]
fn ops_07_what_is_wrong_is_named_with_what_was_expected() {
    for (name, value, words) in [
        ("ISSUER", json!(null), "ISSUER: expected a text"),
        ("ISSUER", json!("app.example"), "ISSUER: expected the origin's tokens.issuer"),
        ("ISSUER", json!("https://app.example/"), "ISSUER: expected the origin's"),
        ("AUDIENCE", json!(""), "AUDIENCE: expected a text"),
        ("APP_URL", json!("http://app/base"), "APP_URL: expected scheme"),
        ("APP_URL", json!("http://u@app"), "APP_URL: expected scheme"),
        ("APP_URL", json!("ftp://app"), "APP_URL: expected scheme"),
        ("APP_URL", json!("binding:my app"), "APP_URL: expected a binding's name"),
        ("ORIGIN_URL", json!(7), "ORIGIN_URL: expected a text"),
        ("ORIGIN_URL", json!("binding:ORIGIN"), "ORIGIN_URL: expected scheme"),
        ("UPSTREAMS", json!([]), "UPSTREAMS: expected a table"),
        ("UPSTREAMS", json!({"api": 7}), "UPSTREAMS: api: expected a text"),
        ("UPSTREAMS", json!({"api": "api.internal"}), "UPSTREAMS: api: expected scheme"),
        ("ANCHOR_KEY", json!("short"), "`origin keys anchor`"),
        ("REPORT", json!("none"), "REPORT: expected \"all\""),
        ("LOG", json!("all"), "LOG: expected \"faults\""),
        ("EDGE_SECRET", json!("short"), "EDGE_SECRET: expected at least 16"),
        ("EDGE_SECRET", json!("0123456789abcdef\n"), "EDGE_SECRET: expected at least 16"),
        ("ASSERTION_KEY", json!("short"), "ASSERTION_KEY: expected what `origin keys assertion`"),
        ("FRESH_SECONDS", json!(901), "FRESH_SECONDS: expected at most STALE_SECONDS"),
        ("FRESH_SECONDS", json!(0), "FRESH_SECONDS: expected whole seconds"),
        ("STALE_SECONDS", json!("15m"), "STALE_SECONDS: expected whole seconds"),
        ("STALE_SECONDS", json!(86_401), "STALE_SECONDS: expected whole seconds"),
        ("STALE_SECONDS", json!(99.5), "STALE_SECONDS: expected whole seconds"),
        ("POLICY", json!("{"), "POLICY: is no JSON"),
        ("POLICY", json!({"rules": {}}), "POLICY: rules: expected a list"),
        (
            "POLICY",
            json!({"rules": [{"path": "/a", "require": "everybody"}]}),
            "POLICY: rules[0].require: expected \"public\"",
        ),
        (
            "POLICY",
            json!({"rules": [{"path": "/a", "require": "public", "role": "x"}]}),
            "POLICY: rules[0].role: unknown member",
        ),
        (
            "POLICY",
            json!({"rules": [{"path": "a", "require": "public"}]}),
            "POLICY: rules[0]: path \"a\"",
        ),
        (
            "POLICY",
            json!({"rules": [{"path": "/a/*", "require": "public", "upstream": "api"}]}),
            "UPSTREAMS: has no \"api\", which the rule for /a/* names",
        ),
    ] {
        let message = refused(&with(name, value));
        assert!(message.contains(words), "{message}");
    }
    for name in ["ISSUER", "AUDIENCE", "ORIGIN_URL", "APP_URL", "POLICY"] {
        let mut variables = good();
        variables.as_object_mut().unwrap().remove(name);
        let message = refused(&variables);
        assert!(message.starts_with(&format!("{name}: is not set")), "{message}");
    }
    assert!(refused(&json!([])).starts_with("the variables: expected a table"));
}

#[test]
fn ops_07_other_issuers_are_read_from_a_table_or_its_text() {
    let entry = json!({"issuer": "https://a.example/", "audience": "api", "algorithms": ["RS256"],
        "jwks_url": "https://a.example/jwks"});
    let changed = |name: &str, value: Value| {
        let mut entry = entry.clone();
        entry[name] = value;
        entry
    };
    for value in [json!([entry]), json!(json!([entry]).to_string())] {
        assert_eq!(check(&with("ISSUERS", value)).unwrap().0.issuers.iter().count(), 1);
    }
    assert!(check(&good()).unwrap().0.issuers.is_empty());
    for (value, words) in [
        (json!("["), "ISSUERS: is no JSON"),
        (json!({"issuer": "x"}), "ISSUERS: expected a list"),
        (json!([changed("audience", json!(7))]), "ISSUERS: [0]: audience: expected"),
        (json!([changed("algorithm", json!(7))]), "ISSUERS: [0]: algorithm: unknown member"),
        (json!([changed("algorithms", json!(["HS256"]))]), "ISSUERS: [0]: algorithms"),
        (json!([entry, entry]), "ISSUERS: [0] and [1] are for the same issuer"),
        (
            json!([changed("issuer", json!("https://app.example"))]),
            "ISSUERS: [0] is for ISSUER, our own",
        ),
    ] {
        let message = refused(&with("ISSUERS", value));
        assert!(message.starts_with(words), "{message}");
    }
}

#[test]
fn a_rule_that_wants_assertions_wants_their_key() {
    let rule = json!({"path": "/a/*", "require": "signed-in", "hand": "assertion"});
    let mut variables = with("POLICY", json!({"rules": [rule]}));
    let (vars, secrets) = check(&variables).unwrap();
    let missing = secrets.suffice_for(&vars).unwrap_err();
    assert_eq!(missing.variable(), "ASSERTION_KEY");
    assert!(missing.to_string().contains("the rule for /a/* wants assertions"), "{missing}");
    variables["ASSERTION_KEY"] = json!(["d", "x"].map(|part| part.repeat(43)).join("."));
    let (vars, secrets) = check(&variables).unwrap();
    assert!(secrets.suffice_for(&vars).is_ok());
    assert!(!format!("{secrets:?}").contains("ddd"));
}

/// The Worker's log names the place alone.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn ops_07_what_was_found_is_told_unless_it_is_nobodys_business() {
    for (name, value, end) in [
        ("ISSUER", json!("https://app.example/"), ", found \"https://app.example/\""),
        ("APP_URL", json!("http://me:secret@app"), ", found a text of 20 characters"),
        ("AUDIENCE", json!(["app"]), ", found a list"),
        ("AUDIENCE", json!(""), ", found an empty text"),
        ("UPSTREAMS", json!({"api": true}), ", found true"),
        ("FRESH_SECONDS", json!(901), ", found 901"),
        ("STALE_SECONDS", json!("15m"), ", found \"15m\""),
        ("STALE_SECONDS", json!(86_401), ", found 86401"),
        ("STALE_SECONDS", json!(-1), ", found a number that is not whole, below 0 or too large"),
        ("REPORT", json!("none"), ", found \"none\""),
        ("ANCHOR_KEY", json!("short"), ", found a text of 5 characters"),
        ("EDGE_SECRET", json!(1234), ", found a number"),
        ("EDGE_SECRET", json!("hunter2"), ", found a text of 7 characters"),
        ("ISSUERS", json!({}), ", found a table"),
        ("POLICY", json!([]), ", found a list"),
        (
            "POLICY",
            json!({"rules": [{"path": "/a", "require": "everybody"}]}),
            ", found \"everybody\"",
        ),
        (
            "POLICY",
            json!({"rules": [{"path": "/a", "require": "signed-in", "hand": "tokens"}]}),
            ", found \"tokens\"",
        ),
    ] {
        let message = refused(&with(name, value));
        assert!(message.ends_with(end), "{message}");
    }
}
