//! Which sign-ins elsewhere show who is there, so that a login can be linked by them.

use super::super::limits::trail;
use super::super::pages::send;
use super::linking::{OWN, ask};
use super::*;
use crate::port::Kind;

const TELLS: [&str; 3] = ["sub", "email", "auth_time"];
const TELLS_NOT: [&str; 2] = ["sub", "email"];

/// Signs in by the provider; the cookie of the session.
async fn signed_in(origin: &Origin, upstream: &Upstream) -> String {
    let answer = go(origin, upstream).await;
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.text);
    format!("__Host-at={}", answer.cookie("__Host-at"))
}

fn manner(auth_time: &Value, lists: &Value) -> Manner {
    Manner {
        claims: json!({"auth_time": auth_time}),
        metadata: json!({"claims_supported": lists}),
        ..Manner::default()
    }
}

#[tokio::test]
async fn a_sign_in_elsewhere_is_a_proof_by_the_time_that_the_provider_tells() {
    let upstream = Upstream::start().await;
    let (now, old) = (json!(from_now(-30)), json!(from_now(-660)));
    for (auth_time, lists, has_password, is_proof) in [
        (&now, json!(TELLS), true, true),
        (&now, json!(null), true, true),
        (&now, json!(TELLS_NOT), true, true),
        (&old, json!(TELLS), true, false),
        (&old, json!(TELLS_NOT), false, false),
        (&json!(from_now(600)), json!(TELLS), false, false),
        (&json!(from_now(-30).to_string()), json!(TELLS), false, false),
        (&json!(-30), json!(TELLS), false, false),
        (&json!(from_now(-30).to_string()), json!(TELLS_NOT), false, false),
        (&json!(-30), json!(TELLS_NOT), false, false),
        (&json!(true), json!(TELLS_NOT), false, false),
        (&json!(null), json!(TELLS), false, false),
        (&json!(null), json!(null), false, false),
        // It never tells: the password is wanted of whoever has one.
        (&json!(null), json!(TELLS_NOT), true, false),
        (&json!(null), json!(TELLS_NOT), false, true),
    ] {
        let case = format!("{auth_time} {lists} {has_password}");
        upstream.set(manner(auth_time, &lists));
        let origin = origin_of(&upstream).await;
        if has_password {
            origin.sign_in("ada@example.com").await;
            origin.sql("accounts.db", "UPDATE account SET email_verified = 1").await;
        }
        let cookie = signed_in(&origin, &upstream).await;
        let asked = ask(&origin, &cookie, &[OWN]).await;
        assert_eq!(asked.status.as_u16(), if is_proof { 200 } else { 403 }, "{case}");

        // Nor does an attempt that somebody writes themselves get further.
        let sessions = origin.get("/auth/sessions", &[("cookie", &cookie)]).await.json();
        let current = |session: &&Value| session["current"] == true;
        let sid = sessions["sessions"].as_array().unwrap().iter().find(current).unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let departed = depart(&origin, "/auth/oauth/idp").await;
        departed.visit(&upstream);
        let attempt = departed.cookie.replace(".browser.", &format!(".{sid}."));
        let answer = arrive(&origin, &format!("{attempt}; {cookie}"), &departed.brings()).await;
        assert_eq!(answer.status.as_u16(), if is_proof { 303 } else { 403 }, "{case}");
    }
}

