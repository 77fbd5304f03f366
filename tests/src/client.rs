//! A client of the edge or the origin: as a browser, with cookies, or as a program, with tokens.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{Outcome, secrets};

/// How long a patient client comes again.
const PATIENCE: Duration = Duration::from_secs(15);

/// Talks to one place, and keeps cookies as a browser does.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    cookies: BTreeMap<String, String>,
    patient: bool,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Client {
    /// A client of the place at this URL.
    ///
    /// # Errors
    /// When the system has no randomness or sockets to give.
    pub fn new(base: impl Into<String>) -> Outcome<Self> {
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .timeout(Duration::from_secs(30))
            .build()?;
        Ok(Self { http, base: base.into(), cookies: BTreeMap::new(), patient: false })
    }

    /// A request, to be added to.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// One that comes again as long as it is told to, as a busy machine's parts may: for stories in which
    /// none of them fails.
    #[must_use]
    pub fn patient(&self) -> Self {
        Self { patient: true, ..self.clone() }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When there is no answer; for a patient client, or one to come again for a quarter of a minute.
    pub async fn send(&self, request: RequestBuilder) -> Outcome<Answer> {
        let since = Instant::now();
        let mut next = Some(request);
        while let Some(request) = next.take() {
            next = request.try_clone().filter(|_| self.patient);
            let answer = self.send_once(request).await?;
            if answer.status != 503 || next.is_none() {
                return Ok(answer);
            }
            if since.elapsed() > PATIENCE {
                return answer.expect(200);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err("nothing was sent".into())
    }

    async fn send_once(&self, request: RequestBuilder) -> Outcome<Answer> {
        let response = request.send().await?;
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: String::from_utf8_lossy(&response.bytes().await?).into_owned(),
        };
        for cookie in answer.set_cookies() {
            secrets::used(cookie.1);
        }
        for name in ["access_token", "refresh_token"] {
            if let Some(token) = answer.text(name) {
                secrets::used(&token);
            }
        }
        Ok(answer)
    }

    /// `GET` with a bearer token.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, path: &str, token: &str) -> Outcome<Answer> {
        self.send(self.request(Method::GET, path).bearer_auth(token)).await
    }

    /// `GET` without credentials.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get_plain(&self, path: &str) -> Outcome<Answer> {
        self.send(self.request(Method::GET, path)).await
    }

    /// `POST` of a JSON body.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Outcome<Answer> {
        for member in ["password", "refresh_token"] {
            if let Some(secret) = body.get(member).and_then(Value::as_str) {
                secrets::used(secret);
            }
        }
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Sends as a page of the site would: with the cookies and `Sec-Fetch-Site`; keeps what is set.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn browse(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Outcome<Answer> {
        let mut request = self.request(method, path).header("sec-fetch-site", "same-origin");
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", pairs.join("; "));
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = self.send(request).await?;
        for (name, value) in answer.set_cookies() {
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        Ok(answer)
    }

    /// The value of a cookie.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Puts a cookie into the jar.
    pub fn keep(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.into(), value.into());
    }

    /// Registers an account.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn register(&self, email: &str, password: &str) -> Outcome<Answer> {
        let body = json!({"email": email, "password": password});
        self.post("/auth/register", &body).await?.expect(201)
    }

    /// Signs in as a program does: both tokens in the body.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn login(&self, email: &str, password: &str) -> Outcome<Answer> {
        let body = json!({"email": email, "password": password, "delivery": "body"});
        secrets::used(password);
        let login = self.request(Method::POST, "/auth/login").json(&body);
        self.patient().send(login).await?.expect(200)
    }

    /// Presents a refresh token.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn refresh(&self, token: &str) -> Outcome<Answer> {
        self.post("/auth/refresh", &json!({"refresh_token": token})).await
    }
}

impl Answer {
    /// This answer, if it has this status.
    ///
    /// # Errors
    /// When it has another; with the whole answer, tokens left out.
    pub fn expect(self, status: u16) -> Outcome<Self> {
        if self.status == status {
            return Ok(self);
        }
        let told = if self.status < 300 { "(a body)" } else { &self.body };
        Err(format!("expected {status}, got {}: {told}", self.status).into())
    }

    /// The status, if it is one of these.
    ///
    /// # Errors
    /// When it is another.
    pub fn expect_any(&self, statuses: &[u16]) -> Outcome<u16> {
        if statuses.contains(&self.status) {
            return Ok(self.status);
        }
        Err(format!("expected one of {statuses:?}, got {}: {}", self.status, self.body).into())
    }

    /// This answer, if it is the problem of this status and code.
    ///
    /// # Errors
    /// When it is another, or not in the form of RFC 9457, or may be cached (BRR-09).
    pub fn refused(self, status: u16, code: &str) -> Outcome<Self> {
        let answer = self.expect(status)?;
        if answer.code() != code {
            return Err(format!("expected {code}, got {}", answer.body).into());
        }
        if answer.header("content-type") != "application/problem+json" {
            return Err(format!("{code} came as {}", answer.header("content-type")).into());
        }
        if answer.header("cache-control") != "no-store" {
            return Err(
                format!("{code} may be cached: {:?}", answer.header("cache-control")).into()
            );
        }
        Ok(answer)
    }

    /// A header's value, empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A text of the body.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.json().get(name).and_then(Value::as_str).map(Into::into)
    }

    /// The problem's code, empty when it is none.
    #[must_use]
    pub fn code(&self) -> String {
        self.text("code").unwrap_or_default()
    }

    /// The age of the head that the gate went by, in seconds.
    ///
    /// # Errors
    /// When the gate had none, or did not say.
    pub fn age(&self) -> Outcome<u64> {
        let told = self.header("portcullis-epoch");
        let age = told.split_once(";age=").and_then(|(_, age)| age.parse().ok());
        age.ok_or_else(|| format!("the gate tells no age: {told:?}").into())
    }

    /// The access token that was issued.
    ///
    /// # Errors
    /// When there is none.
    pub fn access(&self) -> Outcome<String> {
        self.text("access_token").ok_or_else(|| "no access token in the answer".into())
    }

    /// The refresh token that was issued.
    ///
    /// # Errors
    /// When there is none.
    pub fn refresh(&self) -> Outcome<String> {
        self.text("refresh_token").ok_or_else(|| "no refresh token in the answer".into())
    }

    /// The values that the app saw of a request header, as the demo app tells.
    #[must_use]
    pub fn seen(&self, name: &str) -> Vec<String> {
        let told = self.json();
        let pairs = told.get("headers").and_then(Value::as_array).cloned().unwrap_or_default();
        pairs
            .iter()
            .filter(|pair| pair.get(0).and_then(Value::as_str) == Some(name))
            .filter_map(|pair| pair.get(1).and_then(Value::as_str).map(Into::into))
            .collect()
    }

    /// Whether the app answered, and not the gate or the origin.
    #[must_use]
    pub fn is_from_the_app(&self) -> bool {
        self.json().get("body_bytes").is_some()
    }

    fn set_cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .get_all("set-cookie")
            .iter()
            .filter_map(|value: &HeaderValue| value.to_str().ok())
            .filter_map(|value| value.split(';').next()?.split_once('='))
    }
}
