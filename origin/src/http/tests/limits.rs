//! How often something may be tried.

use super::letters::Post;
use super::pages::{is_page, send};
use super::*;
use crate::port::{Email, Event, Kind, Wanted};

const TIGHT: [(&str, &str); 3] = [
    ("PORTCULLIS__LIMITS__ACCOUNT", "3"),
    ("PORTCULLIS__LIMITS__SIGN_IN", "5/1h"),
    ("PORTCULLIS__LIMITS__REGISTER", "4/1h"),
];

/// Tries to sign in from an address, by an edge's word.
async fn from(origin: &Origin, address: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password, "delivery": "body" });
    let edge = [("x-portcullis-edge", EDGE_SECRET), ("x-portcullis-client-ip", address)];
    origin.post("/auth/login", body, &edge).await
}

/// The events of a kind.
pub(super) async fn trail(origin: &Origin, kind: Kind) -> Vec<Event> {
    origin.services.admin.trail.settled().await;
    let wanted = Wanted { kind: Some(kind), limit: 100, ..Wanted::default() };
    let events = origin.services.admin.trail.events(&wanted).await.unwrap().events;
    events.into_iter().map(|recorded| recorded.event).collect()
}

fn waits(answer: &Answer) -> u64 {
    answer.expect(429, "rate_limited");
    answer.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn pwd_06_a_hundred_addresses_guess_no_more_than_one_and_the_owner_gets_in() {
    let origin = Origin::with(&TIGHT).await;
    origin.sign_in("a@b.co").await;
    let home = "192.0.2.1";
    assert_eq!(from(&origin, home, "a@b.co", PASSWORD).await.status, 200);
    for (email, known) in [("a@b.co", true), ("nobody@b.co", false)] {
        let mut wrong = 0;
        for n in 0..100 {
            let address = format!("198.51.100.{n}");
            let answer = from(&origin, &address, email, "a wrong password").await;
            match answer.status.as_u16() {
                401 => wrong += 1,
                _ => assert!(waits(&answer) <= 60),
            }
        }
        // One more whenever a wait was over meanwhile.
        assert!((3..12).contains(&wrong), "{wrong} of a hundred were tried on {email}");
        let right = from(&origin, "203.0.113.9", email, PASSWORD).await;
        assert_eq!(right.status, 429, "a stranger, whatever the password");
        let owner = from(&origin, home, email, PASSWORD).await;
        assert_eq!(owner.status, if known { 200 } else { 429 });
    }
}

#[tokio::test]
async fn pwd_06_a_reset_lets_the_owner_in_at_once_where_it_was_done() {
    let post = Post::start(&[("PORTCULLIS__LIMITS__ACCOUNT", "3")]).await;
    let origin = &post.origin;
    origin.sign_in("a@b.co").await;
    let (home, elsewhere) = ("192.0.2.1", "198.51.100.1");
    assert_eq!(from(origin, home, "a@b.co", PASSWORD).await.status, 200);
    let lock = async || {
        for address in [home, elsewhere] {
            while from(origin, address, "a@b.co", "a wrong password").await.status != 429 {}
        }
    };
    lock().await;
    assert_eq!(from(origin, home, "a@b.co", PASSWORD).await.status, 429);
    let forgot = json!({ "email": "a@b.co" });
    assert_eq!(origin.post("/auth/password/forgot", forgot, &[]).await.status, 202);
    let (chosen, token) = ("another good one, longer", post.token(1).await);
    let edge = [("x-portcullis-edge", EDGE_SECRET), ("x-portcullis-client-ip", home)];
    let body = json!({ "token": token, "password": chosen });
    assert_eq!(origin.post("/auth/password/reset", body, &edge).await.status, 204);
    // Even if strangers go on at once: this place is the owner's.
    while from(origin, elsewhere, "a@b.co", "a wrong password").await.status != 429 {}
    assert_eq!(from(origin, home, "a@b.co", chosen).await.status, 200);
}

#[tokio::test]
async fn pwd_06_one_address_tries_few_accounts_and_needs_an_edges_word_to_be_another() {
    let origin = Origin::with(&TIGHT).await;
    for n in 0..5 {
        let answer = from(&origin, "2001:db8::1", &format!("u{n}@b.co"), "a wrong password").await;
        answer.expect(401, "credentials_invalid");
    }
    // Another address of the same household.
    let answer = from(&origin, "2001:db8::ffff", "u9@b.co", "a wrong password").await;
    assert!(waits(&answer) > 600);
    let answer = from(&origin, "2001:db8:0:1::1", "u9@b.co", "a wrong password").await;
    answer.expect(401, "credentials_invalid");

    let body = json!({ "email": "x@b.co", "password": "a wrong password" });
    let mut refused = 0;
    for n in 0..8 {
        let address = format!("192.0.2.{n}");
        let forged = [("x-portcullis-edge", "no secret"), ("x-portcullis-client-ip", &*address)];
        refused += u32::from(
            origin.post("/auth/login", body.clone(), &forged).await.status
                == StatusCode::TOO_MANY_REQUESTS,
        );
    }
    assert!(refused >= 3, "{refused}");
}

#[tokio::test]
async fn rev_17_an_account_begins_so_many_sessions_and_another_one_is_free() {
    let origin = Origin::with(&[("PORTCULLIS__LIMITS__SESSIONS", "4/1h")]).await;
    origin.sign_in("b@b.co").await;
    // Signs in once itself.
    origin.sign_in("a@b.co").await;
    for n in 0..3 {
        let begun = from(&origin, &format!("192.0.2.{n}"), "a@b.co", PASSWORD).await;
        assert_eq!(begun.status, 200, "{}", begun.text);
        // To end it makes no room.
        let bearer = begun.bearer();
        let out = origin.post("/auth/logout", json!({}), &[("authorization", &bearer)]).await;
        assert_eq!(out.status, 204);
    }
    let wait = waits(&from(&origin, "192.0.2.9", "a@b.co", PASSWORD).await);
    assert!((600..=901).contains(&wait), "{wait}");
    let fields = [("email", "a@b.co"), ("password", PASSWORD)];
    is_page(&send(&origin, "/auth/login", &fields).await, 429);
    // Who knows the password is taken for no guesser meanwhile.
    from(&origin, "192.0.2.9", "a@b.co", "a wrong password")
        .await
        .expect(401, "credentials_invalid");
    assert_eq!(from(&origin, "192.0.2.9", "b@b.co", PASSWORD).await.status, 200);
    let events = trail(&origin, Kind::SignInRefused).await;
    let why = |event: &Event| (event.detail.method.clone(), event.detail.why.clone());
    let over = (Some(String::from("password")), Some(String::from("sessions")));
    assert_eq!(events.iter().filter(|event| why(event) == over).count(), 2, "{events:?}");
    let sessions = &origin.services.profiles.sessions;
    let accounts = &origin.services.profiles.accounts;
    let account = accounts.by_email(&Email::parse("a@b.co").unwrap()).await.unwrap().unwrap();
    assert_eq!(sessions.of(&account.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn rev_17_a_reset_lets_the_owner_in_whom_others_signed_in_too_often() {
    let post = Post::start(&[("PORTCULLIS__LIMITS__SESSIONS", "2/1h")]).await;
    let origin = &post.origin;
    origin.sign_in("a@b.co").await;
    assert_eq!(from(origin, "192.0.2.1", "a@b.co", PASSWORD).await.status, 200);
    waits(&from(origin, "192.0.2.1", "a@b.co", PASSWORD).await);
    let forgot = json!({ "email": "a@b.co" });
    assert_eq!(origin.post("/auth/password/forgot", forgot, &[]).await.status, 202);
    let (chosen, token) = ("another good one, longer", post.token(1).await);
    let body = json!({ "token": token, "password": chosen });
    assert_eq!(origin.post("/auth/password/reset", body, &[]).await.status, 204);
    for _ in 0..2 {
        assert_eq!(from(origin, "192.0.2.1", "a@b.co", chosen).await.status, 200);
    }
    waits(&from(origin, "192.0.2.1", "a@b.co", chosen).await);
}

#[tokio::test]
async fn accounts_are_made_so_often_and_a_page_says_it_in_words() {
    let origin = Origin::with(&TIGHT).await;
    for n in 0..4 {
        let body = json!({ "email": format!("u{n}@b.co"), "password": PASSWORD });
        assert_eq!(origin.post("/auth/register", body, &[]).await.status, 201);
    }
    let body = json!({ "email": "u9@b.co", "password": PASSWORD });
    assert!(waits(&origin.post("/auth/register", body, &[]).await) > 600);
    let fields = [("email", "u9@b.co"), ("password", PASSWORD)];
    let page = send(&origin, "/auth/register", &fields).await;
    is_page(&page, 429);
    assert!(page.text.contains("Too many tries.") && page.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_store_that_does_not_answer_lets_nobody_try() {
    let origin = Origin::with(&TIGHT).await;
    origin.sign_in("a@b.co").await;
    origin.sql("sessions.db", "ALTER TABLE failures RENAME TO away").await;
    from(&origin, "192.0.2.1", "a@b.co", PASSWORD).await.expect(503, "store_unavailable");
}
