//! Changes of a password that something overtakes while they are under way.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use async_trait::async_trait;
use common::{Secret, SessionId, Subject};

use super::*;
use crate::port::{Fit, PasswordFault, Passwords};
use crate::service::{By, Change, ChangeError, Language, Network};

on_both! {
    a_change_that_is_under_way_does_not_undo_a_reset,
    a_password_chosen_meanwhile_stays,
    a_change_that_is_under_way_ends_with_its_session,
    a_password_hashed_anew_meanwhile_is_changed_all_the_same,
}

type Deed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Hashes, and has something done before the next hash is made.
struct Meanwhile {
    passwords: Arc<dyn Passwords>,
    deed: Mutex<Option<Deed>>,
}

#[async_trait]
impl Passwords for Meanwhile {
    async fn hash(&self, password: Secret<String>) -> Result<Secret<String>, PasswordFault> {
        let deed = self.deed.lock().unwrap().take();
        if let Some(deed) = deed {
            deed.await;
        }
        self.passwords.hash(password).await
    }

    async fn verify(
        &self,
        password: Secret<String>,
        hash: Option<Secret<String>>,
    ) -> Result<Fit, PasswordFault> {
        self.passwords.verify(password, hash).await
    }
}

const THIEFS: &str = "what the thief would like";

/// Somebody who knows the password changes it; once the old one is looked at, `deed` is done.
async fn change_meanwhile(post: &Post, thief: &Answer, deed: Deed) -> Result<(), ChangeError> {
    let own = &post.origin.services.change;
    let change = Change {
        accounts: own.accounts.clone(),
        proofs: own.proofs.clone(),
        passwords: Arc::new(Meanwhile {
            passwords: own.passwords.clone(),
            deed: Mutex::new(Some(deed)),
        }),
        revocation: own.revocation.clone(),
        throttle: own.throttle.clone(),
        audit: own.audit.clone(),
        clock: own.clock.clone(),
        outbox: own.outbox.clone(),
        host: own.host.clone(),
    };
    let network = Network::of("192.0.2.1".parse().unwrap());
    let by = By { network, language: Language::English };
    let secret = |text: &str| Secret::new(String::from(text));
    let (subject, sid) = of(thief);
    change.password(&subject, sid, &secret(PASSWORD), &secret(THIEFS), by).await
}

fn of(signed_in: &Answer) -> (Subject, SessionId) {
    let subject = signed_in.json()["user"]["id"].as_str().unwrap().parse().unwrap();
    (subject, signed_in.member("session_id").parse().unwrap())
}

async fn a_change_that_is_under_way_does_not_undo_a_reset(stores: Stores) {
    let post = Post::strict_on(stores).await;
    let thief = post.login(PASSWORD).await;
    post.forgot("a@b.co").await;
    let token = post.token(1).await;
    let router = post.origin.router.clone();
    let reset = async move {
        let body = json!({ "token": token, "password": OTHER }).to_string();
        let answer = router.oneshot(super::post("/auth/password/reset", body, &[])).await;
        assert_eq!(answer.unwrap().status(), 204);
    };
    let overtaken = change_meanwhile(&post, &thief, Box::pin(reset)).await;
    assert!(matches!(overtaken, Err(ChangeError::Over)), "{overtaken:?}");
    post.login(OTHER).await.expect_status(200);
    post.login(THIEFS).await.expect(401, "credentials_invalid");
}

/// Even where nobody ended the session.
async fn a_password_chosen_meanwhile_stays(stores: Stores) {
    let post = Post::strict_on(stores).await;
    let thief = post.login(PASSWORD).await;
    let own = &post.origin.services.change;
    let (accounts, passwords, (subject, _)) =
        (own.accounts.clone(), own.passwords.clone(), of(&thief));
    let chosen = async move {
        let account = accounts.by_id(&subject).await.unwrap().unwrap();
        let hash = passwords.hash(Secret::new(String::from(OTHER))).await.unwrap();
        assert!(accounts.replace_password(&account, &hash).await.unwrap());
    };
    let overtaken = change_meanwhile(&post, &thief, Box::pin(chosen)).await;
    assert!(matches!(overtaken, Err(ChangeError::Refused)), "{overtaken:?}");
    post.login(OTHER).await.expect_status(200);
    post.login(THIEFS).await.expect(401, "credentials_invalid");
}

async fn a_change_that_is_under_way_ends_with_its_session(stores: Stores) {
    let post = Post::strict_on(stores).await;
    let thief = post.login(PASSWORD).await;
    let (revocation, (subject, _)) = (post.origin.services.revocation.clone(), of(&thief));
    let out = async move { revocation.all_sessions(&subject).await.unwrap() };
    let overtaken = change_meanwhile(&post, &thief, Box::pin(out)).await;
    assert!(matches!(overtaken, Err(ChangeError::Over)), "{overtaken:?}");
    post.login(PASSWORD).await.expect_status(200);
}

async fn a_password_hashed_anew_meanwhile_is_changed_all_the_same(stores: Stores) {
    let post = Post::strict_on(stores).await;
    let mine = post.login(PASSWORD).await;
    let own = &post.origin.services.change;
    let (accounts, passwords, (subject, _)) =
        (own.accounts.clone(), own.passwords.clone(), of(&mine));
    let anew = async move {
        let account = accounts.by_id(&subject).await.unwrap().unwrap();
        let hash = passwords.hash(Secret::new(String::from(PASSWORD))).await.unwrap();
        assert!(accounts.rehash(&subject, &account.password_hash.unwrap(), &hash).await.unwrap());
    };
    change_meanwhile(&post, &mine, Box::pin(anew)).await.unwrap();
    post.login(THIEFS).await.expect_status(200);
}
