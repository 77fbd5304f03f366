//! Scripts of other sites: what they are told, and that they cannot get around the rest.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SHOP: &str = "https://shop.example";

fn gate() -> Gate {
    let config: PolicyConfig = serde_json::from_str(
        r#"{"rules":[
            {"path":"/api/*","require":"signed-in","cors":{"origins":["https://shop.example"],
             "credentials":true,"headers":["Content-Type","authorization"],"expose":["x-page"]}},
            {"path":"/api/*","require":{"role":"admin"},"methods":["DELETE"]},
            {"path":"/open/*","require":"public","cors":{"origins":["*"],"methods":["GET"],
             "max_age":5}},
            {"path":"/own/*","require":"public"},
            {"path":"/plain/*","require":"signed-in","cors":{"origins":["https://shop.example"]}}]}"#,
    )
    .unwrap();
    Gate { policy: Policy::new(config).unwrap(), ..Gate::new(head(0, &[], None)) }
}

fn from<'a>(facts: Facts<'a>, origin: &'a str) -> Facts<'a> {
    let provenance = Provenance { sec_fetch_site: Some("cross-site"), origin: Some(origin) };
    Facts { provenance, ..facts }
}

/// A preflight for this method and these headers.
fn preflight<'a>(path: &'a str, origin: &'a str, method: &'a str, headers: &'a str) -> Facts<'a> {
    let preflight_headers = (!headers.is_empty()).then_some(headers);
    let facts = from(facts("OPTIONS", path, None, None), origin);
    Facts { preflight_method: Some(method), preflight_headers, ..facts }
}

#[test]
fn brr_08_a_preflight_is_answered_here_or_refused_and_never_forwarded() {
    let gate = gate();
    for (path, origin, method, headers, expected) in [
        ("/api/x", SHOP, "POST", "content-type, AUTHORIZATION", "preflight"),
        ("/api/x", SHOP, "PUT", "", "preflight"),
        ("/api/x", SHOP, "GET", ",content-type,", "preflight"),
        ("/api/x", SHOP, "POST", "x-other", "cors_refused"),
        ("/api/x", SHOP, "POST", "*", "cors_refused"),
        ("/api/x", SHOP, "POST", "content-type\r\nx", "cors_refused"),
        ("/api/x", SHOP, "PROPFIND", "", "cors_refused"),
        ("/api/x", SHOP, "post", "", "cors_refused"),
        ("/api/x", SHOP, "TRACE", "", "cors_refused"),
        // The rule for the method that is asked about decides: it has no table.
        ("/api/x", SHOP, "DELETE", "", "cors_refused"),
        ("/api/x", "https://evil.example", "POST", "", "cors_refused"),
        ("/api/x", "https://shop.example.evil", "POST", "", "cors_refused"),
        ("/api/x", "https://SHOP.example", "POST", "", "cors_refused"),
        ("/api/x", "null", "POST", "", "cors_refused"),
        ("/x", SHOP, "POST", "", "cors_refused"),
        ("/open/x", "null", "GET", "", "preflight"),
        ("/open/x", SHOP, "POST", "", "cors_refused"),
        // The app's own business where the rule says nothing and nobody needs to sign in.
        ("/own/x", SHOP, "POST", "x-other", "forward unnamed"),
        ("/auth/login", SHOP, "POST", "", "origin"),
        ("/auth/edge/revoked", SHOP, "POST", "", "not_found"),
        ("/a//b", SHOP, "POST", "", "path_ambiguous"),
    ] {
        let asked = preflight(path, origin, method, headers);
        assert_eq!(
            gate.ask(&asked, true, Ok(false)),
            expected,
            "{path} {origin} {method} {headers}"
        );
    }
    // Without an origin or a method to ask about it is a request like others.
    let bare = facts("OPTIONS", "/api/x", None, None);
    assert_eq!(gate.ask(&from(bare, SHOP), true, Ok(false)), "token_missing");
    let no_origin = Facts { preflight_method: Some("POST"), ..bare };
    assert_eq!(gate.ask(&no_origin, true, Ok(false)), "token_missing");
}

