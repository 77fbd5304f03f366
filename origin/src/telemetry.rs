//! The log: one line an event on standard error, JSON for machines, plain text on a terminal.
//! Fields are names and ids of ours; tokens, passwords, cookies, e-mail addresses and query strings
//! are never among them.

use std::error::Error;
use std::io::{self, IsTerminal as _};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry};

/// Which events are written where nothing else is asked for by `RUST_LOG`.
const DEFAULT: &str = "info";

/// Begins to log.
///
/// # Errors
/// When `filter` (the value of `RUST_LOG`) is no list of `target=level`.
pub(crate) fn start(filter: Option<&str>) -> Result<(), String> {
    let filter: Targets = filter.unwrap_or(DEFAULT).parse().map_err(|_| {
        String::from(
            "variable RUST_LOG: expected a level or a list like info,portcullis_origin=debug",
        )
    })?;
    let layer = if io::stderr().is_terminal() {
        fmt::layer().with_writer(io::stderr).with_target(false).boxed()
    } else {
        json(io::stderr)
    };
    tracing_subscriber::registry().with(layer.with_filter(filter)).init();
    Ok(())
}

/// Lines of JSON, in which no text from outside can begin a new one.
fn json<W>(writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(writer).boxed()
}

/// An error and what caused it, in one line. Errors of ours name keys, files and hosts, never the
/// content of a request.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Some errors repeat their cause in their own words.
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = error.source();
    }
    words
}
