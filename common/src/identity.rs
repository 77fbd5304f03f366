//! How identity is handed to the app, and what nobody else may hand to it.

use crate::text::{after_scheme, joined};
use crate::token::Verified;

/// Whether a request header is one of ours, or could be taken for one by some server behind us. CGI
/// and WSGI write `-` as `_` (RFC 3875 §4.1.18, CVE-2025-64484); lighttpd and PHP do so with whatever is
/// no letter or digit, a dot for one. So all of these stand for each other.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    ["x-auth-", "x-portcullis-"].iter().any(|prefix| begins_with(name, prefix))
}

/// Whether a request header must not come from a client: ours, and those by which servers and
/// frameworks let a proxy tell them the client, the host, the scheme, the URL or the method. Behind a
/// gate a client that sets them is decided on as one request and answered as another (CVE-2026-40575).
#[must_use]
pub fn is_forgeable(name: &str) -> bool {
    // Few names of other headers begin like one of these.
    let first = name.bytes().next().map(|byte| byte.to_ascii_lowercase());
    matches!(first, Some(b'x' | b'f' | b't' | b'c' | b'p')) && is_known(name)
}

fn is_known(name: &str) -> bool {
    is_ours(name)
        || ["x-forwarded-", "x-original-"].iter().any(|prefix| begins_with(name, prefix))
        || PROXIES.iter().any(|known| name.len() == known.len() && begins_with(name, known))
}

/// Names by which proxies tell the same, each in its own way; and the one that CGI programs take for the
/// proxy that they are to go out by (CVE-2016-5385).
const PROXIES: [&str; 11] = [
    "forwarded",
    "proxy",
    "x-real-ip",
    "client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "x-rewrite-url",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

fn begins_with(name: &str, prefix: &str) -> bool {
    name.len() >= prefix.len()
        && name.bytes().zip(prefix.bytes()).all(|(byte, expected)| {
            if byte.is_ascii_alphanumeric() {
                byte.to_ascii_lowercase() == expected
            } else {
                expected == b'-'
            }
        })
}

/// How the client asked, for apps that write links or logs: in place of what the client itself says
/// under these names. `own_origin` is the scheme, host and port that the request was sent to; `client`
/// the address that the platform saw.
pub fn forwarded<'a>(
    own_origin: &'a str,
    client: Option<&'a str>,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    let (scheme, host) = after_scheme(own_origin).unzip();
    [("x-forwarded-proto", scheme), ("x-forwarded-host", host), ("x-forwarded-for", client)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
}

/// The headers that tell the app who is asking. Session and token id are left out where another
/// issuer's token has none.
#[must_use]
pub fn headers(token: &Verified) -> Vec<(&'static str, String)> {
    [
        ("x-auth-subject", Some(token.subject.to_string())),
        ("x-auth-session", token.ids.sid.map(|sid| sid.to_string())),
        ("x-auth-token-id", token.ids.jti.map(|jti| jti.to_string())),
        ("x-auth-roles", Some(joined(&token.roles, ","))),
        ("x-auth-email-verified", Some(token.email_verified.to_string())),
        ("x-auth-expires", Some(token.expires_at().to_string())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn hdr_01_02_06_every_spelling_of_ours_is_known() {
        for ours in [
            "x-auth-subject",
            "X-Auth-Roles",
            "x_auth_subject",
            "X_AUTH-anything",
            "x-auth_expires",
            "x-portcullis-edge",
            "X_Portcullis_Client_Ip",
            "x.auth.subject",
            "X+Auth~Roles",
            "x-auth!subject",
            "x|portcullis.edge",
            "x-auth-",
            "x-auth--x",
        ] {
            assert!(is_ours(ours) && is_forgeable(ours), "{ours}");
        }
    }

    #[test]
    fn hdr_05_07_what_misleads_the_app_is_known() {
        for theirs in [
            "x-forwarded-for",
            "X_Forwarded_Host",
            "x-forwarded-prefix",
            "Forwarded",
            "x-original-url",
            "X-Original-Method",
            "x-rewrite-url",
            "x_rewrite_url",
            "X-HTTP-Method-Override",
            "x-http-method",
            "X-Real-IP",
            "True-Client-IP",
            "Client-IP",
            "client.ip",
            "Proxy",
            "X.Forwarded.For",
            "x~real~ip",
        ] {
            assert!(is_forgeable(theirs) && !is_ours(theirs), "{theirs}");
        }
    }

    #[test]
    fn what_is_the_apps_own_passes() {
        for others in [
            "x-authority",
            "authorization",
            "x-auth",
            "xx-auth-subject",
            "x-request-id",
            "x-forwarded",
            "x.authority",
            "xauth-subject",
            "proxy-authorization",
            "client-ips",
            "cookie",
            "forwarded-for",
            "x-http-methods",
            "x-real-ip-too",
            "x-original",
            "origin",
            "host",
            "",
        ] {
            assert!(!is_forgeable(others), "{others}");
        }
    }

    #[test]
    fn the_app_is_told_how_the_client_asked() {
        let told = |origin, client| forwarded(origin, client).collect::<Vec<_>>();
        assert_eq!(
            told("https://app.example:8443", Some("192.0.2.7")),
            [
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "app.example:8443"),
                ("x-forwarded-for", "192.0.2.7"),
            ]
        );
        assert_eq!(
            told("http://localhost", None),
            [("x-forwarded-proto", "http"), ("x-forwarded-host", "localhost")]
        );
        assert_eq!(told("*", None), []);
    }
}
