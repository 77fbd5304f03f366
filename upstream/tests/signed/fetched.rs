//! The issuer's keys, fetched from a server on a loopback port: how often, by whom, and until when.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::routing::{any, get};
use portcullis_upstream::{Trust, Verifier};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::time::{self, timeout};

use crate::signer::{AUDIENCE, ISSUER, Signer};
use crate::{ask, told};

/// Nothing here takes as long.
const PATIENCE: Duration = Duration::from_secs(30);
const COOL_DOWN: Duration = Duration::from_secs(10);

/// An issuer's keys.
struct Issuer {
    url: String,
    keys: Arc<Mutex<Value>>,
    /// How often they were asked for.
    asked: watch::Receiver<u32>,
    /// Whether it answers at once, or when this becomes true.
    answers: watch::Sender<bool>,
}

impl Issuer {
    async fn publishing(keys: Value) -> Self {
        let keys = Arc::new(Mutex::new(keys));
        let (count, asked) = watch::channel(0);
        let (answers, answering) = watch::channel(true);
        let shared = Arc::clone(&keys);
        let jwks = move || {
            let (keys, mut answering) = (Arc::clone(&shared), answering.clone());
            count.send_modify(|count| *count += 1);
            async move {
                answering.wait_for(|answers| *answers).await.unwrap();
                keys.lock().unwrap().to_string()
            }
        };
        let url = serve(Router::new().route("/jwks", get(jwks))).await;
        Self { url: format!("{url}/jwks"), keys, asked, answers }
    }

    fn publish(&self, keys: Value) {
        *self.keys.lock().unwrap() = keys;
    }

    fn trust(&self) -> Trust {
        Trust::tokens(Verifier::fetching(ISSUER, AUDIENCE, self.url.clone()).unwrap())
    }

    fn asked(&self) -> u32 {
        *self.asked.borrow()
    }
}

/// Serves on a free loopback port; the address.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

fn keys(keys: &[Value]) -> Value {
    json!({"keys": keys})
}

/// The answer to a request with a token of this key.
async fn shown(trust: &Trust, signer: &Signer, kid: &str) -> (u16, String) {
    let bearer = format!("Bearer {}", signer.token(kid, 0));
    ask(trust, "GET", "/x", &[("authorization", &bearer)]).await
}

fn let_in() -> (u16, String) {
    (200, "alice 0".into())
}

fn refused() -> (u16, String) {
    (401, "token_invalid".into())
}

fn unknown() -> (u16, String) {
    (503, "keys_unknown".into())
}

/// So much later. The clock goes on by itself afterwards: what stands still would be wound on whenever
/// everybody waits for the network.
async fn later(by: Duration) {
    time::pause();
    time::advance(by).await;
    time::resume();
}

