//! What is refused before any rule is looked at.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn get(path: &str) -> Facts<'_> {
    facts("GET", path, None, None)
}

fn said(facts: &Facts<'_>) -> String {
    Gate::new(head(0, &[], None)).ask(facts, true, Ok(false))
}

#[test]
fn pth_07_odd_methods_go_by_the_rule_and_some_by_none() {
    for (method, path, expected) in [
        ("PROPFIND", "/public/x", "forward unnamed"),
        ("propfind", "/x", "token_missing"),
        ("HEAD", "/x", "token_missing"),
        ("OPTIONS", "/x", "token_missing"),
        ("get", "/public/x", "method_refused"),
        ("Post", "/public/x", "method_refused"),
        ("GET ", "/public/x", "method_refused"),
        ("", "/public/x", "method_refused"),
        ("trace", "/auth/me", "method_refused"),
    ] {
        assert_eq!(said(&Facts { method, ..get(path) }), expected, "{method} {path}");
    }
}

#[test]
fn pth_09_only_websocket_is_another_protocol() {
    for (method, upgrade, expected) in [
        ("GET", "websocket", "forward unnamed"),
        ("GET", "WebSocket", "forward unnamed"),
        ("POST", "websocket", "upgrade_refused"),
        ("GET", "h2c", "upgrade_refused"),
        ("GET", "websocket, h2c", "upgrade_refused"),
        ("GET", "TLS/1.0", "upgrade_refused"),
        ("GET", "", "upgrade_refused"),
    ] {
        let facts = Facts { method, upgrade: Some(upgrade), ..get("/public/x") };
        assert_eq!(said(&facts), expected, "{method} {upgrade}");
    }
}

#[test]
fn pth_12_a_host_with_two_readings_is_refused() {
    for (own_origin, expected) in [
        ("https://APP.example.:443", "forward unnamed"),
        ("https://u@app.example", "host_invalid"),
        ("https://", "host_invalid"),
        ("https://a..b", "host_invalid"),
        ("*", "host_invalid"),
        ("", "host_invalid"),
    ] {
        assert_eq!(said(&Facts { own_origin, ..get("/public/x") }), expected, "{own_origin}");
    }
}
