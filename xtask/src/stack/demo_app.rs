//! The app behind the gate: tells what reached it.

use std::{borrow::Cow, convert::Infallible, path::PathBuf, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::{
        Request,
        ws::{WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response, Sse, sse::Event},
    routing::{any, get},
};
use futures_util::StreamExt;
use serde::Serialize;

use super::{
    Served, letters,
    pages::{Language, page},
};
use crate::{Error, error::Doing};

/// What a browser is shown first.
/// The edge as the pages name it.
const HOST: &str = "localhost:8787";
const ENGLISH: &str = include_str!("front.en.html");
const KOREAN: &str = include_str!("front.ko.html");

/// A running demo app. Dropping it closes its port and connections.
#[derive(Debug)]
pub struct DemoApp {
    served: Served,
}

impl DemoApp {
    /// Serves on a loopback port; 0 picks a free one.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(port: u16) -> Result<Self, Error> {
        Self::serve(port, router())
    }

    /// The same, and shows the letters of this folder to everybody, at `/public/letters`.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn with_letters(port: u16, folder: PathBuf) -> Result<Self, Error> {
        let letters =
            get(move |headers: HeaderMap| letters::page(folder.clone(), Language::of(&headers)));
        Self::serve(port, router().route("/public/letters", letters))
    }

    fn serve(port: u16, router: Router) -> Result<Self, Error> {
        let served = Served::start("demo-app", port, router)
            .doing(|| format!("starting the demo app on port {port}"))?;
        Ok(Self { served })
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.served.port()
    }
}

fn router() -> Router {
    Router::new()
        .route("/", get(front))
        .route("/ws", any(echo))
        .route("/sse", get(ticks))
        .fallback(tell)
}

/// The page for browsers; what every path answers for everyone else.
async fn front(request: Request) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/html")) {
        return Html(front_page(request.headers())).into_response();
    }
    tell(request).await
}

fn front_page(headers: &HeaderMap) -> String {
    let language = Language::of(headers);
    let title = language.choose("Behind the portcullis", "포트컬리스 뒤의 앱");
    let told = headers.get("x-forwarded-host").and_then(|host| host.to_str().ok());
    // Where it is written as README.md has it. The edge lets no host through that is not plain.
    let text = language.choose(ENGLISH, KOREAN).replace(HOST, told.unwrap_or(HOST));
    page(language, title, &text)
}

/// A request, as it came.
#[derive(Serialize)]
struct Told<'a> {
    method: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    headers: Vec<(&'a str, Cow<'a, str>)>,
    body_bytes: u64,
}

/// Answers with the request.
async fn tell(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(body_bytes) = count(body).await else {
        return (StatusCode::BAD_REQUEST, "the body ended early\n").into_response();
    };
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    Json(Told {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query(),
        headers,
        body_bytes,
    })
    .into_response()
}

/// How many bytes a body has, keeping none of them; nothing if it breaks off.
async fn count(body: Body) -> Option<u64> {
    let mut chunks = body.into_data_stream();
    let mut bytes = 0;
    while let Some(chunk) = chunks.next().await {
        bytes += chunk.ok()?.len() as u64;
    }
    Some(bytes)
}

async fn echo(
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Response {
    match upgrade {
        Ok(upgrade) => upgrade.on_upgrade(echo_frames),
        // No WebSocket was asked for: a path like any other.
        Err(_) => tell(request).await,
    }
}

async fn echo_frames(mut socket: WebSocket) {
    while let Some(Ok(frame)) = socket.recv().await {
        if socket.send(frame).await.is_err() {
            break;
        }
    }
}

/// One event at once, then one a second, until the listener goes.
async fn ticks() -> impl IntoResponse {
    let events = futures_util::stream::unfold(0_u64, |count| async move {
        if count > 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Some((Ok::<_, Infallible>(Event::default().data(count.to_string())), count + 1))
    });
    Sse::new(events)
}
