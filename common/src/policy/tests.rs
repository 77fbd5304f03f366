use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn policy(rules: &str) -> Result<Policy, InvalidPolicy> {
    Policy::new(serde_json::from_str(&format!(r#"{{"rules":{rules}}}"#)).unwrap())
}

fn host() -> Host<'static> {
    Host::of_origin("https://app.example").unwrap()
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
    match demo().place(&host(), method, &parsed) {
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
        ("/ADMIN", "400"),
        ("/Admin/x", "400"),
        ("/%41dmin", "400"),
        ("/public/README.md", "public"),
        ("/Public/x", "400"),
        ("/Orders", "400"),
        ("/API/x", "signed-in"),
        ("/Auth/edge/revoked", "400"),
        ("/public/Auth", "public"),
        ("/admiN;x", "400"),
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
        let of = |raw| match policy.place(&host(), "GET", &CanonicalPath::parse(raw).unwrap()) {
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
fn pth_12_13_a_named_host_wins_over_a_wildcard_and_that_over_any() {
    let policy = policy(
        r#"[{"path":"/x/*","require":"public"},
            {"path":"/*","require":{"role":"any-below"},"host":"*.example"},
            {"path":"/*","require":{"role":"deeper"},"host":"*.eu.example"},
            {"path":"/*","require":{"role":"one"},"host":"app.example"},
            {"path":"/x/*","require":{"role":"one-get"},"host":"app.example","methods":["GET"]}]"#,
    )
    .unwrap();
    for (origin, method, path, expected) in [
        ("https://other.test", "GET", "/x/1", "public"),
        ("https://other.test", "GET", "/y", "signed-in"),
        ("https://b.example", "GET", "/x/1", "role any-below"),
        ("https://b.eu.example", "GET", "/x/1", "role deeper"),
        ("https://app.example", "POST", "/x/1", "role one"),
        ("https://app.example", "HEAD", "/x/1", "role one-get"),
        ("https://APP.example.:8443", "GET", "/x/1", "role one-get"),
        ("https://example", "GET", "/x/1", "public"),
    ] {
        let (host, path) = (Host::of_origin(origin).unwrap(), CanonicalPath::parse(path).unwrap());
        let Ok(Place::App(rule)) = policy.place(&host, method, &path) else { panic!("{origin}") };
        assert_eq!(rule.require.to_string(), expected, "{method} {origin}{}", path.as_str());
        let covering: Vec<_> = policy.covering(&host, method, &path).map(Rule::index).collect();
        assert_eq!(covering.first(), Some(&rule.index()));
        assert_eq!(covering.last(), Some(&None));
    }
}

#[test]
fn what_a_rule_does_not_say_follows_from_what_it_asks_for() {
    let policy = policy(
        r#"[{"path":"/public","require":"public"},
            {"path":"/own","require":"signed-in"},
            {"path":"/shared","require":"signed-in","cache":"upstream","upstream":"files"},
            {"path":"/unkept","require":"public","cache":"private"}]"#,
    )
    .unwrap();
    for (path, cache, upstream) in [
        ("/public", Cache::Upstream, None),
        ("/own", Cache::Private, None),
        ("/shared", Cache::Upstream, Some("files")),
        ("/unkept", Cache::Private, None),
        ("/unnamed", Cache::Private, None),
    ] {
        let place = policy.place(&host(), "GET", &CanonicalPath::parse(path).unwrap());
        let Ok(Place::App(rule)) = place else { panic!("{path}") };
        assert_eq!((rule.cache, rule.upstream.as_deref()), (cache, upstream), "{path}");
    }
}

#[test]
fn pth_14_rules_that_get_in_each_others_way_are_refused_and_named() {
    let rest =
        r#"{"path":"/a/*","require":"signed-in","methods":["PUT","PATCH","DELETE","OPTIONS"]}"#;
    let get = r#"{"path":"/a/*","require":"public","methods":["GET","POST"]}"#;
    let all = r#"{"path":"/a/*","require":{"role":"admin"}}"#;
    for (rules, words) in [
        (
            format!("[{get},{all},{rest}]"),
            "rules[1] (/a/*) is left with no method but unusual ones, since rules[0, 2] take",
        ),
        (
            r#"[{"path":"/Admin/*","require":"public"},{"path":"/admin/*","require":"signed-in"}]"#
                .into(),
            "rules[0] (/Admin/*) and rules[1] (/admin/*) are for the same requests",
        ),
        (
            r#"[{"path":"/a","require":"public","host":"a.example"},
                {"path":"/a","require":"signed-in","host":"a.example"}]"#
                .into(),
            "rules[0] (a.example/a) and rules[1] (a.example/a)",
        ),
    ] {
        let message = policy(&rules).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
    for good in [
        format!("[{get},{all}]"),
        r#"[{"path":"/a","require":"public","host":"a.example"},
            {"path":"/a","require":"signed-in","host":"b.example"},
            {"path":"/a","require":"signed-in","host":"*.example"},
            {"path":"/a","require":"signed-in"},
            {"path":"/a/*","require":"signed-in"}]"#
            .into(),
    ] {
        assert!(policy(&good).is_ok(), "{good}");
    }
}

#[test]
fn a_cors_table_that_is_wrong_says_where() {
    for (table, words) in [
        (r#"{"origins":[]}"#, "rules[0]: cors.origins is empty"),
        (r#"{"origins":["*"],"credentials":true}"#, "any site could act"),
        (r#"{"origins":["*","https://a.example"]}"#, "must stand alone"),
        (r#"{"origins":["null"]}"#, "\"null\" is no origin"),
        (r#"{"origins":["a.example"]}"#, "is no origin"),
        (r#"{"origins":["https://a.example/"]}"#, "is no origin"),
        (r#"{"origins":["https://A.example"]}"#, "is no origin"),
        (r#"{"origins":["https://a.example:443"]}"#, "is no origin"),
        (r#"{"origins":["http://a.example:80"]}"#, "is no origin"),
        (r#"{"origins":["https://a.example."]}"#, "is no origin"),
        (r#"{"origins":["https://*.example"]}"#, "is no origin"),
        (r#"{"origins":["https://u@a.example"]}"#, "is no origin"),
        (r#"{"origins":["*"],"headers":["*"]}"#, "cors.headers: \"*\" is no name"),
        (r#"{"origins":["*"],"headers":["a b"]}"#, "cors.headers: \"a b\""),
        (r#"{"origins":["*"],"expose":["x\r\ny"]}"#, "cors.expose"),
        (r#"{"origins":["*"],"methods":["PUT"]}"#, "cors.methods: \"PUT\""),
        (r#"{"origins":["*"],"methods":[]}"#, "cors.methods"),
        (r#"{"origins":["*"],"max_age":86401}"#, "cors.max_age"),
    ] {
        let rule = r#"{"path":"/a","require":"signed-in","methods":["GET","POST"],"cors":"#;
        let message = policy(&format!("[{rule}{table}}}]")).unwrap_err().to_string();
        assert!(message.contains(words), "{table}: {message}");
    }
    for table in [
        r#"{"origins":["https://a.example","http://localhost:3000","capacitor://localhost"],
            "credentials":true,"headers":["content-type"],"methods":["HEAD"],"max_age":0}"#,
        r#"{"origins":["http://[::1]:3000"]}"#,
        r#"{"origins":["*"]}"#,
    ] {
        let rule = r#"{"path":"/a","require":"signed-in","methods":["GET","POST"],"cors":"#;
        assert!(policy(&format!("[{rule}{table}}}]")).is_ok(), "{table}");
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
        (r#"[{"path":"/a","require":"public","methods":["GET","TRACE"]}]"#, "never passed on"),
        (r#"[{"path":"/a","require":"public","host":"App.example"}]"#, "host \"App.example\""),
        (r#"[{"path":"/a","require":"public","host":"app.example:443"}]"#, "without port"),
        (r#"[{"path":"/a","require":"public","upstream":""}]"#, "upstream is empty"),
        (r#"[{"path":"/AUTH/x","require":"public"}]"#, "reserved"),
        (r#"[{"path":"/a","require":{"role":""}}]"#, "no role or scope"),
        (r#"[{"path":"/a","require":"public","hand":"token"}]"#, "path \"/a\" is public"),
        (r#"[{"path":"/a","require":"public","unfresh":"closed"}]"#, "path \"/a\" is public"),
        (
            r#"[{"path":"/a","require":"public","methods":["GET"]},
                {"path":"/a","require":"signed-in","methods":["HEAD"]}]"#,
            "methods [\"HEAD\"] names HEAD without GET",
        ),
        (r#"[{"path":"/a","require":{"scope":"a b"}}]"#, "no role or scope"),
        (
            r#"[{"path":"/a","require":"public"},{"path":"/a/","require":"signed-in"}]"#,
            "rules[0] (/a) and rules[1] (/a) are for the same requests",
        ),
        (
            r#"[{"path":"/a","require":"public","methods":["GET"]},
                {"path":"/%61","require":"signed-in","methods":["POST","GET"]}]"#,
            "rules[0] (/a [GET]) and rules[1] (/a [POST, GET])",
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
