//! The router in process, on real stores in a folder of their own.

mod account;
mod admin;
mod admin_pages;
mod attacks;
mod bodies;
mod cookies;
mod frame;
mod introspection;
mod letters;
mod limits;
mod malformed;
mod metrics;
mod openapi;
mod pages;
mod passwords;
mod round_trips;
mod sessions;
mod social;
mod stores;
mod well_known;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::{Services, operator, public};
use crate::app::App;
use crate::config::Config;

const EDGE_SECRET: &str = "an-edge-secret-for-tests";
const PASSWORD: &str = "correct horse battery";

/// An origin of one test.
struct Origin {
    router: Router,
    operator: Router,
    services: Arc<Services>,
    state: TempDir,
    /// The URL of the database, where that is a server's.
    database: Option<String>,
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Origin {
    async fn start() -> Self {
        Self::with(&[]).await
    }

    async fn with(settings: &[(&str, &str)]) -> Self {
        let state = tempfile::tempdir().unwrap();
        let (services, operator) = both(&state, settings).await;
        let url = settings.iter().find(|(name, _)| *name == stores::DATABASE);
        let database = url.map(|(_, url)| (*url).to_owned());
        Self { router: public(Arc::clone(&services)), operator, services, state, database }
    }

    /// The same state, with other settings from now on.
    async fn again(self, settings: &[(&str, &str)]) -> Self {
        let (services, operator) = both(&self.state, settings).await;
        Self { router: public(Arc::clone(&services)), operator, services, ..self }
    }

    /// The same state, opened by another process.
    async fn replica(&self) -> Arc<Services> {
        build(&self.state, &[]).await
    }

    /// Reaches behind the stores, into one of their files, or the server that is there in its place.
    async fn sql(&self, file: &str, statement: &'static str) {
        if let Some(url) = self.database.as_ref().filter(|_| file == "accounts.db") {
            let pool = sqlx::PgPool::connect(url).await.unwrap();
            sqlx::query(statement).execute(&pool).await.unwrap();
            return pool.close().await;
        }
        let path = self.state.path().join("state").join(file);
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::query(statement).execute(&pool).await.unwrap();
        pool.close().await;
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let asked = openapi::Asked::of(&request);
        let answer = Answer::read(self.router.clone().oneshot(request).await.unwrap()).await;
        asked.expect_as_described(&answer);
        answer
    }

    async fn post(&self, path: &str, body: Value, headers: &[(&str, &str)]) -> Answer {
        self.send(post(path, body.to_string(), headers)).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(request("GET", path, Body::empty(), headers)).await
    }

    /// Registers a user and signs in, tokens in the body.
    async fn sign_in(&self, email: &str) -> Answer {
        let answer =
            self.post("/auth/register", json!({ "email": email, "password": PASSWORD }), &[]).await;
        assert!([StatusCode::CREATED, StatusCode::CONFLICT].contains(&answer.status));
        let body = json!({ "email": email, "password": PASSWORD, "delivery": "body" });
        let answer = self.post("/auth/login", body, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer
    }
}

async fn build(state: &TempDir, settings: &[(&str, &str)]) -> Arc<Services> {
    both(state, settings).await.0
}

/// The services, and what the operator can ask.
async fn both(state: &TempDir, settings: &[(&str, &str)]) -> (Arc<Services>, Router) {
    let dir = state.path().join("state").to_string_lossy().into_owned();
    let own = [
        ("PORTCULLIS__STATE__DIR", dir.as_str()),
        ("PORTCULLIS__EDGE__SECRET", EDGE_SECRET),
        // Nobody here has an address.
        ("PORTCULLIS__LIMITS__SIGN_IN", "100000/1h"),
        ("PORTCULLIS__LIMITS__REGISTER", "100000/1h"),
        ("PORTCULLIS__LIMITS__ACCOUNT", "1000"),
        ("PORTCULLIS__LIMITS__SESSIONS", "100000/1h"),
        ("PORTCULLIS__LIMITS__MAIL", "100000/1h"),
        ("PORTCULLIS__LIMITS__MAIL_TO", "100000/1h"),
    ];
    let variables = own.iter().chain(settings);
    let variables = variables.map(|(name, value)| (String::from(*name), String::from(*value)));
    let app = App::build(&Config::load(None, variables).unwrap()).await.unwrap();
    if let Some(postman) = app.postman {
        let (running, stop) = watch::channel(false);
        tokio::spawn(async move {
            postman.run(stop).await;
            drop(running);
        });
    }
    (app.services, operator(app.probes))
}

fn request(method: &str, path: &str, body: Body, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("host", "origin.test");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).unwrap()
}

fn post(path: &str, body: impl Into<Body>, headers: &[(&str, &str)]) -> Request<Body> {
    let json = [("content-type", "application/json")];
    request("POST", path, body.into(), &[&json, headers].concat())
}

impl Answer {
    fn expect_status(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
    }

    async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Self { status: parts.status, headers: parts.headers, text }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn member(&self, name: &str) -> String {
        String::from(self.json()[name].as_str().unwrap_or_else(|| panic!("{}", self.text)))
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.member("access_token"))
    }

    fn cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The value of a cookie that was set.
    fn cookie(&self, name: &str) -> &str {
        let prefix = format!("{name}=");
        let set = self.cookies().into_iter().find_map(|cookie| cookie.strip_prefix(&prefix));
        set.unwrap().split(';').next().unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// It is this problem, in the form that every problem has.
    fn expect(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert!(!self.header("portcullis-epoch").is_empty());
        let problem = self.json();
        assert_eq!(problem["code"], code, "{}", self.text);
        assert_eq!(problem["status"], status);
        assert_eq!(self.headers.contains_key("retry-after"), [429, 503].contains(&status));
    }

    fn epoch(&self) -> u64 {
        self.header("portcullis-epoch").parse().unwrap()
    }
}
