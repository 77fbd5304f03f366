//! Who was at an address before it was proven, and what of that goes on.

use super::super::letters::{Post, REQUIRED};
use super::super::limits::trail;
use super::super::pages::send;
use super::super::stores::{Stores, on_both};
use super::linking::{OWN, ask};
use super::*;
use crate::port::{Device, Kind};
use crate::service::{Lasting, Means, SignIn};

on_both! {
    oid_12_a_login_linked_before_the_address_was_proven_opens_nothing_after,
    oid_12_a_login_with_an_address_that_nobody_has_proven_opens_nothing_after,
    whoever_came_by_a_login_and_proves_the_address_stays_signed_in,
    a_sign_in_elsewhere_that_an_unlink_overtakes_is_none,
}

const VICTIM: &str = "victim@example.com";
const OWNERS: &str = "what the owner chooses, later";

/// From here on addresses have to be proven, and the owner of this one comes: registers, confirms, and is led to
/// choose a password by a letter.
async fn owner_comes(post: Post, upstream: &Upstream) -> Post {
    let issuer = upstream.issuer();
    let settings = settings(&issuer);
    let post = post.again(&[&settings[..], &[REQUIRED]].concat()).await;
    post.impatient().await;
    let number = post.letters().len();
    post.register(VICTIM, "what the owner chooses").await.expect_status(202);
    let token = post.token(number).await;
    let confirmed = send(&post.origin, "/auth/verify", &[("token", &token)]).await;
    assert_eq!(confirmed.header("location"), "/auth/forgot", "{}", confirmed.text);
    post.forgot(VICTIM).await.expect_status(202);
    let token = post.token(number + 1).await;
    post.reset(&token, OWNERS).await.expect_status(204);
    post
}

async fn oid_12_a_login_linked_before_the_address_was_proven_opens_nothing_after(stores: Stores) {
    let upstream = Upstream::start().await;
    let post = Post::on(stores, &settings(&upstream.issuer())).await;
    let attacker = post.origin.sign_in(VICTIM).await;
    let cookie = format!("__Host-at={}", attacker.member("access_token"));
    let asked = ask(&post.origin, &cookie, &[OWN]).await;
    let departed = departed(&asked, asked.header("refresh").strip_prefix("0;url=").unwrap());
    departed.visit(&upstream);
    let cookies = format!("{}; {cookie}", departed.cookie);
    let linked = arrive(&post.origin, &cookies, &departed.brings()).await;
    assert_eq!(linked.header("location"), "/auth/account");
    post.letter(1).await;

    let post = owner_comes(post, &upstream).await;
    let me = post.origin.get("/auth/me", &[("cookie", &cookie)]).await;
    me.expect(401, "token_revoked");
    // The attacker's login opens an account of its own at most.
    let answer = go(&post.origin, &upstream).await;
    let cookie = format!("__Host-at={}", answer.cookie("__Host-at"));
    let me = post.origin.get("/auth/me", &[("cookie", &cookie)]).await.json();
    assert_eq!(me["user"]["email"], "ada@example.com");
    let gone = trail(&post.origin, Kind::LoginUnlinked).await;
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert_eq!(gone[0].detail.method.as_deref(), Some("idp"));
    assert_eq!(gone[0].detail.why.as_deref(), Some("address"));
    owner_signs_in(&post).await;
}

async fn owner_signs_in(post: &Post) {
    let body = json!({ "email": VICTIM, "password": OWNERS, "delivery": "body" });
    let answer = post.origin.post("/auth/login", body, &[]).await;
    answer.expect_status(200);
    let me = post.origin.get("/auth/me", &[("authorization", &answer.bearer())]).await.json();
    assert_eq!(me["logins"], json!([]));
}

async fn oid_12_a_login_with_an_address_that_nobody_has_proven_opens_nothing_after(stores: Stores) {
    let upstream = Upstream::start().await;
    upstream.set(unproven());
    let post = Post::on(stores, &settings(&upstream.issuer())).await;
    let attacker = go(&post.origin, &upstream).await;
    let cookie = format!("__Host-at={}", attacker.cookie("__Host-at"));
    let post = owner_comes(post, &upstream).await;
    let me = post.origin.get("/auth/me", &[("cookie", &cookie)]).await;
    me.expect(401, "token_revoked");
    let answer = go(&post.origin, &upstream).await;
    assert!(answer.cookies().iter().all(|cookie| !cookie.starts_with("__Host-at=")));
    owner_signs_in(&post).await;
}

