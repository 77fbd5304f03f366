//! What is done by letters: proving an address, choosing another password.

mod alarm;
mod change;
mod closed;
mod flood;
mod hangup;
mod overtaken;
mod pages;
mod reset;
mod verifying;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::stores::{Stores, on_both};
use super::*;

const OTHER: &str = "another good one, longer";
const FROM: (&str, &str) = ("PORTCULLIS__MAIL__FROM", "Us <us@example.com>");
pub(super) const REQUIRED: (&str, &str) = ("PORTCULLIS__MAIL__REQUIRE_VERIFICATION", "true");

/// An origin that writes its letters into a folder.
pub(super) struct Post {
    pub(super) origin: Origin,
    pub(super) folder: TempDir,
    /// What it was started with.
    settings: Vec<(String, String)>,
    /// Where it keeps what it keeps.
    _stores: Stores,
}

impl Post {
    pub(super) async fn start(settings: &[(&str, &str)]) -> Self {
        Self::on(Stores::files(), settings).await
    }

    pub(super) async fn on(stores: Stores, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let mail = [("PORTCULLIS__MAIL__FOLDER", path), FROM];
        let settings = [&mail, &*stores.settings(), settings].concat();
        let origin = Origin::with(&settings).await;
        let settings = settings.into_iter().map(|(name, value)| (name.into(), value.into()));
        let settings = settings.collect();
        Self { origin, folder, settings, _stores: stores }
    }

    /// The same one, after a restart with further settings.
    pub(super) async fn again(self, more: &[(&str, &str)]) -> Self {
        let settings = self.settings.iter().map(|(name, value)| (&**name, &**value));
        let settings: Vec<_> = settings.chain(more.iter().copied()).collect();
        Self { origin: self.origin.again(&settings).await, ..self }
    }

    /// One at which everybody has to prove their address, and somebody who did.
    async fn strict() -> Self {
        Self::strict_on(Stores::files()).await
    }

    async fn strict_on(stores: Stores) -> Self {
        let post = Self::on(stores, &[REQUIRED]).await;
        post.register("a@b.co", PASSWORD).await;
        post.verify(&post.token(0).await).await.expect_status(204);
        post
    }

    pub(super) async fn register(&self, email: &str, password: &str) -> Answer {
        let body = json!({ "email": email, "password": password });
        self.origin.post("/auth/register", body, &[]).await
    }

    async fn login(&self, password: &str) -> Answer {
        let body = json!({ "email": "a@b.co", "password": password, "delivery": "body" });
        self.origin.post("/auth/login", body, &[]).await
    }

    pub(super) async fn forgot(&self, email: &str) -> Answer {
        self.origin.post("/auth/password/forgot", json!({ "email": email }), &[]).await
    }

    pub(super) async fn reset(&self, token: &str, password: &str) -> Answer {
        let body = json!({ "token": token, "password": password });
        self.origin.post("/auth/password/reset", body, &[]).await
    }

    async fn verify(&self, token: &str) -> Answer {
        self.origin.post("/auth/verify", json!({ "token": token }), &[]).await
    }

    /// The same letter may be sent again at once.
    pub(super) async fn impatient(&self) {
        self.origin.sql("accounts.db", "UPDATE proof SET made_at = made_at - 60").await;
    }

    pub(super) fn letters(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
    }

    pub(super) async fn letter(&self, number: usize) -> String {
        let since = Instant::now();
        loop {
            if let Some(letter) = self.letters().into_iter().nth(number) {
                return letter;
            }
            assert!(since.elapsed() < Duration::from_mins(1), "letter {number} does not come");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) async fn token(&self, number: usize) -> String {
        let letter = self.letter(number).await;
        let (_, behind) = letter.split_once("?token=").expect(&letter);
        String::from(behind.split_whitespace().next().unwrap())
    }

    /// Waits until all that was asked for before is done: a letter to somebody else came.
    async fn quiet(&self) -> Vec<String> {
        let (before, marker) = (self.letters(), format!("m{}@b.co", self.letters().len()));
        self.register(&marker, PASSWORD).await;
        let since = Instant::now();
        let to_marker = format!("To: {marker}\n");
        while !self.letters().iter().any(|letter| letter.contains(&to_marker)) {
            assert!(since.elapsed() < Duration::from_mins(1));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Errands run side by side; what they do takes milliseconds.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut new = self.letters();
        new.retain(|letter| !before.contains(letter) && !letter.contains(&to_marker));
        new
    }
}

#[tokio::test]
async fn pwd_14_whether_there_is_an_account_is_told_in_letters_alone() {
    let post = Post::strict().await;
    // Known and proven, new, and known but not proven: one answer.
    let mut answers = Vec::new();
    for email in ["a@b.co", "new@b.co", "new@b.co"] {
        let answer = post.register(email, PASSWORD).await;
        answer.expect_status(202);
        answers.push((answer.text, answer.headers));
        post.impatient().await;
    }
    for email in ["a@b.co", "nobody@b.co"] {
        let answer = post.forgot(email).await;
        answer.expect_status(202);
        answers.push((answer.text, answer.headers));
    }
    for email in ["a@b.co", "new@b.co", "nobody@b.co"] {
        let answer = post.origin.post("/auth/verify/resend", json!({ "email": email }), &[]).await;
        answer.expect_status(202);
        answers.push((answer.text, answer.headers));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    assert_eq!(answers[0].0, "");
    let letters = post.quiet().await;
    let to = |email: &str, subject: &str| {
        let head = format!("To: {email}\nSubject: {subject}\n");
        post.letters().iter().filter(|letter| letter.contains(&head)).count()
    };
    assert_eq!(to("a@b.co", "You have an account already"), 1);
    assert_eq!(to("a@b.co", "Choose a new password"), 1);
    assert!(to("new@b.co", "Confirm your e-mail address") >= 1);
    assert!(!letters.iter().any(|letter| letter.contains("nobody")));
    for email in ["", "a", "a@b@c.co", "a@b.co\r\nbcc: x@y.co"] {
        post.forgot(email).await.expect(400, "email_invalid");
    }
}

#[tokio::test]
async fn without_mail_there_is_nothing_that_is_done_by_letters() {
    let origin = Origin::start().await;
    for (path, body) in [
        ("/auth/password/forgot", json!({ "email": "a@b.co" })),
        ("/auth/password/reset", json!({ "token": "x", "password": PASSWORD })),
        ("/auth/verify", json!({ "token": "x" })),
        ("/auth/verify/resend", json!({ "email": "a@b.co" })),
    ] {
        origin.post(path, body, &[]).await.expect(404, "not_found");
    }
    for path in ["/auth/forgot", "/auth/reset?token=x", "/auth/verify?token=x"] {
        origin.get(path, &[]).await.expect(404, "not_found");
    }
    assert!(!origin.get("/auth/login", &[]).await.text.contains("/auth/forgot"));
    // The password can be changed without.
    let signed_in = origin.sign_in("a@b.co").await;
    let body = json!({ "current_password": PASSWORD, "new_password": OTHER });
    let bearer = signed_in.bearer();
    let answer = origin.post("/auth/password", body, &[("authorization", &bearer)]).await;
    answer.expect_status(204);
}
