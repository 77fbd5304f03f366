//! What a story leaves in the log.

use std::io;
use std::sync::Mutex;

use tracing_subscriber::layer::SubscriberExt as _;

use super::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn ops_01_02_no_secret_and_no_line_of_somebody_elses_is_in_the_log() {
    let lines = Lines::default();
    let writer = lines.clone();
    let layer = crate::telemetry::json(move || writer.clone());
    let subscriber = tracing_subscriber::registry().with(layer);
    let guard = tracing::subscriber::set_default(subscriber);

    let origin = Origin::with(&[("PORTCULLIS__SESSIONS__GRACE", "0")]).await;
    let email = "somebody@particular.example";
    let session = origin.sign_in(email).await;
    let body = json!({ "email": email, "password": "wrong but secret" });
    let refused = origin.post("/auth/login", body, &[("x-portcullis-edge", EDGE_SECRET)]).await;
    refused.expect(401, "credentials_invalid");
    let cookies = origin.post("/auth/login", json!({ "email": email, "password": PASSWORD }), &[]);
    let cookies = cookies.await;
    let (at, rt) = (cookies.cookie("__Host-at"), cookies.cookie("__Host-rt"));
    let token = session.member("refresh_token");
    let body = json!({ "refresh_token": token });
    let second = origin.post("/auth/refresh", body.clone(), &[]).await;
    let third = json!({ "refresh_token": second.member("refresh_token") });
    origin.post("/auth/refresh", third, &[]).await;
    origin.post("/auth/refresh", body, &[]).await.expect(401, "refresh_reused");
    let in_path = format!("/auth/sessions/{at}");
    origin.get(&in_path, &[]).await;
    let in_query = format!("/nowhere?access_token={at}");
    let cookie = format!("__Host-at={at}; __Host-rt={rt}");
    origin.get(&in_query, &[("cookie", &cookie)]).await.expect(404, "not_found");
    origin.get("/%0a%7B%22level%22:%22forged%22%7D", &[]).await.expect(404, "not_found");
    drop(guard);

    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(log.lines().count() > 10, "{log}");
    assert!(log.contains("refresh token reused") && log.contains("credentials_invalid"), "{log}");
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert!(event["level"].is_string(), "{line}");
    }
    let session_token = session.member("access_token");
    let second_token = second.member("refresh_token");
    let signature = |token: &str| String::from(token.rsplit_once('.').unwrap().1);
    for secret in [
        email,
        "particular",
        PASSWORD,
        "wrong but secret",
        EDGE_SECRET,
        &signature(at),
        &signature(rt),
        &signature(&token),
        &signature(&session_token),
        &signature(&second_token),
        "eyJ",
        "argon2id",
        "forged",
        "cookie",
    ] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}
