use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn policy(rules: &str) -> Result<Policy, InvalidPolicy> {
    Policy::new(serde_json::from_str(&format!(r#"{{"rules":{rules}}}"#)).unwrap())
}

/// The demo app's policy.
fn demo() -> Policy {
    policy(
        r#"[{"path":"/","require":"public"},
            {"path":"/public/*","require":"public"},
            {"path":"/admin/*","require":{"role":"admin"}},
            {"path":"/orders/*","require":{"scope":"orders:write"},"methods":["POST"]},
            {"path":"/orders/*","require":"public","methods":["GET"]},
            {"path":"/strict/*","require":"signed-in","unfresh":"always-ask"}]"#,
    )
    .unwrap()
}

/// What the demo policy says of a request, in a word.
fn meaning(method: &str, raw: &str) -> String {
    let Ok(parsed) = CanonicalPath::parse(raw) else {
        return "400".into();
    };
    assert_eq!(parsed.as_str(), raw, "what is decided on is what is sent on");
    match demo().place(method, &parsed) {
        Err(NotCanonical) => "400".into(),
        Ok(Place::Origin) => "origin".into(),
        Ok(Place::EdgeOnly) => "nobody".into(),
        Ok(Place::App(rule)) => match &rule.require {
            Requirement::Public => "public".into(),
            Requirement::SignedIn => "signed-in".into(),
            Requirement::Role(name) => format!("role {name}"),
            Requirement::Scope(scope) => format!("scope {scope}"),
        },
    }
}

#[test]
fn pth_01_to_06_each_form_of_a_path_has_one_meaning_or_none() {
    for (raw, expected) in [
        ("/", "public"),
        ("/public", "public"),
        ("/public/", "public"),
        ("/public/a/b.css", "public"),
        ("/public/a;v=1/b", "public"),
        ("/publicity", "signed-in"),
        ("/public.json", "signed-in"),
        ("/admin", "role admin"),
        ("/admin/", "role admin"),
        ("/admin/x", "role admin"),
        ("/%61dmin/x", "role admin"),
        ("/%61%64min", "role admin"),
        ("/ADMIN", "signed-in"),
        ("/admin.", "signed-in"),
        ("/admin%20", "signed-in"),
        ("/admin%23x", "signed-in"),
        ("/admin%3fx", "signed-in"),
        ("/%EF%BC%8Fadmin", "signed-in"),
        ("/caf%C3%A9", "signed-in"),
        ("/100%25", "signed-in"),
        ("/.well-known/jwks.json", "origin"),
        ("/auth/login", "origin"),
        ("/auth", "origin"),
        ("/auth/edge", "nobody"),
        ("/auth/edge/revoked", "nobody"),
        ("/auth/%65dge/revoked/", "nobody"),
        ("/auth/edges", "origin"),
        ("/authors", "signed-in"),
        ("//admin", "400"),
        ("//", "400"),
        ("/./admin", "400"),
        ("/a/../admin", "400"),
        ("/%2e/admin", "400"),
        ("/%2E%2e/admin", "400"),
        ("/.%2e/admin", "400"),
        ("/admin%2f", "400"),
        ("/%2Fadmin", "400"),
        ("/admin%252f", "400"),
        ("/admin%25252F", "400"),
        ("/%252e%252e/admin", "400"),
        ("/%25%32%66", "400"),
        ("/100%2525", "400"),
        ("/50%25%20off", "signed-in"),
        ("/public/..%253b/admin", "400"),
        ("/admin%253bx", "400"),
        ("/%2561dmin", "400"),
        ("/%2525252525252525", "400"),
        ("/admin;x=1", "400"),
        ("/admin%3bx=1", "400"),
        ("/public;x/../admin", "400"),
        ("/public/..;/admin", "400"),
        ("/public;/x", "400"),
        ("/pub;lic/x", "400"),
        ("/auth;x/login", "400"),
        ("/;/admin", "400"),
        ("/public/%2e%2e%2fadmin", "400"),
        ("/public/..%5cadmin", "400"),
        ("/public/..%255cadmin", "400"),
        ("/\\admin", "400"),
        ("/a\\..\\admin", "400"),
        ("/admin%00", "400"),
        ("/admin%09", "400"),
        ("/adm%0ain", "400"),
        ("/admin%7f", "400"),
        ("/admin%2500", "400"),
        ("/admin#x", "400"),
        ("/／admin", "400"),
        ("/%c0%af", "400"),
        ("/%zz", "400"),
        ("/%", "400"),
        ("/%2", "400"),
        ("/a b", "400"),
        ("/a\tb", "400"),
        ("/a\"b", "400"),
        ("/a^b", "400"),
        ("/admin/%2e", "400"),
        ("/..//admin", "400"),
        ("/admin//", "400"),
        ("/admin/..", "400"),
        ("", "400"),
        ("*", "400"),
        ("admin", "400"),
        ("http://other/admin", "400"),
    ] {
        assert_eq!(meaning("GET", raw), expected, "{raw}");
    }
}

#[test]
fn pth_07_08_a_rule_for_get_is_for_head_and_for_nothing_else() {
    for (method, expected) in [
        ("GET", "public"),
        ("HEAD", "public"),
        ("POST", "scope orders:write"),
        ("PUT", "signed-in"),
        ("get", "signed-in"),
        ("PROPFIND", "signed-in"),
        ("OPTIONS", "signed-in"),
    ] {
        assert_eq!(meaning(method, "/orders/7"), expected, "{method}");
    }
}

#[test]
fn pth_14_the_most_specific_rule_wins_in_any_order() {
    let exact = r#"{"path":"/a/b","require":"public"}"#;
    let prefix = r#"{"path":"/a/*","require":{"role":"admin"}}"#;
    for rules in [format!("[{exact},{prefix}]"), format!("[{prefix},{exact}]")] {
        let policy = policy(&rules).unwrap();
        let of = |raw| match policy.place("GET", &CanonicalPath::parse(raw).unwrap()) {
            Ok(Place::App(rule)) => rule.require.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(of("/a/b"), Requirement::Public);
        assert_eq!(of("/a/b/c"), Requirement::Role("admin".into()));
        assert_eq!(of("/a"), Requirement::Role("admin".into()));
        assert_eq!(of("/b"), Requirement::SignedIn);
    }
}

#[test]
fn a_policy_that_is_wrong_says_where() {
    for (rules, words) in [
        (r#"[{"path":"api","require":"public"}]"#, "rules[0]: path \"api\""),
        (r#"[{"path":"/a/*/b","require":"public"}]"#, "path \"/a/*/b\""),
        (r#"[{"path":"/a*","require":"public"}]"#, "path \"/a*\""),
        (r#"[{"path":"/a/../b","require":"public"}]"#, "path \"/a/../b\""),
        (r#"[{"path":"/auth/x","require":"public"}]"#, "reserved"),
        (r#"[{"path":"/%61uth/x","require":"public"}]"#, "reserved"),
        (r#"[{"path":"/a","require":"public","methods":[]}]"#, "methods []"),
        (r#"[{"path":"/a","require":"public","methods":["get"]}]"#, "methods [\"get\"]"),
        (r#"[{"path":"/a","require":{"role":""}}]"#, "no role or scope"),
        (r#"[{"path":"/a","require":"public","hand":"token"}]"#, "path \"/a\" is public"),
        (r#"[{"path":"/a","require":"public","unfresh":"closed"}]"#, "path \"/a\" is public"),
        (
            r#"[{"path":"/a","require":"public","methods":["GET"]},
                {"path":"/a","require":"signed-in","methods":["HEAD"]}]"#,
            "rules[0] and rules[1]",
        ),
        (r#"[{"path":"/a","require":{"scope":"a b"}}]"#, "no role or scope"),
        (
            r#"[{"path":"/a","require":"public"},{"path":"/a/","require":"signed-in"}]"#,
            "rules[0] and rules[1] are both for /a",
        ),
        (
            r#"[{"path":"/a","require":"public","methods":["GET"]},
                {"path":"/%61","require":"signed-in","methods":["POST","GET"]}]"#,
            "rules[0] and rules[1]",
        ),
    ] {
        let message = policy(rules).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
    for unreadable in [
        r#"{"rules":[{"path":"/a"}]}"#,
        r#"{"rules":[{"path":"/a","require":"nobody"}]}"#,
        r#"{"rules":[{"path":"/a","require":"public","also":1}]}"#,
        r#"{"rules":[{"path":"/a","require":{"role":"a","scope":"b"}}]}"#,
        r#"{"rules":[],"default":"public"}"#,
        "{}",
    ] {
        assert!(serde_json::from_str::<PolicyConfig>(unreadable).is_err(), "{unreadable}");
    }
}
