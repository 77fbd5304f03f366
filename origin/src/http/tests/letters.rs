//! What is done by letters: proving an address, choosing another password.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::*;

const OTHER: &str = "another good one, longer";
const FROM: (&str, &str) = ("PORTCULLIS__MAIL__FROM", "Us <us@example.com>");
const REQUIRED: (&str, &str) = ("PORTCULLIS__MAIL__REQUIRE_VERIFICATION", "true");

/// An origin that writes its letters into a folder.
pub(super) struct Post {
    pub(super) origin: Origin,
    folder: TempDir,
}

impl Post {
    pub(super) async fn start(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let mail = [("PORTCULLIS__MAIL__FOLDER", path), FROM];
        let origin = Origin::with(&[&mail, settings].concat()).await;
        Self { origin, folder }
    }

    /// One at which everybody has to prove their address, and somebody who did.
    async fn strict() -> Self {
        let post = Self::start(&[REQUIRED]).await;
        post.register("a@b.co", PASSWORD).await;
        post.verify(&post.token(0).await).await.expect_status(204);
        post
    }

    async fn register(&self, email: &str, password: &str) -> Answer {
        let body = json!({ "email": email, "password": password });
        self.origin.post("/auth/register", body, &[]).await
    }

    async fn login(&self, password: &str) -> Answer {
        let body = json!({ "email": "a@b.co", "password": password, "delivery": "body" });
        self.origin.post("/auth/login", body, &[]).await
    }

    async fn forgot(&self, email: &str) -> Answer {
        self.origin.post("/auth/password/forgot", json!({ "email": email }), &[]).await
    }

    async fn reset(&self, token: &str, password: &str) -> Answer {
        let body = json!({ "token": token, "password": password });
        self.origin.post("/auth/password/reset", body, &[]).await
    }

    async fn verify(&self, token: &str) -> Answer {
        self.origin.post("/auth/verify", json!({ "token": token }), &[]).await
    }

