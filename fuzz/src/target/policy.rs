//! Policies: any text is judged, and a good one decides the same in whatever order it is written.

use common::policy::{CanonicalPath, Host, Place, Policy, PolicyConfig, Rule};
use serde_json::{Map, Value, json};

use super::path::{PIECES, SEEDS};
use crate::input::Input;

const PATHS: &[&str] =
    &["/", "/*", "/a", "/a/*", "/A/*", "/a/b", "/a/b/*", "/public/*", "/b", "/%61", "/auth/x"];
const HOSTS: &[&str] =
    &["app.example", "*.example", "*.app.example", "other.test", "App.example", "*"];
const METHODS: &[&str] = &[
    "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "GET", "POST", "GET", "PUT",
    "HEAD", "TRACE", "get",
];
const ORIGINS: &[&str] =
    &["*", "https://shop.example", "null", "https://shop.example:443", "capacitor://localhost"];

pub(super) fn run(input: &mut Input<'_>) -> String {
    let rules: Vec<Value> = (0..input.below(5)).map(|_| rule(input)).collect();
    let read = |rules: &[Value]| {
        let config: PolicyConfig =
            serde_json::from_value(json!({ "rules": rules })).map_err(|error| error.to_string())?;
        Policy::new(config).map_err(|error| error.to_string())
    };
    let policy = match read(&rules) {
        Ok(policy) => policy,
        Err(error) => return error,
    };
    let reversed: Vec<Value> = rules.into_iter().rev().collect();
    let reversed = read(&reversed).expect("good in one order is good in any");

    let origin = format!(
        "https://{}",
        input.one_of(&["app.example", "x.app.example", "other.test", "X.example."])
    );
    let host = Host::of_origin(&origin).expect("a good host");
    let raw = if input.coin() {
        input.text(SEEDS, PIECES)
    } else {
        input.text(PATHS, &["/", "a", "b", "A", ";"])
    };
    let method = input.one_of(METHODS);
    let Ok(path) = CanonicalPath::parse(&raw) else {
        return "refused".into();
    };
    let place = policy.place(&host, method, &path);
    let told = tell(place.as_ref().ok());
    assert_eq!(tell(reversed.place(&host, method, &path).as_ref().ok()), told, "the order matters");
    if let Ok(Place::App(rule)) = place {
        let first = policy.covering(&host, method, &path).next();
        assert_eq!(first.map(Rule::index), Some(rule.index()));
        // A server that answers GET answers HEAD, so nobody gets more by asking for less.
        if method == "GET"
            && let Ok(Place::App(for_head)) = policy.place(&host, "HEAD", &path)
        {
            assert_eq!(for_head.require, rule.require, "{raw:?}");
        }
    }
    told
}

/// What else a rule may say, rightly or wrongly.
const MEMBERS: &[(&str, &str)] = &[
    ("unfresh", "closed"),
    ("hand", "token"),
    ("hand", "assertion"),
    ("cache", "private"),
    ("cache", "upstream"),
    ("upstream", "api"),
    ("upstream", ""),
    ("else", "x"),
];

fn tell(place: Option<&Place<'_>>) -> String {
    match place {
        None => "refused".into(),
        Some(Place::App(rule)) => format!("{rule} {}", rule.require),
        Some(other) => format!("{other:?}"),
    }
}

fn rule(input: &mut Input<'_>) -> Value {
    let mut rule = Map::new();
    let path = if input.below(4) == 3 {
        input.text(PATHS, &["/", "*", "a", "b", "%61", ";"])
    } else {
        input.one_of(PATHS).into()
    };
    rule.insert("path".into(), path.into());
    let require =
        [json!("public"), json!("signed-in"), json!({"role": "admin"}), json!({"scope": "a:b"})];
    rule.insert("require".into(), require[input.below(4)].clone());
    if let Some(host) = input.maybe(HOSTS) {
        rule.insert("host".into(), host.into());
    }
    if input.coin() {
        let methods: Vec<&str> = (0..input.below(4)).map(|_| input.one_of(METHODS)).collect();
        let methods = if methods.is_empty() { vec!["GET", "POST"] } else { methods };
        rule.insert("methods".into(), methods.into());
    }
    if input.below(4) == 3 {
        let cors = json!({
            "origins": [input.one_of(ORIGINS)],
            "credentials": input.coin(),
            "headers": [input.text(&["content-type", "authorization"], &["*", " ", "\r\n", "-"])],
            "max_age": input.below(100_000),
        });
        rule.insert("cors".into(), cors);
    }
    if input.below(4) == 3 {
        let (member, value) = input.one_of(MEMBERS);
        rule.insert(member.into(), value.into());
    }
    Value::Object(rule)
}
