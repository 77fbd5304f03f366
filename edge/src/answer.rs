//! What the client is told: the response to a request that went through, and the gate's own answers.

use common::Epoch;
use common::cookie::{self, Cookie};
use common::json::Writer;
use common::policy::Cache;
use common::problem::Problem;
use common::revocation::Head;
use common::vars::Report;
use common::verdict::{CorsHeaders, Permit, Preflight, Refusal};

use crate::clock;
use crate::origin::Rotation;
use crate::plan::Plan;
use crate::request::Asked;

const VERDICT: &str = "portcullis-verdict";
const EPOCH: &str = "portcullis-epoch";
const SESSION: &str = "portcullis-session";
const ACCESS_TOKEN: &str = "portcullis-access-token";
/// How much of a path a log line holds.
const LOGGED_PATH: usize = 200;

/// What `Cache-Control` and its kin are for the CDN they are meant for, which they outweigh it for
/// (RFC 9213 §2.2).
const FOR_CDNS: [&str; 3] =
    ["cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control"];

/// What a response of the app's says to caches and to scripts of other sites.
pub(crate) fn of_app(plan: &mut Plan, permit: &Permit<'_>) {
    // It is not the app that speaks of sessions.
    plan.drop_from_response(SESSION);
    plan.drop_from_response(ACCESS_TOKEN);
    if permit.cache() == Cache::Private {
        private(plan);
        // For caches that pass over that: whoever asks with other credentials gets another answer.
        plan.add_to_response("vary", "Authorization, Cookie");
    }
    if let Some(cors) = permit.cors() {
        for name in CORS {
            plan.drop_from_response(name);
        }
        readable(plan, cors);
    } else if !permit.is_public() {
        // No other site may read it, whatever the app says; without this the others of them say nothing.
        plan.drop_from_response(ALLOW_ORIGIN);
    }
}

/// No cache keeps it.
fn private(plan: &mut Plan) {
    plan.set_on_response("cache-control", "private, no-store");
    for name in FOR_CDNS {
        plan.drop_from_response(name);
    }
}

const ALLOW_ORIGIN: &str = "access-control-allow-origin";

/// What the app may have said itself to scripts of other sites (Fetch §3.3.3).
const CORS: [&str; 6] = [
    ALLOW_ORIGIN,
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
];

fn readable(plan: &mut Plan, cors: &CorsHeaders) {
    for (name, value) in cors.lines() {
        if name == "vary" {
            plan.add_to_response(name, value);
        } else {
            plan.set_on_response(name, value);
        }
    }
}

/// A response from behind as it leaves: its own headers of these names dropped, or ours in their place.
pub(crate) fn tell_forwarded(plan: &mut Plan, head: Option<&Head>, report: Report) {
    match (report, head) {
        (Report::All, Some(_)) => tell(plan, "forward", head),
        (Report::All, None) => {
            plan.drop_from_response(EPOCH);
            tell(plan, "forward", head);
        }
        (Report::Refusals, _) => {
            plan.drop_from_response(VERDICT);
            plan.drop_from_response(EPOCH);
        }
    }
}

/// The answer to a browser that asks what another site's script may do.
pub(crate) fn preflight(plan: &mut Plan, preflight: &Preflight, head: Option<&Head>) {
    for (name, value) in preflight.lines() {
        plan.set_on_response(name, &value);
    }
    tell(plan, "preflight", head);
    plan.body("");
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
    if let Some(cors) = refused.cors() {
        readable(plan, cors);
    }
    if let Some(login) = refused.login() {
        plan.set_on_response("location", login.location());
        plan.add_to_response("set-cookie", login.cookie());
    }
    if refused.has_ended() {
        plan.set_on_response(SESSION, "ended");
        for cookie in [Cookie::Access, Cookie::Refresh] {
            plan.add_to_response("set-cookie", &cookie.clear());
        }
    }
    if refused.has_twins() {
        for cookie in cookie::clear_all() {
            plan.add_to_response("set-cookie", &cookie);
        }
    }
    // Nothing here is to be shown in a frame, run, or taken for another type.
    plan.set_on_response("x-content-type-options", "nosniff");
    plan.set_on_response("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
    plan.set_on_response("referrer-policy", "no-referrer");
    tell(plan, code.as_str(), head);
}

fn tell(plan: &mut Plan, verdict: &str, head: Option<&Head>) {
    plan.set_on_response(VERDICT, verdict);
    if let Some((epoch, age)) = head.map(told) {
        plan.set_on_response(EPOCH, &format!("{epoch};age={age}"));
    }
}

/// What is told of a head: its epoch, and its age in seconds.
pub(crate) fn told(head: &Head) -> (Epoch, u64) {
    (head.epoch(), head.age(clock::now()).as_secs())
}

/// The document of a refusal.
pub(crate) fn document(refused: &Refusal) -> String {
    Problem::new(refused.code()).to_json()
}

/// Brings new tokens to the browser: in cookies, and to a page that keeps its access token in memory.
pub(crate) fn renewed(plan: &mut Plan, rotation: &Rotation, in_memory: bool) {
    private(plan);
    for cookie in &rotation.cookies {
        plan.add_to_response_if_soon("set-cookie", cookie);
    }
    if in_memory {
        plan.set_on_response(ACCESS_TOKEN, rotation.access.expose());
    }
}

/// One line for the operator. Never a query, a header or a token: those may hold secrets.
pub(crate) fn log(plan: &mut Plan, refusal: &Refusal, asked: &Asked<'_>) {
    let path = asked.url.path();
    let line = Writer::default()
        .text("verdict", refusal.code().as_str())
        .optional("cause", refusal.cause().map(|cause| cause.to_string()).as_deref())
        .text("method", asked.method)
        .text("path", path.get(..LOGGED_PATH).unwrap_or(path));
    plan.log(&line.finish());
}
