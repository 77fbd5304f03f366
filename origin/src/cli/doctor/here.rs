//! What can be seen without asking anybody: the configuration and the keys.

use std::net::IpAddr;

use url::{Host, Url};

use super::super::served;
use super::finding::Finding;
use crate::config::{Config, Mail, Way};
use crate::crypto::{KeyRing, SystemClock};
use crate::port::Clock as _;
use crate::telemetry::chain;

/// What the configuration says beyond being one.
pub(super) fn configuration(config: &Config) -> Vec<Finding> {
    let tokens = &config.tokens;
    let told = format!("it can be read; access tokens are for {}", tokens.audience);
    let mut findings = vec![Finding::good("configuration", told), issuer(&tokens.issuer)];
    findings.push(match &config.edge_secret {
        Some(_) => Finding::good("edge.secret", "it is set and long enough"),
        None => Finding::doubtful(
            "edge.secret",
            "none is set in this configuration: by it no edge is told what is revoked, and none is believed about addresses. Set it, \
             and the same as the Worker's EDGE_SECRET; `openssl rand -hex 32` makes one",
        ),
    });
    if config.kv.is_none() {
        findings.push(Finding::doubtful(
            "kv",
            "no [kv] section in this configuration: by it heads are not published, and edges stand without one while this origin is away",
        ));
    }
    if matches!(&config.mail, Some(Mail { way: Way::Folder(_), .. })) {
        findings.push(Finding::doubtful(
            "mail.folder",
            "letters are files, which is for development alone; set mail.smtp",
        ));
    }
    findings
}

fn issuer(issuer: &str) -> Finding {
    let url = Url::parse(issuer).ok();
    let is_local = url.as_ref().is_some_and(|url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    });
    if url.is_some_and(|url| url.scheme() == "https") {
        Finding::good("tokens.issuer", issuer)
    } else if is_local {
        Finding::doubtful(
            "tokens.issuer",
            format!("{issuer} is this machine: for development alone"),
        )
    } else {
        let told = "is not https: browsers keep no __Host- cookies from there, and passwords can be read on \
                    the way. Set the https URL that browsers see";
        Finding::wrong("tokens.issuer", format!("{issuer} {told}"))
    }
}

/// The keys, and whose turn it is to sign.
pub(super) fn keys(config: &Config) -> (Finding, Option<KeyRing>) {
    let what = "state.dir";
    if let Err(error) = served::keys(config).and_then(|()| served::as_noted(config)) {
        return (Finding::wrong(what, chain(&*error)), None);
    }
    let ring = match KeyRing::existing(&config.state) {
        Ok(ring) => ring,
        Err(error) => return (Finding::wrong(what, chain(&error)), None),
    };
    let folder = served::folder(config);
    let finding = match ring.signing(SystemClock.now()) {
        Some(kid) => Finding::good(
            what,
            format!(
                "{folder}: the keys are for this user alone; {kid} signs, the anchor is {}",
                ring.anchor_key()
            ),
        ),
        None => Finding::wrong(
            what,
            format!("{folder}: no key signs now; run `origin keys rotate --now`"),
        ),
    };
    (finding, Some(ring))
}