#[tokio::test]
async fn who_is_to_prove_it_is_sent_to_be_asked() {
    let upstream = Upstream::start().await;
    for (lists, prompt, max_age) in
        [(json!(TELLS), Some("login"), "600"), (json!(TELLS_NOT), None, "600")]
    {
        upstream.set(manner(&json!(from_now(-660)), &lists));
        let origin = origin_of(&upstream).await;
        let cookie = signed_in(&origin, &upstream).await;
        let told = ask(&origin, &cookie, &[OWN]).await;
        let page = "/auth/login?return_to=%2Fauth%2Faccount&afresh=true";
        assert!(told.text.contains(&page.replace('&', "&amp;")), "{}", told.text);
        let page = origin.get(page, &[]).await;
        let way = "/auth/oauth/idp?return_to=%2Fauth%2Faccount&afresh=true";
        for way in [String::from(way), format!("{way}&remember=true")] {
            let link = format!("href=\"{}\"", way.replace('&', "&amp;"));
            assert!(page.text.contains(&link), "{}", page.text);
            let asked = depart(&origin, &way).await.asked;
            assert_eq!(asked.get("prompt").map(String::as_str), prompt);
            assert_eq!(asked.get("max_age").map(String::as_str), Some(max_age));
        }
        // Nor is that forgotten after a password that does not fit, or when nothing comes of it there.
        let fields = [
            ("email", "ada@example.com"),
            ("password", "a wrong password"),
            ("return_to", "/auth/account"),
            ("afresh", "true"),
        ];
        let again = send(&origin, "/auth/login", &fields).await;
        for page in [&page.text, &again.text] {
            assert!(page.contains(r#"name="afresh" value="true""#), "{page}");
            assert!(page.contains(&way.replace('&', "&amp;")), "{page}");
        }
        let departed = depart(&origin, way).await;
        let cancelled =
            [("error", String::from("access_denied")), ("state", departed.asked["state"].clone())];
        let page = arrive(&origin, &departed.cookie, &cancelled).await;
        let back = "/auth/login?return_to=%2Fauth%2Faccount&amp;afresh=true";
        assert!(page.text.contains(back), "{}", page.text);
        // Nobody is asked twice a day for nothing.
        let asked = depart(&origin, "/auth/oauth/idp").await.asked;
        assert!(!asked.contains_key("prompt") && !asked.contains_key("max_age"));
    }
}

#[tokio::test]
async fn a_sign_in_that_cannot_be_marked_as_no_proof_begins_no_session_and_ends_none() {
    let upstream = Upstream::start().await;
    upstream.set(manner(&json!(null), &json!(TELLS)));
    let origin = origin_of(&upstream).await;
    signed_in(&origin, &upstream).await;
    let ada = accounts(&origin).await.remove(0);
    let before = origin.sign_in("eve@example.com").await;
    let refuse = "CREATE TRIGGER no BEFORE INSERT ON spent_state WHEN NEW.state LIKE 'session:%' \
                  BEGIN SELECT RAISE(ABORT, 'no'); END";
    origin.sql("accounts.db", refuse).await;
    let answer = origin.get("/auth/oauth/idp", &[OWN]).await;
    let departed = departed(&answer, answer.header("location"));
    departed.visit(&upstream);
    let cookies = format!("{}; __Host-rt={}", departed.cookie, before.member("refresh_token"));
    let answer = arrive(&origin, &cookies, &departed.brings()).await;
    assert_eq!(answer.status.as_u16(), 503, "{}", answer.text);
    let me = origin.get("/auth/me", &[("authorization", &before.bearer())]).await;
    assert_eq!(me.status.as_u16(), 200, "{}", me.text);
    assert_eq!(origin.services.profiles.sessions.of(&ada.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn rev_17_a_login_elsewhere_that_begins_too_many_sessions_is_in_the_audit_log() {
    let upstream = Upstream::start().await;
    let origin = origin_with(&upstream, &[("PORTCULLIS__LIMITS__SESSIONS", "1/1h")]).await;
    signed_in(&origin, &upstream).await;
    assert_eq!(go(&origin, &upstream).await.status.as_u16(), 429);
    let refused = trail(&origin, Kind::SignInRefused).await;
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].subject, Some(accounts(&origin).await.remove(0).id));
    let detail = &refused[0].detail;
    assert_eq!((detail.method.as_deref(), detail.why.as_deref()), (Some("idp"), Some("sessions")));
}
