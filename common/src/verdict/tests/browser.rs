//! Where a browser is sent in place of 401.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn location(gate: &Gate, facts: &Facts<'_>) -> Option<(String, String)> {
    match gate.decided(facts) {
        Verdict::Refuse(refusal) => {
            refusal.login().map(|login| (login.location().into(), login.cookie().into()))
        }
        verdict => panic!("{verdict:?}"),
    }
}

fn page<'a>(target: &'a str, cookie: Option<&'a str>) -> Facts<'a> {
    let path = target.split('?').next().unwrap();
    let (fetch_mode, fetch_dest) = (Some("navigate"), Some("document"));
    Facts { target, fetch_mode, fetch_dest, ..facts("GET", path, None, cookie) }
}

#[test]
fn a_page_load_is_sent_to_sign_in_and_back() {
    let gate = Gate::new(head(0, &[], None));
    for (target, expected) in [
        ("/x", "/auth/login?return_to=/x"),
        ("/x?a=1&b=/c#d", "/auth/login?return_to=/x%3Fa%3D1%26b%3D/c%23d"),
        ("/x?u=https://evil.example//", "/auth/login?return_to=/x%3Fu%3Dhttps%3A//evil.example//"),
        ("/a%20b", "/auth/login?return_to=/a%2520b"),
    ] {
        assert_eq!(location(&gate, &page(target, None)).unwrap().0, expected);
    }
    let long = format!("/x?{}", "a".repeat(3_000));
    assert_eq!(location(&gate, &page(&long, None)).unwrap().0, "/auth/login");
}

#[test]
fn nothing_but_a_page_load_without_a_good_token_is_sent_anywhere() {
    let gate = Gate::new(head(0, &[], None));
    let none = |facts: Facts<'_>| assert_eq!(location(&gate, &facts), None, "{facts:?}");
    none(Facts { fetch_mode: Some("cors"), ..page("/x", None) });
    none(Facts { fetch_mode: None, ..page("/x", None) });
    none(Facts { fetch_dest: Some("iframe"), ..page("/x", None) });
    none(Facts { method: "POST", ..page("/x", None) });
    // 403: signing in again would not help.
    let cookie = format!("__Host-at={}", Token::live().text());
    none(page("/admin/x", Some(&cookie)));
}

#[test]
fn a_loop_is_ended_by_the_refusal_itself() {
    let gate = Gate::new(head(0, &[], None));
    let mut cookie = String::new();
    for _ in 0..3 {
        let (_, set) = location(&gate, &page("/x", Some(&cookie))).unwrap();
        assert!(set.ends_with("; Max-Age=20; Path=/; Secure; HttpOnly; SameSite=Lax"), "{set}");
        cookie = set.split(';').next().unwrap().into();
    }
    assert_eq!(location(&gate, &page("/x?again", Some(&cookie))), None);
    // Another tab is not in that loop.
    assert!(location(&gate, &page("/y", Some(&cookie))).is_some());
    for odd in ["256.1.0", "-1", "x", "9", "9.9", "9..", "9.9.9.9"] {
        let cookie = format!("__Host-login-tries={odd}");
        assert!(location(&gate, &page("/x", Some(&cookie))).is_some(), "{odd}");
    }
}

#[test]
fn a_loop_over_several_paths_ends_too_but_not_for_a_handful_of_tabs() {
    let gate = Gate::new(head(0, &[], None));
    let mut cookie = String::new();
    let mut sent = 0;
    while let Some((_, set)) = location(&gate, &page(["/x", "/y"][sent % 2], Some(&cookie))) {
        sent += 1;
        cookie = set.split(';').next().unwrap().into();
        assert!(sent < 100);
    }
    assert!((10..20).contains(&sent), "{sent}");
}
