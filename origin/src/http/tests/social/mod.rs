//! Signing in by a login elsewhere, against a provider of our own that does whatever is wrong.

mod hijack;
mod linking;
mod presets;
mod proofs;
mod refusals;
mod upstream;

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::*;
use crate::port::Account;
use upstream::{CLIENT, Manner, Mood, SECRET, Signed, Upstream, from_now};

const COOKIE: &str = "__Host-at-sign-in";

/// An origin that knows the provider as `idp`.
async fn origin_of(upstream: &Upstream) -> Origin {
    origin_with(upstream, &[]).await
}

async fn origin_with(upstream: &Upstream, more: &[(&str, &str)]) -> Origin {
    Origin::with(&[&settings(&upstream.issuer()), more].concat()).await
}

fn settings(issuer: &str) -> [(&str, &str); 4] {
    [
        ("PORTCULLIS__OAUTH__IDP__ISSUER", issuer),
        ("PORTCULLIS__OAUTH__IDP__CLIENT_ID", CLIENT),
        ("PORTCULLIS__OAUTH__IDP__CLIENT_SECRET", SECRET),
        ("PORTCULLIS__OAUTH__IDP__LABEL", "The Provider"),
    ]
}

/// A browser on its way: where it was sent, and what it keeps.
struct Departed {
    asked: HashMap<String, String>,
    location: Url,
    cookie: String,
}

async fn depart(origin: &Origin, path: &str) -> Departed {
    let answer = origin.get(path, &[]).await;
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.text);
    assert!(answer.text.is_empty());
    departed(&answer, answer.header("location"))
}

fn departed(answer: &Answer, location: &str) -> Departed {
    let location = Url::parse(location).unwrap();
    let asked = location.query_pairs().into_owned().collect();
    let cookie = format!("{COOKIE}={}", answer.cookie(COOKIE));
    Departed { asked, location, cookie }
}

impl Departed {
    /// What it brings back when all is well.
    fn brings(&self) -> Vec<(&'static str, String)> {
        vec![("code", String::from("the-code")), ("state", self.asked["state"].clone())]
    }

    fn visit(&self, upstream: &Upstream) {
        let nonce = self.asked.get("nonce").map_or("", |nonce| nonce);
        upstream.visited(nonce, &self.asked["code_challenge"]);
    }
}

async fn arrive(origin: &Origin, cookie: &str, brings: &[(&str, String)]) -> Answer {
    let query = serde_urlencoded::to_string(brings).unwrap();
    // As a browser that another site sent.
    let headers = [("cookie", cookie), ("sec-fetch-site", "cross-site")];
    origin.get(&format!("/auth/oauth/idp/callback?{query}"), &headers).await
}

/// All the way.
async fn go(origin: &Origin, upstream: &Upstream) -> Answer {
    let departed = depart(origin, "/auth/oauth/idp?return_to=/orders%3Fa%3D1").await;
    departed.visit(upstream);
    arrive(origin, &departed.cookie, &departed.brings()).await
}

async fn accounts(origin: &Origin) -> Vec<Account> {
    origin.services.profiles.accounts.after("", 100).await.unwrap()
}

/// Nothing came of it: a page that says so, no session, and no account.
async fn is_refused(origin: &Origin, answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.text.contains(words), "{words}: {}", answer.text);
    assert!(answer.cookies().iter().all(|cookie| cookie.starts_with(&format!("{COOKIE}=;"))));
    assert!(accounts(origin).await.is_empty());
}