#[tokio::test]
async fn keys_are_fetched_once_however_many_ask() {
    let signer = Signer::new(3);
    let issuer = Issuer::publishing(keys(&[signer.jwk("one")])).await;
    let trust = issuer.trust();
    let good = format!("Bearer {}", signer.token("one", 0));
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let (trust, good) = (trust.clone(), good.clone());
            tokio::spawn(async move { ask(&trust, "GET", "/x", &[("authorization", &good)]).await })
        })
        .collect();
    for answer in waiting {
        assert_eq!(answer.await.unwrap(), let_in());
    }
    // Whoever makes key ids up does not have the issuer asked for each.
    for at in 0..20 {
        assert_eq!(shown(&trust, &signer, &format!("made-up-{at}")).await, refused());
    }
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_client_that_leaves_takes_nobodys_keys_along() {
    let signer = Signer::new(3);
    let mut issuer = Issuer::publishing(keys(&[signer.jwk("one")])).await;
    issuer.answers.send_replace(false);
    let trust = issuer.trust();
    let left = Arc::new(Notify::new());
    let leaving = Arc::clone(&left);
    let watched = middleware::from_fn(move |request: Request, next: Next| {
        let leaving = Leaving(Arc::clone(&leaving));
        async move {
            let answer = next.run(request).await;
            drop(leaving);
            answer
        }
    });
    let app = Router::new().route("/x", any(told)).layer(trust.clone()).layer(watched);
    let app = serve(app).await;

    let address = app.strip_prefix("http://").unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    let token = signer.token("one", 0);
    let request = format!("GET /x HTTP/1.1\r\nhost: app\r\nauthorization: Bearer {token}\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    timeout(PATIENCE, issuer.asked.wait_for(|asked| *asked == 1)).await.unwrap().unwrap();
    drop(client);
    // The issuer has not answered, so what is over is over because the client left.
    timeout(PATIENCE, left.notified()).await.unwrap();

    let next = tokio::spawn({
        let trust = trust.clone();
        async move { shown(&trust, &Signer::new(3), "one").await }
    });
    issuer.answers.send_replace(true);
    assert_eq!(next.await.unwrap(), let_in());
    assert_eq!(issuer.asked(), 1, "the keys that it had asked for serve the others");
}

/// Tells when it is dropped.
struct Leaving(Arc<Notify>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn a_rotations_new_key_is_found() {
    let (old, new) = (Signer::new(3), Signer::new(4));
    let issuer = Issuer::publishing(keys(&[old.jwk("old")])).await;
    let trust = issuer.trust();
    assert_eq!(shown(&trust, &old, "old").await, let_in());
    issuer.publish(keys(&[old.jwk("old"), new.jwk("new")]));
    assert_eq!(shown(&trust, &new, "new").await, refused(), "they were asked for a moment ago");
    later(COOL_DOWN).await;
    assert_eq!(shown(&trust, &new, "new").await, let_in());
    assert_eq!(shown(&trust, &old, "old").await, let_in());
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_is_dropped_after_five_minutes() {
    let (old, new) = (Signer::new(3), Signer::new(4));
    let issuer = Issuer::publishing(keys(&[old.jwk("old")])).await;
    let trust = issuer.trust();
    assert_eq!(shown(&trust, &old, "old").await, let_in());
    issuer.publish(keys(&[new.jwk("new")]));
    later(Duration::from_secs(4 * 60 + 50)).await;
    assert_eq!(shown(&trust, &old, "old").await, let_in());
    assert_eq!(issuer.asked(), 1);
    later(Duration::from_secs(10)).await;
    assert_eq!(shown(&trust, &old, "old").await, refused());
    assert_eq!(shown(&trust, &new, "new").await, let_in());
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn keys_outlive_their_issuer_by_a_day() {
    let signer = Signer::new(3);
    let good = keys(&[signer.jwk("one")]);
    let issuer = Issuer::publishing(good.clone()).await;
    let trust = issuer.trust();
    assert_eq!(shown(&trust, &signer, "one").await, let_in());
    issuer.publish(json!("out of order"));
    later(Duration::from_mins(5)).await;
    for _ in 0..3 {
        assert_eq!(shown(&trust, &signer, "one").await, let_in());
    }
    assert_eq!(issuer.asked(), 2, "who answers badly is not asked for each request");
    later(Duration::from_mins(23 * 60 + 54)).await;
    assert_eq!(shown(&trust, &signer, "one").await, let_in());
    later(Duration::from_mins(1)).await;
    assert_eq!(shown(&trust, &signer, "one").await, unknown());
    issuer.publish(good);
    assert_eq!(shown(&trust, &signer, "one").await, unknown(), "it was asked a moment ago");
    later(COOL_DOWN).await;
    assert_eq!(shown(&trust, &signer, "one").await, let_in());
}

#[tokio::test]
async fn an_issuer_that_is_not_reached_is_our_fault_not_the_users() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    drop(listener);
    let trust = Trust::tokens(Verifier::fetching(ISSUER, AUDIENCE, url).unwrap());
    assert_eq!(shown(&trust, &Signer::new(3), "one").await, unknown());
}
