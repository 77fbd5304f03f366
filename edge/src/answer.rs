//! What the client is told: the response to a request that went through, and the gate's own answers.

use common::problem::{Code, Problem};
use common::revocation::Head;
use common::verdict::Refusal;
use serde::Serialize;

use crate::clock;
use crate::plan::Plan;
use crate::request::Asked;
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
pub(crate) fn hand_back(plan: &mut Plan, kind: Kind, head: Option<&Head>, report: Report) {
    plan.drop_from_response(VERDICT);
    plan.drop_from_response(EPOCH);
    if kind == Kind::Private {
        plan.set_on_response("cache-control", "private, no-store");
        // They outweigh Cache-Control for the CDN they are meant for (RFC 9213 §2.2).
        for name in ["cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control"] {
            plan.drop_from_response(name);
        }
    }
    if report == Report::All {
        tell(plan, "forward", head);
    }
}

/// The answer to a request that is not let through.
pub(crate) fn refuse(plan: &mut Plan, refused: &Refusal, realm: &str, head: Option<&Head>) {
    let code = refused.code();
    plan.set_on_response("content-type", Problem::MEDIA_TYPE);
    plan.set_on_response("cache-control", "no-store");
    if let Some(challenge) = code.challenge(realm, refused.scope()) {
        plan.set_on_response("www-authenticate", &challenge);
    }
    if let Some(seconds) = code.retry_after() {
        plan.set_on_response("retry-after", &seconds.to_string());
    }
    tell(plan, code.as_str(), head);
}

fn tell(plan: &mut Plan, verdict: &str, head: Option<&Head>) {
    plan.set_on_response(VERDICT, verdict);
    if let Some(head) = head {
        let age = head.age(clock::now()).as_secs();
        plan.set_on_response(EPOCH, &format!("{};age={age}", head.epoch()));
    }
}

/// The document of a refusal.
pub(crate) fn document(code: Code) -> String {
    Problem::new(code).to_json()
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
pub(crate) fn log(plan: &mut Plan, refusal: &Refusal, asked: &Asked<'_>) {
    let path = asked.url.path();
    let line = Line {
        verdict: refusal.code().as_str(),
        cause: refusal.cause().map(|cause| cause.to_string()),
        method: asked.method,
        path: path.get(..LOGGED_PATH).unwrap_or(path),
    };
    if let Ok(text) = serde_json::to_string(&line) {
        plan.log(&text);
    }
}
