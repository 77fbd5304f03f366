//! Whose business a request is, by its method, host and path alone.

use super::{Facts, Refusal};
use crate::policy::{CanonicalPath, Host, Place, Policy, Requirement, Rule, is_never_passed};
use crate::problem::Code;

/// Whose business a request is.
#[derive(Clone, Copy, Debug)]
pub enum Located<'p> {
    /// The origin's.
    Origin,
    /// The app's, under this rule.
    App(&'p Rule),
    /// The gate's own: a browser asks what other sites' scripts may do under this rule.
    Preflight(&'p Rule),
}

/// Finds whose business a request is; [`super::decide`] goes by this.
///
/// # Errors
/// Refuses what could be taken for something else by whoever is behind: odd methods, hosts and
/// paths, and protocols other than WebSocket; and `not_found` for what only an edge may ask.
pub fn locate<'p>(facts: &Facts<'_>, policy: &'p Policy) -> Result<Located<'p>, Refusal> {
    if is_never_passed(facts.method) {
        return Err(Code::MethodRefused.into());
    }
    // A server that takes the hint (`h2c`, say) would be spoken to over our head from then on.
    let websocket = |protocol: &str| facts.method == "GET" && is_websocket(protocol);
    if !facts.upgrade.is_none_or(websocket) {
        return Err(Code::UpgradeRefused.into());
    }
    let host = Host::of_origin(facts.own_origin).map_err(|_| Code::HostInvalid)?;
    let path = CanonicalPath::parse(facts.path).map_err(|_| Code::PathAmbiguous)?;
    let of = |method| policy.place(&host, method, &path).map_err(|_| Code::PathAmbiguous);
    if let Some(method) = facts.preflight_for()
        && let Place::App(rule) = of(method)?
        // What a public path without a table allows, the app itself may know.
        && (rule.cors.is_some() || rule.require != Requirement::Public)
    {
        return Ok(Located::Preflight(rule));
    }
    match of(facts.method)? {
        Place::Origin => Ok(Located::Origin),
        Place::EdgeOnly => Err(Code::NotFound.into()),
        Place::App(rule) => Ok(Located::App(rule)),
    }
}

/// RFC 6455 §4.2.1: the name in any case, and nothing beside it.
fn is_websocket(protocol: &str) -> bool {
    protocol.eq_ignore_ascii_case("websocket")
}
