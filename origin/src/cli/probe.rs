//! Asks an edge, through the front door, how much it knows.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use common::Epoch;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use crate::telemetry::chain;

/// How often it is asked, and how long an answer may take.
const EVERY: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the person who waits is told so.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// Why nobody can say that the edge knows. What was to be told to it is done all the same.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProbeError {
    /// No client could be made.
    #[error("revoked at the origin; the edge cannot be asked")]
    Client(#[from] reqwest::Error),
    /// It was not seen in time.
    #[error(
        "revoked at the origin, but within {} s the edge at {url} was not seen to know it: {last}",
        .timeout.as_secs()
    )]
    TimedOut {
        /// Where the edge was asked.
        url: Url,
        /// How long.
        timeout: Duration,
        /// What it said last.
        last: String,
    },
}

/// A URL to ask at.
pub(super) fn url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
    url.ok_or_else(|| String::from("expected a URL like https://app.example.com/"))
}

/// Waits until the edge knows `epoch`; how long that took.
pub(super) async fn wait(
    url: &Url,
    epoch: Epoch,
    timeout: Duration,
) -> Result<Duration, ProbeError> {
    let client = client()?;
    let start = Instant::now();
    let mut told = start;
    loop {
        let last = match ask(&client, url).await {
            Ok((known, _)) if known >= epoch => return Ok(start.elapsed()),
            Ok((known, _)) => format!("it is at epoch {known}"),
            Err(why) => why,
        };
        if start.elapsed() + EVERY > timeout {
            return Err(ProbeError::TimedOut { url: url.clone(), timeout, last });
        }
        if told.elapsed() >= SIGN_OF_LIFE {
            told = Instant::now();
            let seconds = start.elapsed().as_secs();
            // Standard error may be closed; then there is nobody to tell.
            writeln!(io::stderr(), "waiting for the edge at {url} ({seconds} s): {last}").ok();
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// What edges are asked with.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    Client::builder().redirect(Policy::none()).timeout(PATIENCE).build()
}

/// The epoch that an edge is at, and the age of its head in seconds.
pub(super) async fn ask(client: &Client, url: &Url) -> Result<(Epoch, u64), String> {
    let answer = client.get(url.clone()).send().await.map_err(|error| {
        // The URL is told already.
        format!("no answer: {}", chain(&error.without_url()))
    })?;
    let header = answer.headers().get("portcullis-epoch").and_then(|value| value.to_str().ok());
    // The origin's own answers bear no age: what it knows is not what an edge knows.
    let known = header.and_then(|value| {
        let (epoch, age) = value.split_once(";age=")?;
        Some((Epoch::new(epoch.parse().ok()?), age.parse().ok()?))
    });
    known.ok_or_else(|| {
        String::from(
            "its answer bears no portcullis-epoch; with REPORT = \"refusals\" ask for a page that \
             needs signing in, and see that the URL leads to an edge",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use axum::Router;
    use axum::routing::get;

    use super::*;

    /// Answers the way an edge does, as knowing one epoch more each time; a 0 it does not tell.
    async fn edge(first: u64) -> Url {
        let known = Arc::new(AtomicU64::new(first));
        let answer = move || async move {
            match known.fetch_add(1, Ordering::SeqCst) {
                0 => [("portcullis-epoch", String::from("1000"))],
                known => [("portcullis-epoch", format!("{known};age=3"))],
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        url(&format!("http://{address}/")).unwrap()
    }

    #[tokio::test]
    async fn it_waits_until_the_edge_knows_and_no_longer() {
        let minute = Duration::from_mins(1);
        let took = wait(&edge(7).await, Epoch::new(7), minute).await.unwrap();
        assert!(took < EVERY, "{took:?}");
        // The first answer tells nothing, the second is one behind, the third knows.
        let took = wait(&edge(0).await, Epoch::new(2), minute).await.unwrap();
        assert!(took >= 2 * EVERY && took < 10 * EVERY, "{took:?}");
    }

    #[tokio::test]
    async fn it_gives_up_in_time_and_says_what_it_saw() {
        let second = Duration::from_secs(1);
        let behind = wait(&edge(1).await, Epoch::new(1000), second).await.unwrap_err().to_string();
        for words in ["revoked at the origin", "within 1 s", "it is at epoch "] {
            assert!(behind.contains(words), "{behind}");
        }
        let silent = wait(&edge(0).await, Epoch::new(1), Duration::ZERO).await.unwrap_err();
        assert!(silent.to_string().contains("bears no portcullis-epoch"), "{silent}");
        let nobody = url("http://127.0.0.1:9/").unwrap();
        let nobody = wait(&nobody, Epoch::new(1), Duration::ZERO).await.unwrap_err();
        assert!(nobody.to_string().contains("no answer: "), "{nobody}");
        for bad in ["", "localhost:8787", "ftp://a.example/", "/"] {
            assert!(url(bad).is_err(), "{bad}");
        }
    }
}