    /// The same letter may be sent again at once.
    async fn impatient(&self) {
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

impl Answer {
    fn expect_status(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
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
async fn nobody_signs_in_before_the_address_is_proven() {
    let post = Post::start(&[REQUIRED]).await;
    post.register("a@b.co", PASSWORD).await.expect_status(202);
    let token = post.token(0).await;
    post.login(PASSWORD).await.expect(403, "email_unverified");
    // Who does not know the password learns nothing of that.
    post.login(OTHER).await.expect(401, "credentials_invalid");
    for wrong in ["", "x", &token[1..], &format!("{token}x"), &token.to_lowercase()] {
        post.verify(wrong).await.expect(400, "proof_invalid");
    }
    post.reset(&token, OTHER).await.expect(400, "proof_invalid");
    post.verify(&token).await.expect_status(204);
    post.verify(&token).await.expect(400, "proof_invalid");
    let signed_in = post.login(PASSWORD).await;
    assert_eq!(signed_in.json()["user"]["email_verified"], true);
}

#[tokio::test]
async fn without_a_need_to_prove_it_an_address_can_be_proven_all_the_same() {
    let post = Post::start(&[]).await;
    post.register("a@b.co", PASSWORD).await.expect_status(201);
    let before = post.login(PASSWORD).await;
    assert_eq!(before.json()["user"]["email_verified"], false);
    post.verify(&post.token(0).await).await.expect_status(204);
    assert_eq!(post.login(PASSWORD).await.json()["user"]["email_verified"], true);
    let me = post.origin.get("/auth/me", &[("authorization", &before.bearer())]).await;
    assert_eq!(me.json()["user"]["email_verified"], true);
}

#[tokio::test]
async fn oid_12_of_an_address_registered_twice_no_password_counts_but_one_chosen_by_letter() {
    let post = Post::start(&[REQUIRED]).await;
    post.register("a@b.co", "the password of a squatter").await;
    let squatters = post.token(0).await;
    post.impatient().await;
    post.register("a@b.co", PASSWORD).await;
    let owners = post.token(1).await;
    // The newer letter replaced the older one.
    post.verify(&squatters).await.expect(400, "proof_invalid");
    post.verify(&owners).await.expect_status(204);
    for password in ["the password of a squatter", PASSWORD] {
        post.login(password).await.expect(401, "credentials_invalid");
    }
    post.forgot("a@b.co").await.expect_status(202);
    post.reset(&post.token(2).await, PASSWORD).await.expect_status(204);
    post.login(PASSWORD).await.expect_status(200);
    // And from now on nobody can change it that way.
    post.impatient().await;
    post.register("a@b.co", "the password of a squatter").await.expect_status(202);
    assert!(post.letter(4).await.contains("You have an account already"));
    post.login(PASSWORD).await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_works_once_and_ends_every_session() {
    let post = Post::strict().await;
    let before = post.login(PASSWORD).await;
    post.forgot("A@B.co").await.expect_status(202);
    let token = post.token(1).await;
    // At rest there is a digest of it.
    let file = std::fs::read(post.origin.state.path().join("state/accounts.db")).unwrap();
    let wal = std::fs::read(post.origin.state.path().join("state/accounts.db-wal"));
    let kept = [file, wal.unwrap_or_default()].concat();
    assert!(!kept.windows(token.len()).any(|window| window == token.as_bytes()));
    for (password, code) in [
        ("short", "password_too_short"),
        ("password1", "password_common"),
        ("a@b.co2024", "password_common"),
        (&"x".repeat(257), "password_too_long"),
    ] {
        post.reset(&token, password).await.expect(400, code);
    }
    // Of all who bring it at once, one gets to choose.
    let mut tries = JoinSet::new();
    for n in 0..4 {
        let body = json!({ "token": token, "password": format!("{OTHER} {n}") });
        let router = post.origin.router.clone();
        let request = super::post("/auth/password/reset", body.to_string(), &[]);
        tries.spawn(async move { (n, router.oneshot(request).await.unwrap().status()) });
    }
    let outcomes = tries.join_all().await;
    let chosen: Vec<_> = outcomes.iter().filter(|(_, status)| status.as_u16() == 204).collect();
    assert_eq!(chosen.len(), 1, "{outcomes:?}");
    let chosen = format!("{OTHER} {}", chosen[0].0);

    let bearer = before.bearer();
    let me = post.origin.get("/auth/me", &[("authorization", &bearer)]).await;
    me.expect(401, "token_revoked");
    let refresh = json!({ "refresh_token": before.member("refresh_token") });
    post.origin.post("/auth/refresh", refresh, &[]).await.expect(401, "refresh_revoked");
    post.login(PASSWORD).await.expect(401, "credentials_invalid");
    post.login(&chosen).await.expect_status(200);
    assert!(post.letter(2).await.contains("Subject: Your password was changed"));
}

#[tokio::test]
async fn a_proof_is_short_lived_and_the_newest_alone_is_good() {
    let post = Post::strict().await;
    post.forgot("a@b.co").await;
    let first = post.token(1).await;
    // Not again within a minute, whoever asks.
    post.forgot("a@b.co").await.expect_status(202);
    post.quiet().await;
    assert!(post.reset("x", OTHER).await.status.as_u16() == 400);
    post.impatient().await;
    let before = post.letters().len();
    post.forgot("a@b.co").await;
    let second = post.token(before).await;
    assert_ne!(first, second);
    post.reset(&first, OTHER).await.expect(400, "proof_invalid");
    post.verify(&second).await.expect(400, "proof_invalid");
    post.origin.sql("accounts.db", "UPDATE proof SET expires_at = expires_at - 1800").await;
    post.reset(&second, OTHER).await.expect(400, "proof_invalid");
    post.login(PASSWORD).await.expect_status(200);
}

#[tokio::test]
async fn a_disabled_account_gets_no_letter_and_no_password() {
    let post = Post::strict().await;
    post.forgot("a@b.co").await;
    let token = post.token(1).await;
    post.origin.sql("accounts.db", "UPDATE account SET disabled = true").await;
    post.reset(&token, OTHER).await.expect(400, "proof_invalid");
    post.impatient().await;
    post.forgot("a@b.co").await.expect_status(202);
    post.register("a@b.co", OTHER).await.expect_status(202);
    assert_eq!(post.quiet().await.len(), 0);
}

#[tokio::test]
async fn pwd_11_a_change_wants_the_password_and_leaves_one_session() {
    let post = Post::strict().await;
    let other = post.login(PASSWORD).await;
    let mine = post.login(PASSWORD).await;
    let bearer = mine.bearer();
    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        let (origin, bearer) = (&post.origin, bearer.clone());
        async move { origin.post("/auth/password", body, &[("authorization", &bearer)]).await }
    };
    change(OTHER, "and a third one").await.expect(401, "credentials_invalid");
    change(&"x".repeat(300), OTHER).await.expect(401, "credentials_invalid");
    change(PASSWORD, "password1").await.expect(400, "password_common");
    let body = json!({ "current_password": PASSWORD, "new_password": OTHER });
    post.origin.post("/auth/password", body.clone(), &[]).await.expect(401, "token_missing");
    let cookie = format!("__Host-at={}", mine.member("access_token"));
    let foreign = [("cookie", &*cookie), ("sec-fetch-site", "cross-site")];
    post.origin.post("/auth/password", body, &foreign).await.expect(403, "cross_site");
    for body in [json!({ "new_password": OTHER }), json!({ "password": OTHER })] {
        let answer = post.origin.post("/auth/password", body, &[("authorization", &bearer)]).await;
        answer.expect(400, "request_invalid");
    }
    post.login(PASSWORD).await.expect_status(200);

    post.forgot("a@b.co").await;
    let reset = post.token(1).await;
    let changed = change(PASSWORD, OTHER).await;
    changed.expect_status(204);
    assert!(changed.epoch() > mine.epoch());
    let me = |answer: &Answer| {
        let bearer = answer.bearer();
        let origin = &post.origin;
        async move { origin.get("/auth/me", &[("authorization", &bearer)]).await }
    };
    me(&mine).await.expect_status(200);
    me(&other).await.expect(401, "token_revoked");
    post.login(PASSWORD).await.expect(401, "credentials_invalid");
    // A letter that was under way does not undo it.
    post.reset(&reset, PASSWORD).await.expect(400, "proof_invalid");
    assert!(post.letter(2).await.contains("Subject: Your password was changed"));
    post.login(OTHER).await.expect_status(200);
}

#[tokio::test]
async fn another_address_is_the_accounts_once_its_reader_says_so() {
    let post = Post::strict().await;
    let bearer = post.login(PASSWORD).await.bearer();
    let change = |password: &str, email: &str| {
        let body = json!({ "current_password": password, "email": email });
        let (origin, bearer) = (&post.origin, bearer.clone());
        async move { origin.post("/auth/email", body, &[("authorization", &bearer)]).await }
    };
    change(OTHER, "c@b.co").await.expect(401, "credentials_invalid");
    change(PASSWORD, "c").await.expect(400, "email_invalid");
    change(PASSWORD, "c@b.co").await.expect_status(202);
    assert!(
        post.letter(1).await.contains("To: a@b.co\nSubject: Your e-mail address is being changed")
    );
    let token = post.token(2).await;
    assert!(post.letter(2).await.contains("To: c@b.co\n"));
    post.login(PASSWORD).await.expect_status(200);
    post.verify(&token).await.expect_status(204);
    post.login(PASSWORD).await.expect(401, "credentials_invalid");
    let body = json!({ "email": "c@b.co", "password": PASSWORD });
    let answer = post.origin.post("/auth/login", body, &[]).await;
    assert_eq!(answer.json()["user"]["email"], "c@b.co");
    // One that is taken: the same answer, and no letter there.
    post.register("d@b.co", PASSWORD).await;
    post.verify(&post.token(3).await).await.expect_status(204);
    post.impatient().await;
    change(PASSWORD, "d@b.co").await.expect_status(202);
    let letters = post.quiet().await;
    assert!(!letters.iter().any(|letter| letter.contains("To: d@b.co\n")), "{letters:?}");
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

async fn form(origin: &Origin, path: &str, fields: &[(&str, &str)]) -> Answer {
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        // What browsers send from a page without a referrer.
        ("origin", "null"),
    ];
    let body = serde_urlencoded::to_string(fields).unwrap();
    origin.send(request("POST", path, body.into(), &headers)).await
}

#[tokio::test]
async fn the_whole_way_by_pages() {
    let post = Post::start(&[REQUIRED]).await;
    let origin = &post.origin;
    let account = [("email", "a@b.co"), ("password", PASSWORD)];
    let answer = form(origin, "/auth/register", &account).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/auth/verify?sent"));
    assert!(answer.cookies().is_empty());
    let page = origin.get("/auth/verify?sent", &[]).await;
    assert!(page.text.contains("a letter is on its way"), "{}", page.text);

    let token = post.token(0).await;
    let refused = form(origin, "/auth/login", &account).await;
    refused.expect_status(403);
    assert!(
        refused.text.contains("not confirmed yet")
            && refused.text.contains("href=\"/auth/verify\"")
    );

    let page =
        origin.get(&format!("/auth/verify?token={token}"), &[("accept-language", "ko")]).await;
    assert!(page.text.contains(&token) && page.text.contains("확인하기"), "{}", page.text);
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    let done = form(origin, "/auth/verify", &[("token", &token)]).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/auth/verify?done"));
    let again = form(origin, "/auth/verify", &[("token", &token)]).await;
    again.expect_status(400);
    assert!(again.text.contains("This link was used"), "{}", again.text);
    assert_eq!(form(origin, "/auth/login", &account).await.status.as_u16(), 303);

    let sent = form(origin, "/auth/password/forgot", &[("email", "a@b.co")]).await;
    assert_eq!((sent.status.as_u16(), sent.header("location")), (303, "/auth/forgot?sent"));
    let wrong = form(origin, "/auth/password/forgot", &[("email", "\"><script>")]).await;
    wrong.expect_status(400);
    assert!(wrong.text.contains("&quot;&gt;&lt;script&gt;") && !wrong.text.contains("<script"));
    let token = post.token(1).await;
    let weak =
        form(origin, "/auth/password/reset", &[("token", &token), ("password", "short")]).await;
    weak.expect_status(400);
    assert!(weak.text.contains("at least 8 characters") && weak.text.contains(&token));
    assert_eq!(weak.header("referrer-policy"), "no-referrer");
    let fields = [("token", &*token), ("password", OTHER)];
    let done = form(origin, "/auth/password/reset", &fields).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/auth/reset?done"));
    post.login(OTHER).await.expect_status(200);
    let hostile = "/auth/reset?token=%22%3E%3Cscript%3E";
    assert!(!origin.get(hostile, &[]).await.text.contains("<script"));
}

#[tokio::test]
async fn the_account_page_changes_password_and_address() {
    let post = Post::strict().await;
    let login = || async {
        let body = json!({ "email": "a@b.co", "password": PASSWORD });
        post.origin.post("/auth/login", body, &[]).await
    };
    let (mine, other) = (login().await, login().await);
    let cookie = |answer: &Answer| format!("__Host-at={}", answer.cookie("__Host-at"));
    let send = |path: &str, fields: &[(&str, &str)]| {
        let (body, cookies) = (serde_urlencoded::to_string(fields).unwrap(), cookie(&mine));
        let path = String::from(path);
        let origin = &post.origin;
        async move {
            let headers = [
                ("content-type", "application/x-www-form-urlencoded"),
                ("sec-fetch-site", "same-origin"),
                ("cookie", &*cookies),
            ];
            origin.send(request("POST", &path, body.into(), &headers)).await
        }
    };
    let page = post.origin.get("/auth/account", &[("cookie", &cookie(&mine))]).await;
    for part in ["a@b.co", "confirmed", "/auth/account/password", "/auth/account/email"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    let fields = [("current_password", OTHER), ("new_password", OTHER)];
    let refused = send("/auth/account/password", &fields).await;
    refused.expect_status(401);
    assert!(refused.text.contains("The current password is wrong."), "{}", refused.text);
    assert!(refused.text.contains("<details open>"), "{}", refused.text);
    let fields = [("current_password", PASSWORD), ("new_password", "password1")];
    let refused = send("/auth/account/password", &fields).await;
    refused.expect_status(400);
    assert!(refused.text.contains("easily guessed"), "{}", refused.text);
    let fields = [("current_password", PASSWORD), ("email", "c@b.co")];
    let asked = send("/auth/account/email", &fields).await;
    assert_eq!((asked.status.as_u16(), asked.header("location")), (303, "/auth/verify?sent"));
    assert!(post.letter(2).await.contains("To: c@b.co\n"));
    let fields = [("current_password", PASSWORD), ("new_password", OTHER)];
    let done = send("/auth/account/password", &fields).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/auth/account"));
    let me = post.origin.get("/auth/me", &[("cookie", &cookie(&mine))]).await;
    me.expect_status(200);
    let me = post.origin.get("/auth/me", &[("cookie", &cookie(&other))]).await;
    me.expect(401, "token_revoked");
}

#[tokio::test]
async fn cks_04_forms_from_elsewhere_change_nothing() {
    let post = Post::strict().await;
    post.forgot("a@b.co").await;
    let token = post.token(1).await;
    for (path, fields) in [
        ("/auth/password/reset", vec![("token", &*token), ("password", OTHER)]),
        ("/auth/verify", vec![("token", &*token)]),
        ("/auth/password/forgot", vec![("email", "a@b.co")]),
    ] {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "cross-site"),
        ];
        let body = serde_urlencoded::to_string(fields).unwrap();
        let answer = post.origin.send(request("POST", path, body.into(), &headers)).await;
        answer.expect(403, "cross_site");
    }
    post.login(PASSWORD).await.expect_status(200);
}

#[tokio::test]
async fn pwd_08_a_hash_with_old_parameters_is_replaced_when_its_password_comes() {
    let origin = Origin::start().await;
    origin.sign_in("a@b.co").await;
    let before =
        "UPDATE account SET password_hash = '$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHRzYWx0$AAAA'";
    origin.sql("accounts.db", before).await;
    let body = json!({ "email": "a@b.co", "password": PASSWORD });
    // A hash that is cut short fits nothing.
    assert_ne!(origin.post("/auth/login", body.clone(), &[]).await.status.as_u16(), 200);
    let accounts = &origin.services.login.accounts;
    let email = crate::port::Email::parse("a@b.co").unwrap();
    let id = accounts.by_email(&email).await.unwrap().unwrap().id;
    let params = argon2::Params::new(8 * 1024, 1, 1, None).unwrap();
    let cheap = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let cheap = argon2::password_hash::PasswordHasher::hash_password(&cheap, PASSWORD.as_bytes());
    let cheap = common::Secret::new(cheap.unwrap().to_string());
    accounts.set_password(&id, &cheap).await.unwrap();
    origin.post("/auth/login", body.clone(), &[]).await.expect_status(200);
    let kept = accounts.by_id(&id).await.unwrap().unwrap().password_hash.unwrap();
    assert!(kept.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "not hashed anew");
    origin.post("/auth/login", body, &[]).await.expect_status(200);
}

#[tokio::test]
async fn pwd_01_disabled_and_without_a_password_is_told_like_wrong() {
    let origin = Origin::start().await;
    for email in ["wrong@b.co", "disabled@b.co", "social@b.co"] {
        origin.sign_in(email).await;
    }
    let disable = "UPDATE account SET disabled = true WHERE email = 'disabled@b.co'";
    let social = "UPDATE account SET password_hash = NULL WHERE email = 'social@b.co'";
    origin.sql("accounts.db", disable).await;
    origin.sql("accounts.db", social).await;
    let mut answers = Vec::new();
    for (email, password) in [
        ("nobody@b.co", PASSWORD),
        ("wrong@b.co", OTHER),
        ("disabled@b.co", PASSWORD),
        ("social@b.co", PASSWORD),
    ] {
        let body = json!({ "email": email, "password": password });
        let answer = origin.post("/auth/login", body, &[]).await;
        answer.expect(401, "credentials_invalid");
        answers.push((answer.text, answer.headers));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn a_new_password_takes_back_a_change_of_address_that_is_under_way() {
    let post = Post::strict().await;
    let bearer = post.login(PASSWORD).await.bearer();
    let headers = [("authorization", bearer.as_str())];
    let address = json!({ "current_password": PASSWORD, "email": "evil@b.co" });
    post.origin.post("/auth/email", address, &headers).await.expect_status(202);
    let token = post.token(2).await;
    let password = json!({ "current_password": PASSWORD, "new_password": OTHER });
    post.origin.post("/auth/password", password, &headers).await.expect_status(204);
    post.verify(&token).await.expect(400, "proof_invalid");
}

/// One that is no address by the rules of today.
#[tokio::test]
async fn whoever_has_an_address_of_an_older_rule_changes_and_resets_the_password() {
    let post = Post::start(&[]).await;
    post.register("a@b.co", PASSWORD).await;
    post.letter(0).await;
    let older = "UPDATE account SET email = 'a\u{3164}@b.co'";
    let bearer = post.login(PASSWORD).await.bearer();
    post.origin.sql("accounts.db", older).await;
    let body = json!({ "current_password": PASSWORD, "new_password": OTHER });
    let headers = [("authorization", bearer.as_str())];
    post.origin.post("/auth/password", body, &headers).await.expect_status(204);

    post.origin.sql("accounts.db", "UPDATE account SET email = 'a@b.co'").await;
    post.letter(1).await;
    post.forgot("a@b.co").await.expect_status(202);
    let token = post.token(2).await;
    post.origin.sql("accounts.db", older).await;
    post.origin.sql("accounts.db", "UPDATE proof SET email = 'a\u{3164}@b.co'").await;
    post.reset(&token, PASSWORD).await.expect_status(204);
    let kept = post.origin.services.profiles.accounts.after("", 2).await.unwrap();
    assert!(kept[0].email == "a\u{3164}@b.co" && kept[0].email_verified, "{kept:?}");
}

#[tokio::test]
async fn oid_12_whoever_was_here_before_the_address_was_proven_keeps_no_login_elsewhere() {
    let post = Post::start(&[]).await;
    let account = post.register("a@b.co", "the password of a squatter").await.json();
    let account = account["user"]["id"].as_str().unwrap().parse().unwrap();
    let link = "INSERT INTO identity (account_id, issuer, subject, provider, linked_at) \
                SELECT id, 'https://a.example', '1', 'a', 1 FROM account";
    post.origin.sql("accounts.db", link).await;
    let social = &post.origin.services.social;
    assert_eq!(social.linked(&account).await.unwrap().len(), 1);
    post.letter(0).await;
    post.forgot("a@b.co").await.expect_status(202);
    post.reset(&post.token(1).await, PASSWORD).await.expect_status(204);
    assert_eq!(social.linked(&account).await.unwrap(), []);
}