#[test]
fn brr_08_a_preflight_says_what_is_allowed_and_to_whom() {
    let lines = |facts: &Facts<'_>| match gate().decided(facts) {
        Verdict::Answer(answer) => answer.lines().map(|(n, v)| format!("{n}: {v}")).collect(),
        other => vec![format!("{other:?}")],
    };
    let vary = "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
    assert_eq!(
        lines(&preflight("/api/x", SHOP, "POST", "")),
        [
            "access-control-allow-origin: https://shop.example",
            "access-control-allow-credentials: true",
            "access-control-allow-methods: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
            "access-control-allow-headers: Content-Type, authorization",
            "access-control-max-age: 600",
            vary,
        ]
    );
    assert_eq!(
        lines(&preflight("/open/x", "https://anybody.example", "GET", "")),
        [
            "access-control-allow-origin: *",
            "access-control-allow-methods: GET",
            "access-control-max-age: 5",
            vary
        ]
    );
}

#[test]
fn brr_08_scripts_of_allowed_sites_can_read_answers_and_refusals() {
    let gate = gate();
    let text = format!("Bearer {}", Token::live().text());
    let lines = |cors: Option<&CorsHeaders>| -> Vec<String> {
        cors.into_iter().flat_map(CorsHeaders::lines).map(|(n, v)| format!("{n}: {v}")).collect()
    };
    let said = |path, origin, authorization| {
        let asked = from(facts("GET", path, authorization, None), origin);
        match gate.decided(&asked) {
            Verdict::Forward(permit) => {
                let after = lines(permit.cors());
                assert_eq!(lines(permit.refuse(Code::UpstreamUnreachable).cors()), after);
                (200, after)
            }
            Verdict::Refuse(refusal) => (refusal.code().status(), lines(refusal.cors())),
            other => panic!("{other:?}"),
        }
    };
    let allowed = vec![
        String::from("access-control-allow-origin: https://shop.example"),
        String::from("access-control-allow-credentials: true"),
        String::from("access-control-expose-headers: x-page"),
        String::from("vary: Origin"),
    ];
    let varies = vec![String::from("vary: Origin")];
    assert_eq!(said("/api/x", SHOP, None), (401, allowed.clone()));
    assert_eq!(said("/api/x", SHOP, Some("Bearer x")), (401, allowed.clone()));
    assert_eq!(said("/api/x", SHOP, Some(&text)), (200, allowed));
    assert_eq!(said("/api/x", "https://evil.example", None), (401, varies.clone()));
    assert_eq!(said("/api/x", "https://evil.example", Some(&text)), (200, varies));
    let all = vec![String::from("access-control-allow-origin: *")];
    assert_eq!(said("/open/x", SHOP, None), (200, all));
    assert_eq!(said("/own/x", SHOP, None), (200, vec![]));
    assert_eq!(said("/x", SHOP, None), (401, vec![]));
}

#[test]
fn cks_04_a_site_that_may_send_cookies_may_change_state_by_them() {
    let gate = gate();
    let cookie = format!("__Host-at={}", Token::live().text());
    for (path, method, origin, expected) in [
        ("/api/x", "POST", SHOP, "signature, forward"),
        ("/api/x", "POST", "https://evil.example", "signature, cross_site"),
        ("/api/x", "POST", "null", "signature, cross_site"),
        ("/plain/x", "POST", SHOP, "signature, cross_site"),
        ("/x", "POST", SHOP, "signature, cross_site"),
        ("/api/x", "GET", "https://evil.example", "signature, forward"),
    ] {
        let asked = from(facts(method, path, None, Some(&cookie)), origin);
        assert_eq!(gate.ask(&asked, true, Ok(false)), expected, "{method} {path} {origin}");
    }
}
