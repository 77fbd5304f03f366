//! When a request is refreshed for, and what is said when that brings nothing.

use super::*;
use crate::token::refresh;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The refresh token of a session, as the origin writes it.
fn refresh_of(sid: SessionId) -> String {
    let claims = refresh::RefreshClaims {
        iss: OWN,
        aud: OWN,
        sub: &"user-1".parse().unwrap(),
        sid,
        generation: 3,
        jti: TokenId::new(Uuid::from_u128(9)),
        iat: UnixSeconds::new(NOW - 700),
        exp: UnixSeconds::new(NOW + 7_000),
    };
    join(signing_input(&refresh::header(), &claims).unwrap(), &[7; 32])
}

fn same_origin(facts: Facts<'_>) -> Facts<'_> {
    let provenance = Provenance { sec_fetch_site: Some("same-origin"), origin: None };
    Facts { provenance, ..facts }
}

fn page_load<'a>(facts: Facts<'a>, site: &'a str) -> Facts<'a> {
    let provenance = Provenance { sec_fetch_site: Some(site), origin: None };
    let (fetch_mode, fetch_dest) = (Some("navigate"), Some("document"));
    Facts { provenance, fetch_mode, fetch_dest, ..facts }
}

#[test]
fn an_own_request_or_a_page_load_is_refreshed_for_and_nothing_else() {
    let gate = Gate::new(head(0, &[], None));
    let over = Token { life_left: -40, ..Token::live() };
    let live = Token::live();
    let refresh = refresh_of(over.sid);
    let alone = format!("__Host-rt={refresh}");
    let with_old = format!("__Host-at={}; __Host-rt={refresh}", over.text());
    let with_good = format!("__Host-at={}; __Host-rt={refresh}", live.text());
    let ask = |facts: Facts<'_>| gate.ask(&facts, true, Ok(false));
    for cookie in [&alone, &with_old] {
        let get = facts("GET", "/x", None, Some(cookie));
        let post = facts("POST", "/x", None, Some(cookie));
        let code = if cookie == &alone { "token_missing" } else { "token_expired" };
        for (facts, refreshed) in [
            (same_origin(get), true),
            (same_origin(post), true),
            (page_load(get, "none"), true),
            (page_load(get, "cross-site"), true),
            // A form that another site posts, and what it embeds or fetches.
            (page_load(post, "cross-site"), false),
            (Facts { fetch_dest: Some("iframe"), ..page_load(get, "cross-site") }, false),
            (Facts { fetch_mode: Some("no-cors"), ..page_load(get, "same-site") }, false),
            // Nobody says where it comes from.
            (get, false),
            (post, false),
        ] {
            let expected = if refreshed { format!("refresh, {code}") } else { code.into() };
            assert_eq!(ask(facts), expected, "{facts:?}");
        }
    }
    assert_eq!(ask(same_origin(facts("GET", "/x", None, Some(&with_good)))), "signature, forward");
    assert_eq!(ask(same_origin(facts("GET", "/public/x", None, Some(&alone)))), "forward unnamed");
    for garbage in ["__Host-rt=", "__Host-rt=x", "__Host-rt=x.y.z"] {
        assert_eq!(ask(same_origin(facts("GET", "/x", None, Some(garbage)))), "token_missing");
    }
}

#[test]
fn a_bearer_token_is_refreshed_for_by_the_cookie_of_its_own_session_only() {
    let gate = Gate::new(head(0, &[], None));
    let over = Token { life_left: -40, ..Token::live() };
    let bearer = format!("Bearer {}", over.text());
    let of = |sid| format!("__Host-rt={}", refresh_of(sid));
    let ask = |bearer: &str, cookie: &str| {
        gate.ask(&same_origin(facts("GET", "/x", Some(bearer), Some(cookie))), true, Ok(false))
    };
    assert_eq!(ask(&bearer, &of(over.sid)), "refresh, token_expired");
    assert_eq!(ask(&bearer, &of(session(100, 2))), "token_expired");
    assert_eq!(ask(&bearer, "__Host-rt=x"), "token_expired");
    assert_eq!(ask("Bearer x.y.z", &of(over.sid)), "token_invalid");
}

#[test]
fn what_the_refresh_brought_is_judged_like_any_token() {
    let gate = Gate::new(head(0, &[], None));
    let (over, new) = (Token { life_left: -40, ..Token::live() }, Token::live());
    let cookie = format!("__Host-at={}; __Host-rt={}", over.text(), refresh_of(over.sid));
    let new = new.text();
    for (method, path, expected) in [
        ("GET", "/x", "signature, forward"),
        ("POST", "/x", "signature, forward"),
        ("GET", "/admin/x", "signature, role_required"),
    ] {
        let facts = same_origin(facts(method, path, None, Some(&cookie)));
        let facts = Facts { renewed: Some(&new), ..facts };
        assert_eq!(gate.ask(&facts, true, Ok(false)), expected);
        assert_eq!(gate.ask(&facts, false, Ok(false)), "signature, token_invalid");
    }
    // Never twice for one request.
    let over = over.text();
    let facts = same_origin(facts("GET", "/x", None, Some(&cookie)));
    let facts = Facts { renewed: Some(&over), ..facts };
    assert_eq!(gate.ask(&facts, true, Ok(false)), "token_expired");
}

#[test]
fn the_end_of_a_session_is_told_and_our_outage_is_not_one() {
    let cookie = format!("__Host-rt={}", refresh_of(session(100, 1)));
    let facts = same_origin(facts("GET", "/x", None, Some(&cookie)));
    let gate = Gate::new(head(0, &[], None));
    let told = gate.settle(&facts, true, Ok(false), &mut String::new());
    assert!(matches!(told, Verdict::Refuse(refusal) if refusal.has_ended()));
    assert_eq!(gate.ask(&facts, true, Err(OriginSilent)), "refresh, origin_unreachable");
    // What cannot be judged is not asked for: the rotation would be lost.
    let blind = Gate { head: None, ..Gate::new(head(0, &[], None)) };
    assert_eq!(blind.ask(&facts, true, Ok(false)), "keys_unknown");
    let stale = Gate::new(head(901, &[], None));
    assert_eq!(stale.ask(&facts, true, Ok(false)), "revocations_unknown");
}

#[test]
fn only_a_session_that_is_revoked_whole_is_over() {
    let token = Token::live();
    let cookie = format!("__Host-at={}", token.text());
    let bearer = format!("Bearer {}", token.text());
    for (revoked, by_cookie) in [(token.sid.uuid(), true), (token.jti.uuid(), false)] {
        let gate = Gate::new(head(0, &[revoked], None));
        for (authorization, cookie, expected) in
            [(None, Some(cookie.as_str()), by_cookie), (Some(bearer.as_str()), None, false)]
        {
            let facts = same_origin(facts("GET", "/x", authorization, cookie));
            let Verdict::Refuse(refusal) = gate.decided(&facts) else { panic!("let in") };
            assert_eq!((refusal.code(), refusal.has_ended()), (Code::TokenRevoked, expected));
        }
    }
}

#[test]
fn a_token_revoked_by_itself_is_refreshed_for() {
    let token = Token::live();
    let text = token.text();
    let refresh = refresh_of(token.sid);
    let (both, alone) =
        (format!("__Host-at={text}; __Host-rt={refresh}"), format!("__Host-rt={refresh}"));
    let bearer = format!("Bearer {text}");
    let gate = Gate::new(head(0, &[token.jti.uuid()], None));
    for (authorization, cookie, expected) in [
        (None, &both, "signature, refresh, token_revoked"),
        (Some(bearer.as_str()), &alone, "signature, token_revoked"),
    ] {
        let facts = same_origin(facts("GET", "/x", authorization, Some(cookie)));
        assert_eq!(gate.ask(&facts, true, Ok(false)), expected);
    }
    // Of a session that is known to be over nobody is asked.
    let gate = Gate::new(head(0, &[token.sid.uuid()], None));
    let facts = same_origin(facts("GET", "/x", None, Some(&both)));
    assert_eq!(gate.ask(&facts, true, Ok(false)), "signature, token_revoked");
}
