//! `origin doctor`, run as an operator runs it: on what is good, and on what is broken in one way each.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fs, os::unix::fs::PermissionsExt as _};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse as _;
use axum::routing::get;
use axum::{Json, Router};
use tempfile::TempDir;

const SECRET: &str = "an-edge-secret-for-tests";
const EDGE: (&str, &str) = ("PORTCULLIS__EDGE__SECRET", SECRET);

/// What it said, and how it ended.
struct Said {
    code: Option<i32>,
    text: String,
}

impl Said {
    /// The line about `what`.
    fn line(&self, what: &str) -> &str {
        let of =
            |line: &&str| line.get(10..).is_some_and(|rest| rest.starts_with(&format!("{what} ")));
        let found = self.text.lines().find(of);
        assert!(found.is_some(), "nothing of {what}: {}", self.text);
        found.unwrap_or_default()
    }

    /// It finds this wrong, says so in these words, and ends with 1.
    fn finds_wrong(&self, what: &str, words: &str) {
        let line = self.line(what);
        assert!(line.starts_with("wrong ") && line.contains(words), "{}", self.text);
        assert_eq!(self.code, Some(1), "{}", self.text);
    }
}

fn origin(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_origin"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .expect("the binary was built with this test");
    let text = [output.stdout, output.stderr].concat();
    Said { code: output.status.code(), text: String::from_utf8(text).expect("UTF-8") }
}

fn doctor(folder: &Path, variables: &[(&str, &str)]) -> Said {
    origin(folder, &["doctor"], variables)
}

/// A folder that an origin can serve from.
fn served() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for this test");
    assert_eq!(origin(folder.path(), &["migrate"], &[]).code, Some(0));
    folder
}

/// All files below, with what is in them and when they were changed; without SQLite's index of a log, which whoever
/// reads that log touches and nothing is kept in.
fn files(folder: &Path) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.to_string_lossy().ends_with("-shm") {
                let changed = path.metadata().and_then(|file| file.modified()).expect("a time");
                let content = fs::read(&path).expect("a file");
                found.insert(path.display().to_string(), (content, changed));
            }
        }
    }
    found
}