#[tokio::test]
async fn oid_05_19_20_all_the_way_there_and_back() {
    let upstream = Upstream::start().await;
    let origin = origin_of(&upstream).await;
    let departed = depart(&origin, "/auth/oauth/idp?return_to=/orders%3Fa%3D1").await;
    // What the provider's own address holds stays.
    assert!(departed.location.as_str().starts_with(&format!("{}/authorize?kept=1&", upstream.url)));
    let asked = |name: &str| departed.asked[name].as_str();
    assert_eq!(asked("response_type"), "code");
    assert_eq!(asked("client_id"), CLIENT);
    assert_eq!(asked("redirect_uri"), "http://localhost:8787/auth/oauth/idp/callback");
    assert_eq!(asked("scope"), "openid email profile");
    assert_eq!((asked("code_challenge_method"), asked("code_challenge").len()), ("S256", 43));
    assert!(asked("state").len() >= 43 && asked("nonce").len() >= 43);

    departed.visit(&upstream);
    let answer = arrive(&origin, &departed.cookie, &departed.brings()).await;
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.text);
    assert_eq!(answer.header("location"), "/orders?a=1");
    let verifier = upstream.field("code_verifier").unwrap();
    assert!((43..=128).contains(&verifier.len()));
    // RFC 6749 §2.3.1: both are encoded before they are joined.
    let proof = upstream.form.lock().unwrap().1.clone();
    let pair = format!("{CLIENT}:client+secret+of+%25%26%2B%3Aletters");
    let pair = STANDARD.encode(pair);
    assert_eq!(proof, format!("Basic {pair}"));
    assert_eq!(upstream.field("client_secret"), None);

    // Both cookies, as for any sign-in; that of the attempt is gone.
    let cookies = answer.cookies();
    assert_eq!(cookies.len(), 3);
    for cookie in cookies {
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
        assert!(cookie.len() <= 4096);
    }
    assert_eq!(answer.cookie(COOKIE), "");
    let cookie = format!("__Host-at={}", answer.cookie("__Host-at"));
    let me = origin.get("/auth/me", &[("cookie", &cookie)]).await.json();
    assert_eq!(me["user"]["email"], "ada@example.com");
    assert_eq!(me["user"]["email_verified"], true);
    assert_eq!(me["user"]["name"], "Ada");
    assert_eq!(me["logins"][0]["provider"], "idp");
    assert_eq!(me["logins"].as_array().unwrap().len(), 1);

    // OID-20: nothing of the provider's tokens is kept.
    for entry in std::fs::read_dir(origin.state.path().join("state")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            for token in ["an-access-token", "a-refresh-token", "the-code"] {
                let holds = bytes.windows(token.len()).any(|part| part == token.as_bytes());
                assert!(!holds, "{} holds {token}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn the_page_to_sign_in_at_shows_the_ways_in_both_languages() {
    let upstream = Upstream::start().await;
    let more = [
        ("PORTCULLIS__OAUTH__KAKAO__PRESET", "kakao"),
        ("PORTCULLIS__OAUTH__KAKAO__CLIENT_ID", "x"),
        ("PORTCULLIS__OAUTH__KAKAO__CLIENT_SECRET", "y"),
    ];
    let origin = origin_with(&upstream, &more).await;
    for (language, words) in [("en", "Sign in with Kakao"), ("ko", "카카오 계정으로 로그인")]
    {
        let asked = "/auth/login?return_to=/orders";
        let page = origin.get(asked, &[("accept-language", language)]).await;
        let way = "href=\"/auth/oauth/idp?return_to=%2Forders\"";
        let lasting = "href=\"/auth/oauth/idp?return_to=%2Forders&amp;remember=true\"";
        for part in [way, lasting, words, "The Provider"] {
            assert!(page.text.contains(part), "{part}: {}", page.text);
        }
    }
    assert!(!Origin::start().await.get("/auth/login", &[]).await.text.contains("/auth/oauth/"));
}

#[tokio::test]
async fn a_sign_in_elsewhere_lasts_as_long_as_the_box_says() {
    let upstream = Upstream::start().await;
    let origin = origin_of(&upstream).await;
    for (query, lasts) in [("", false), ("?remember=true", true), ("?remember=yes", false)] {
        let departed = depart(&origin, &format!("/auth/oauth/idp{query}")).await;
        departed.visit(&upstream);
        let answer = arrive(&origin, &departed.cookie, &departed.brings()).await;
        assert_eq!(answer.status.as_u16(), 303, "{}", answer.text);
        for name in ["__Host-at=", "__Host-rt="] {
            let cookie = answer.cookies().into_iter().find(|cookie| cookie.starts_with(name));
            assert_eq!(cookie.unwrap().contains("Max-Age="), lasts, "{query} {name}");
        }
    }
}

#[tokio::test]
async fn pwd_06_what_leads_to_nobody_is_a_sign_in_that_failed() {
    let upstream = Upstream::start().await;
    let origin = origin_with(&upstream, &[("PORTCULLIS__LIMITS__SIGN_IN", "3/1h")]).await;
    // Those that work are not counted.
    for _ in 0..5 {
        assert_eq!(go(&origin, &upstream).await.status.as_u16(), 303);
    }
    let junk = async |state: &str| {
        let departed = depart(&origin, "/auth/oauth/idp").await;
        let own = &departed.asked["state"];
        let cookie = departed.cookie.replace(own, state);
        let brings = [("code", String::from("junk")), ("state", String::from(state))];
        arrive(&origin, &cookie, &brings).await
    };
    let asked = || upstream.exchanges.load(Ordering::Relaxed);
    let before = asked();
    for n in 0..3 {
        let answer = junk(&format!("made-up-{n}")).await;
        assert!([400, 502].contains(&answer.status.as_u16()), "{}", answer.text);
    }
    let after = asked();
    assert_eq!(after, before + 3);
    let answer = junk("made-up-3").await;
    assert_eq!(answer.status.as_u16(), 429, "{}", answer.text);
    assert!(answer.text.contains("Too many tries.") && !answer.header("retry-after").is_empty());
    assert_eq!(asked(), after, "the provider is asked nothing");
    // A provider that is away, or asked too much, keeps nobody from a password.
    let body = json!({ "email": "a@b.co", "password": "a wrong password" });
    origin.post("/auth/login", body, &[]).await.expect(401, "credentials_invalid");
}
