//! Says what was decided: to the client in two headers, to the operator in one line.

use common::revocation::Head;
use common::verdict::Refusal;
use serde::Serialize;
use wasm_bindgen::JsCast;
use web_sys::{Response, ResponseInit};
use worker::console_log;

use crate::clock;
use crate::facts::OwnedFacts;
use crate::fault::Fault;
use crate::settings::Report;

const VERDICT: &str = "portcullis-verdict";
const EPOCH: &str = "portcullis-epoch";
/// How much of a path a log line holds.
const LOGGED_PATH: usize = 200;

/// What a response is, for its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The app's, from a path for everybody.
    Public,
    /// The app's, for this user alone.
    Private,
    /// The origin's.
    Origin,
}

/// A response from behind as it leaves: its own headers of these names dropped, ours set.
pub(crate) fn on_forwarded(
    upstream: &Response,
    kind: Kind,
    head: Option<&Head>,
    report: Report,
) -> Result<Response, Fault> {
    let changing = Fault::js("changing the response");
    // A Response has every member that its initialiser is read for, a WebSocket among them.
    let response = Response::new_with_opt_readable_stream_and_init(
        upstream.body().as_ref(),
        upstream.unchecked_ref::<ResponseInit>(),
    )
    .map_err(&changing)?;
    let headers = response.headers();
    headers.delete(VERDICT).map_err(&changing)?;
    headers.delete(EPOCH).map_err(&changing)?;
    if kind == Kind::Private {
        headers.set("cache-control", "private, no-store").map_err(&changing)?;
        // They outweigh Cache-Control for the CDN they are meant for (RFC 9213 §2.2).
        for name in ["cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control"] {
            headers.delete(name).map_err(&changing)?;
        }
    }
    if report == Report::All {
        tell(&response, "forward", head)?;
    }
    Ok(response)
}

/// A refusal as it leaves.
pub(crate) fn on_refusal(
    response: &Response,
    code: &str,
    head: Option<&Head>,
) -> Result<(), Fault> {
    tell(response, code, head)
}

fn tell(response: &Response, verdict: &str, head: Option<&Head>) -> Result<(), Fault> {
    let setting = Fault::js("setting a header");
    response.headers().set(VERDICT, verdict).map_err(&setting)?;
    if let Some(head) = head {
        let age = head.age(clock::now()).as_secs();
        response.headers().set(EPOCH, &format!("{};age={age}", head.epoch())).map_err(&setting)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Line<'a> {
    verdict: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    method: &'a str,
    path: &'a str,
}

/// One line for the operator. Never a query, a header or a token: those may hold secrets.
pub(crate) fn log(refusal: &Refusal, facts: &OwnedFacts) {
    let path = facts.url().path();
    let line = Line {
        verdict: refusal.code().as_str(),
        cause: refusal.cause().map(|cause| cause.to_string()),
        method: facts.as_facts().method,
        path: path.get(..LOGGED_PATH).unwrap_or(path),
    };
    if let Ok(text) = serde_json::to_string(&line) {
        console_log!("{text}");
    }
}