/// The victim's address, for which the provider does not vouch.
fn unproven() -> Manner {
    let claims = json!({ "email": VICTIM, "email_verified": false });
    Manner { claims, userinfo: json!({}), ..Manner::default() }
}

async fn whoever_came_by_a_login_and_proves_the_address_stays_signed_in(stores: Stores) {
    let upstream = Upstream::start().await;
    upstream.set(unproven());
    let post = Post::on(stores, &settings(&upstream.issuer())).await;
    let answer = go(&post.origin, &upstream).await;
    let cookie = format!("__Host-at={}", answer.cookie("__Host-at"));
    let resend = json!({ "email": VICTIM });
    post.origin.post("/auth/verify/resend", resend, &[]).await.expect_status(202);
    let token = post.token(0).await;
    let confirmed = send(&post.origin, "/auth/verify", &[("token", &token)]).await;
    assert_eq!(confirmed.header("location"), "/auth/verify?done", "{}", confirmed.text);
    let me = post.origin.get("/auth/me", &[("cookie", &cookie)]).await.json();
    assert_eq!(me["user"]["email_verified"], true);
    assert_eq!(me["logins"][0]["provider"], "idp");
    let again = go(&post.origin, &upstream).await;
    assert!(again.cookies().iter().any(|cookie| cookie.starts_with("__Host-at=")));
}

async fn a_sign_in_elsewhere_that_an_unlink_overtakes_is_none(stores: Stores) {
    let upstream = Upstream::start().await;
    let issuer = upstream.issuer();
    let settings = [&settings(&issuer)[..], &stores.settings()].concat();
    let origin = Origin::with(&settings).await;
    assert_eq!(go(&origin, &upstream).await.status.as_u16(), 303);
    let account = accounts(&origin).await.pop().unwrap();
    let social = &origin.services.social;
    let link = social.linked(&account.id).await.unwrap().pop().unwrap();
    let begin = async || {
        let by = Means::Provider {
            name: link.provider.clone(),
            issuer: link.issuer.clone(),
            subject: link.subject.clone(),
        };
        let how = SignIn { by, lasting: Lasting::Browser, device: Device::default() };
        origin.services.login.issuer.begin(&account, how).await.unwrap().is_some()
    };
    assert!(begin().await);
    assert_eq!(social.identities.unlink_all(&account.id).await.unwrap(), ["idp"]);
    assert!(!begin().await);
    // Nor when it opens another account by now.
    let bob = origin.sign_in("bob@example.com").await;
    let bob = bob.json()["user"]["id"].as_str().unwrap().parse().unwrap();
    social.identities.link(&bob, &link).await.unwrap();
    assert!(!begin().await);
    let sessions = &origin.services.profiles.sessions;
    assert_eq!(sessions.of(&account.id).await.unwrap().len(), 2);
}

/// Its owner hears of each.
#[tokio::test]
async fn a_login_is_linked_so_often() {
    let upstream = Upstream::start().await;
    let origin = origin_of(&upstream).await;
    let signed_in = origin.sign_in("ada@example.com").await;
    let cookie = format!("__Host-at={}", signed_in.member("access_token"));
    for n in 0..11 {
        let asked = ask(&origin, &cookie, &[OWN]).await;
        let departed = departed(&asked, asked.header("refresh").strip_prefix("0;url=").unwrap());
        departed.visit(&upstream);
        let cookies = format!("{}; {cookie}", departed.cookie);
        let answer = arrive(&origin, &cookies, &departed.brings()).await;
        assert_eq!(answer.status.as_u16(), if n < 10 { 303 } else { 429 }, "{}", answer.text);
        // The account needs no other way in meanwhile: there is the password.
        let gone = request("DELETE", "/auth/oauth/idp", Body::empty(), &[("cookie", &cookie), OWN]);
        assert_eq!(origin.send(gone).await.status.as_u16(), if n < 10 { 204 } else { 404 });
    }
}
