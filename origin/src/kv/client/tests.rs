use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Router, routing::any};
use tokio::net::TcpListener;

use super::*;

type Seen = Arc<Mutex<Vec<String>>>;

/// A server that answers as the API might on a bad day, and writes down what it was asked.
async fn api(status: StatusCode, body: &'static str) -> (Url, Seen) {
    let seen = Seen::default();
    let answer = move |State(seen): State<Seen>, request: Request| async move {
        let authorization = request.headers()[AUTHORIZATION].to_str().unwrap();
        let line = format!("{} {} {authorization}", request.method(), request.uri());
        seen.lock().unwrap().push(line);
        let location = [("location", "http://127.0.0.1:9/elsewhere")];
        (status, location, body).into_response()
    };
    let router = Router::new().fallback(any(answer)).with_state(Arc::clone(&seen));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/base/", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, seen)
}

fn client(api: Url) -> KvClient {
    KvClient::new(&Kv {
        api,
        namespace: String::from("portcullis"),
        token: Secret::new(String::from("very-secret")),
        heartbeat: Duration::from_secs(30),
    })
    .unwrap()
}

#[tokio::test]
async fn a_write_goes_to_the_key_with_the_token() {
    let (url, seen) = api(StatusCode::OK, r#"{"success":true,"errors":[]}"#).await;
    client(url).put("head", b"text".to_vec(), None).await.unwrap();
    let expected = "PUT /base/storage/kv/namespaces/portcullis/values/head Bearer very-secret";
    assert_eq!(*seen.lock().unwrap(), [expected]);
}

#[tokio::test]
async fn rev_04_kv_takes_no_shorter_life_than_a_minute() {
    for (keep, expected) in [(5, 60), (59, 60), (60, 60), (3600, 3600)] {
        let (url, seen) = api(StatusCode::OK, r#"{"success":true}"#).await;
        let keep = Some(Duration::from_secs(keep));
        client(url).put("segment:x", vec![0, 255], keep).await.unwrap();
        let line = &seen.lock().unwrap()[0];
        assert!(line.contains(&format!("values/segment:x?expiration_ttl={expected} ")), "{line}");
    }
}

#[tokio::test]
async fn what_lies_there_is_read_and_keys_are_listed() {
    let (url, _) = api(StatusCode::OK, "text").await;
    assert_eq!(client(url).get("head").await.unwrap().unwrap(), b"text");
    let (url, _) = api(StatusCode::NOT_FOUND, "").await;
    assert_eq!(client(url).get("head").await.unwrap(), None);
    let (url, _) = api(StatusCode::SERVICE_UNAVAILABLE, "").await;
    assert!(client(url).get("head").await.is_err());
    // A cursor that stays the same is the end, too: nobody is asked for ever.
    let page = r#"{"success":true,"result":[{"name":"segment:x"}],"result_info":{"cursor":"a"}}"#;
    let (url, seen) = api(StatusCode::OK, page).await;
    assert_eq!(client(url).keys("segment:").await.unwrap(), ["segment:x", "segment:x"]);
    let last = seen.lock().unwrap().last().unwrap().clone();
    assert!(last.contains("/keys?prefix=segment%3A&cursor=a "), "{last}");
}

#[tokio::test]
async fn rev_07_only_success_is_success() {
    let whole = r#"{"success":true}"#;
    let large: &'static str = Box::leak("x".repeat(MAX_ANSWER + 1).into_boxed_str());
    for (status, body, expected) in [
        (StatusCode::TOO_MANY_REQUESTS, whole, "pause"),
        (StatusCode::FORBIDDEN, whole, "check kv.token"),
        (StatusCode::NOT_FOUND, whole, "check kv.api and kv.namespace"),
        (StatusCode::INTERNAL_SERVER_ERROR, whole, "500"),
        (StatusCode::FOUND, whole, "302"),
        (StatusCode::OK, r#"{"success":false}"#, "did not succeed"),
        (StatusCode::OK, "<html>", "not the API's"),
        (StatusCode::OK, "", "not the API's"),
        (StatusCode::OK, large, "too large"),
    ] {
        let (url, seen) = api(status, body).await;
        let fault = client(url).put("head", b"text".to_vec(), None).await.unwrap_err().to_string();
        assert!(fault.contains(expected), "{status}: {fault}");
        assert!(!fault.contains("secret"), "{fault}");
        assert_eq!(seen.lock().unwrap().len(), 1, "no redirect is followed");
    }
}

#[tokio::test]
async fn nobody_there_is_a_failure_that_says_so() {
    let url = "http://127.0.0.1:9/".parse().unwrap();
    let fault = client(url).put("head", b"text".to_vec(), None).await.unwrap_err();
    assert!(matches!(&fault, MailboxFault::Failed(words) if words.contains("refused")), "{fault}");
}
