//! Sends a request on. To the app only with a permit: what only the gate may say is taken off, what it
//! says is put on.

use common::cookie;
use common::identity::{self, is_forgeable};
use common::verdict::{OriginPermit, Permit};

use crate::plan::Plan;
use crate::request::{Asked, Headers};
use crate::settings::Settings;

/// To the app; a `WebSocket` that comes of it is watched under this number.
pub(crate) fn to_app(
    plan: &mut Plan,
    permit: &Permit<'_>,
    asked: &Asked<'_>,
    settings: &Settings,
    socket: Option<u32>,
) {
    let (binding, base) = settings.vars.upstreams.of(permit.upstream());
    plan.to(binding, base, asked, socket);
    if !permit.is_public() {
        plan.past_caches();
    }
    without_forgeable(plan, &asked.headers);
    without_credentials(plan, &asked.headers);
    let client = asked.headers.get("cf-connecting-ip");
    for (name, value) in identity::forwarded(asked.url.origin(), client) {
        plan.with(name, value);
    }
    for (name, value) in permit.identity() {
        plan.with(name, value);
    }
    if let Some(token) = permit.bearer() {
        plan.with("authorization", &format!("Bearer {token}"));
    }
}

/// To the origin, with what this edge vouches for.
pub(crate) fn to_origin(
    plan: &mut Plan,
    _permit: &OriginPermit,
    asked: &Asked<'_>,
    settings: &Settings,
) {
    plan.to("", &settings.vars.origin_url, asked, None);
    plan.past_caches();
    without_forgeable(plan, &asked.headers);
    plan.with("x-portcullis-edge", settings.edge_secret.expose());
    if let Some(address) = asked.headers.get("cf-connecting-ip") {
        plan.with("x-portcullis-client-ip", address);
    }
}

/// Takes off, on every route, what could be taken for a header of ours, or for a proxy's word.
fn without_forgeable(plan: &mut Plan, headers: &Headers<'_>) {
    for (name, _) in headers.iter().filter(|(name, _)| is_forgeable(name)) {
        plan.without(name);
    }
}

/// Takes off the bearer token and our cookies; other schemes and cookies are the app's own.
fn without_credentials(plan: &mut Plan, headers: &Headers<'_>) {
    for (name, value) in headers.iter() {
        match name {
            "authorization" if common::verdict::names_bearer(value) => plan.without(name),
            "cookie" => match cookie::without_ours(value) {
                Some(rest) if rest == value => {}
                Some(rest) => plan.with(name, &rest),
                None => plan.without(name),
            },
            _ => {}
        }
    }
}