#[test]
fn all_is_well_in_a_folder_that_an_origin_serves_from_and_stays_as_it_is() {
    let folder = served();
    let before = files(folder.path());
    let said =
        doctor(folder.path(), &[EDGE, ("PORTCULLIS__TOKENS__ISSUER", "https://app.example")]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    for (what, words) in [
        ("configuration", "portcullis-app"),
        ("tokens.issuer", "https://app.example"),
        ("edge.secret", "long enough"),
        ("state.dir", " signs, the anchor is "),
        ("sessions", "sessions.db; epoch "),
        ("accounts", "accounts.db, up to date"),
    ] {
        let line = said.line(what);
        assert!(line.starts_with("good ") && line.contains(words), "{}", said.text);
    }
    assert!(said.line("kv").starts_with("doubtful "), "{}", said.text);
    assert!(said.text.ends_with("6 good, 1 doubtful, 0 wrong\n"), "{}", said.text);
    assert!(!said.text.contains(SECRET));
    assert_eq!(files(folder.path()), before);
}

#[test]
fn in_a_folder_that_nobody_serves_from_it_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let said = doctor(folder.path(), &[]);
    said.finds_wrong("state.dir", "no origin has served from");
    said.finds_wrong("sessions", "sessions.db");
    said.finds_wrong("accounts", "accounts.db");
    assert!(files(folder.path()).is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_configured_wrongly_is_told_in_the_words_of_the_configuration() {
    let folder = served();
    let short = doctor(folder.path(), &[("PORTCULLIS__EDGE__SECRET", "hunter2")]);
    short.finds_wrong("configuration", "edge.secret");
    assert!(!short.text.contains("hunter2"), "{}", short.text);
    let plain = [("PORTCULLIS__TOKENS__ISSUER", "http://app.example")];
    doctor(folder.path(), &plain).finds_wrong("tokens.issuer", "is not https");
    let none = doctor(folder.path(), &[]);
    assert!(none.line("edge.secret").starts_with("doubtful "), "{}", none.text);
    assert!(none.line("tokens.issuer").starts_with("doubtful "), "{}", none.text);
    assert_eq!(none.code, Some(0), "{}", none.text);
    assert_eq!(origin(folder.path(), &["doctor", "--probe", "nowhere"], &[]).code, Some(2));
    assert_eq!(origin(folder.path(), &["doctor", "--mend"], &[]).code, Some(2));
}

#[test]
fn keys_that_others_can_read_and_keys_that_are_gone_are_wrong() {
    let folder = served();
    let keys = folder.path().join(".portcullis/keys");
    let file = keys.join("signing.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    doctor(folder.path(), &[]).finds_wrong("state.dir", "can be read by others");
    fs::remove_file(&file).unwrap();
    doctor(folder.path(), &[]).finds_wrong("state.dir", "signing.json");
    assert!(!file.exists());
}

#[tokio::test]
async fn a_database_that_is_not_migrated_is_wrong_and_stays_so() {
    let folder = served();
    let path = folder.path().join(".portcullis/accounts.db");
    fs::remove_file(&path).unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("CREATE TABLE other (a TEXT)").execute(&pool).await.unwrap();
    pool.close().await;
    for _ in 0..2 {
        doctor(folder.path(), &[]).finds_wrong("accounts", "steps behind; run `origin migrate`");
    }
}

#[test]
fn stores_and_servers_that_are_down_are_told_within_the_time_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("PORTCULLIS__REDIS__URL", "redis://:hunter2@127.0.0.1:9")];
    // What is made without Redis is made first.
    assert_eq!(origin(folder.path(), &["migrate"], &[]).code, Some(0));
    fs::remove_file(folder.path().join(".portcullis/elsewhere")).ok();
    // A server that takes connections and says nothing.
    let hung = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = hung.local_addr().unwrap().port();
    let smtp = format!("smtp://127.0.0.1:{port}?tls=none");
    let idp = format!("http://127.0.0.1:{port}");
    let kv = format!("http://127.0.0.1:{port}/api");
    let database = format!("postgres://u:hunter2@127.0.0.1:{port}/d?sslmode=disable");
    let all = [
        &variables[..],
        &[
            ("PORTCULLIS__DATABASE__URL", &*database),
            ("PORTCULLIS__MAIL__SMTP", &*smtp),
            ("PORTCULLIS__MAIL__FROM", "Us <us@example.com>"),
            ("PORTCULLIS__OAUTH__IDP__ISSUER", &*idp),
            ("PORTCULLIS__OAUTH__IDP__CLIENT_ID", "a"),
            ("PORTCULLIS__OAUTH__IDP__CLIENT_SECRET", "hunter2"),
            ("PORTCULLIS__KV__API", &*kv),
            ("PORTCULLIS__KV__TOKEN", "hunter2"),
        ],
    ]
    .concat();
    let started = Instant::now();
    let said = doctor(folder.path(), &all);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    said.finds_wrong("redis.url", "redis is not available");
    said.finds_wrong("database.url", "no answer within 5s");
    said.finds_wrong("mail.smtp", "no answer within 5s");
    said.finds_wrong("oauth.idp", "");
    said.finds_wrong("kv", "cannot be read");
    assert!(!said.text.contains("hunter2"), "{}", said.text);
}

/// A KV, an edge and an origin behind it, as far as `doctor` asks them.
#[derive(Clone, Default)]
struct World {
    head: Arc<Mutex<Option<String>>>,
    age: Arc<Mutex<u64>>,
    epoch: Arc<Mutex<u64>>,
}

impl World {
    async fn start() -> (Self, String) {
        let world = Self::default();
        let head =
            async |State(world): State<Self>| match world.head.lock().expect("no panic").clone() {
                Some(head) => {
                    ([(CONTENT_TYPE, "application/portcullis-head+jwt")], head).into_response()
                }
                None => StatusCode::NOT_FOUND.into_response(),
            };
        let page = async |State(world): State<Self>| {
            let (epoch, age) =
                (*world.epoch.lock().expect("no panic"), *world.age.lock().expect("no panic"));
            [("portcullis-epoch", format!("{epoch};age={age}"))]
        };
        let router = Router::new()
            .route("/storage/kv/namespaces/portcullis/values/head", get(head))
            .route("/.well-known/portcullis/head", get(head))
            .route("/", get(page))
            .with_state(world.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = router.merge(provider(&url));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (world, url)
    }
}

/// A provider at `url`, whose document is found under another name, too.
fn provider(url: &str) -> Router {
    // The key of RFC 8037, appendix A.2.
    let key = serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "kid": "a", "use": "sig",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let keys = Json(serde_json::json!({ "keys": [key] }));
    let document = Json(serde_json::json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
        "id_token_signing_alg_values_supported": ["EdDSA"],
    }));
    let show = async move || document.clone();
    Router::new()
        .route("/.well-known/openid-configuration", get(show.clone()))
        .route("/other/.well-known/openid-configuration", get(show))
        .route("/keys", get(async move || keys.clone()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_asked_who_it_is() {
    let folder = served();
    let (_, url) = World::start().await;
    let said = |issuer: &str| {
        let variables = [
            ("PORTCULLIS__OAUTH__IDP__ISSUER", issuer),
            ("PORTCULLIS__OAUTH__IDP__CLIENT_ID", "a"),
            ("PORTCULLIS__OAUTH__IDP__CLIENT_SECRET", "hunter2"),
        ];
        doctor(folder.path(), &variables)
    };
    let good = said(&url);
    assert!(good.line("oauth.idp").starts_with("good "), "{}", good.text);
    said(&format!("{url}/other")).finds_wrong("oauth.idp", "is of another issuer");
    said(&format!("{url}/none")).finds_wrong("oauth.idp", "see its `issuer`");
}

/// Serves for a moment, to have a head made.
async fn head_of(folder: &Path) -> String {
    let mut process = Command::new(env!("CARGO_BIN_EXE_origin"))
        .arg("serve")
        .current_dir(folder)
        .env_clear()
        .env("PORTCULLIS__SERVER__LISTEN", "127.0.0.1:0")
        .env("PORTCULLIS__SERVER__OPERATOR_LISTEN", "127.0.0.1:0")
        .stderr(fs::File::create(folder.join("log")).expect("it works"))
        .spawn()
        .expect("it works");
    let since = Instant::now();
    let address = loop {
        assert!(since.elapsed() < Duration::from_mins(1), "it does not serve");
        tokio::time::sleep(Duration::from_millis(20)).await;
        let log = fs::read_to_string(folder.join("log")).expect("it works");
        let mut events =
            log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let found = events.find_map(|event| Some(event.get("address")?.as_str()?.to_owned()));
        if let Some(address) = found {
            break address;
        }
    };
    let url = format!("http://{address}/.well-known/portcullis/head");
    let head = reqwest::get(url).await.expect("an answer").text().await.expect("an answer");
    process.kill().expect("it works");
    process.wait().expect("it works");
    head
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_in_kv_and_behind_an_edge_are_held_against_the_store_and_the_anchor() {
    let folder = served();
    let (world, url) = World::start().await;
    let variables = [EDGE, ("PORTCULLIS__KV__API", &*url), ("PORTCULLIS__KV__TOKEN", "hunter2")];
    let probe = || origin(folder.path(), &["doctor", "--probe", &format!("{url}/")], &variables);

    let said = probe();
    said.finds_wrong("kv", "no head in it yet");
    said.finds_wrong("edge to origin", "answered 404");

    let head = head_of(folder.path()).await;
    *world.head.lock().unwrap() = Some(head.clone());
    let said = probe();
    let line = said.line("kv");
    assert!(line.starts_with("good ") && line.contains("as the store's"), "{}", said.text);
    let (_, epoch) = line.split_once("epoch ").unwrap();
    let epoch: u64 = epoch.split(',').next().unwrap().parse().unwrap();
    assert!(said.line("edge to origin").starts_with("good "), "{}", said.text);
    let line = said.line("edge");
    assert!(
        line.starts_with("doubtful ") && line.contains("epoch 0, 0 s old, behind"),
        "{}",
        said.text
    );

    *world.epoch.lock().unwrap() = epoch;
    let said = probe();
    assert_eq!(said.code, Some(0), "{}", said.text);
    for (age, verdict) in [(91, "doubtful "), (901, "wrong ")] {
        *world.age.lock().unwrap() = age;
        assert!(probe().line("edge").starts_with(verdict));
    }
    *world.age.lock().unwrap() = 0;
    *world.epoch.lock().unwrap() = epoch + 1;
    probe().finds_wrong("edge", "ahead of the store");

    // Another origin's head, by another anchor.
    let other = served();
    *world.head.lock().unwrap() = Some(head_of(other.path()).await);
    let said = probe();
    said.finds_wrong("kv", "none of ours");
    said.finds_wrong("edge to origin", "none of ours");
    assert!(!said.text.contains("hunter2"), "{}", said.text);
}
