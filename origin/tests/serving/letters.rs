//! Letters on their way to a real mail server: encrypted, or not at all, and none lost when a process stops.

use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::process::Serving;
use crate::smtp::{MailServer, certificate};

const PASSWORD: &str = "the password at the mail server";
const FROM: (&str, &str) = ("PORTCULLIS__MAIL__FROM", "us@example.com");
const REQUIRED: (&str, &str) = ("PORTCULLIS__MAIL__REQUIRE_VERIFICATION", "true");

async fn register(origin: &Serving, email: &str) {
    let body = json!({ "email": email, "password": "correct horse battery" });
    let answer = origin.send(Method::POST, "/auth/register", body, "").await;
    assert_eq!(answer.status().as_u16(), 202);
}

async fn within(what: &str, mut done: impl FnMut() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(since.elapsed() < Duration::from_mins(1), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_letter_goes_by_starttls_to_the_server_that_the_certificate_names_and_to_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let [its, another] = ["its", "another"].map(|name| certificate(folder.path(), name));
    let server = MailServer::start(Some(&its));
    let without = MailServer::start(None);
    let url = |port: u16| {
        let password = PASSWORD.replace(' ', "%20");
        format!("smtp://portcullis:{password}@127.0.0.1:{port}")
    };
    for (server, trusted, arrives) in
        [(&server, &another, false), (&without, &its, false), (&server, &its, true)]
    {
        let (smtp, trusted) = (url(server.port), trusted.to_str().unwrap());
        let variables =
            [("PORTCULLIS__MAIL__SMTP", &*smtp), ("SSL_CERT_FILE", trusted), FROM, REQUIRED];
        let origin = Serving::with(&variables).await;
        register(&origin, "ada@example.com").await;
        origin.logs(if arrives { "letter sent" } else { "a letter was not sent yet" }).await;
        let seen = server.seen.0.lock().unwrap();
        let expected = usize::from(arrives);
        assert_eq!(seen.letters, (expected, expected));
        // Nothing but the way to encryption goes over the wire as it is.
        let told =
            |line: &String| !["EHLO", "STARTTLS", "QUIT"].iter().any(|w| line.starts_with(w));
        let told: Vec<_> = seen.plain.iter().filter(|line| told(line)).collect();
        assert!(told.is_empty(), "{told:?}");
        let log = origin.log();
        assert!(!log.contains(PASSWORD) && !log.contains("ada@"), "{log}");
    }
}

#[tokio::test]
async fn what_was_accepted_is_sent_before_a_process_ends() {
    let server = MailServer::start(None);
    server.hold(true);
    let smtp = format!("smtp://127.0.0.1:{}?tls=none", server.port);
    let many = ("PORTCULLIS__LIMITS__MAIL", "1000/1h");
    let variables = [("PORTCULLIS__MAIL__SMTP", &*smtp), many, FROM, REQUIRED];
    let mut origin = Serving::with(&variables).await;
    for n in 0..12 {
        register(&origin, &format!("u{n}@example.com")).await;
    }
    origin.stop();
    origin.logs("stopping").await;
    // None has arrived, and it waits for them.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((origin.ended(), server.seen.0.lock().unwrap().letters.0), (None, 0));
    server.hold(false);
    within("it does not end", || origin.ended().is_some()).await;
    assert_eq!(origin.ended(), Some(true), "{}", origin.log());
    assert_eq!(server.seen.0.lock().unwrap().letters.0, 12, "{}", origin.log());
}

#[test]
fn a_doctor_is_let_in_by_the_mail_server_and_sends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::start(None);
    let smtp = format!("smtp://127.0.0.1:{}?tls=none", server.port);
    let output = Command::new(env!("CARGO_BIN_EXE_origin"))
        .arg("doctor")
        .current_dir(folder.path())
        .env_clear()
        .envs([("PORTCULLIS__MAIL__SMTP", &*smtp), FROM])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said.lines().find(|line| line.contains("mail.smtp")).unwrap();
    assert!(line.starts_with("good ") && line.contains("no letter was sent"), "{said}");
    assert_eq!(server.seen.0.lock().unwrap().letters, (0, 0));
}
