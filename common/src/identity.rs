//! How identity is handed to the app, and what nobody else may hand to it.

use crate::token::Verified;

/// Whether a request header could be taken for one of ours by some server behind us. CGI and WSGI
/// write `-` as `_`, so both spellings count (CVE-2025-64484).
#[must_use]
pub fn is_forgeable(name: &str) -> bool {
    ["x-auth-", "x-portcullis-"].iter().any(|prefix| {
        name.len() >= prefix.len()
            && name.bytes().zip(prefix.bytes()).all(|(byte, expected)| match byte {
                b'_' => expected == b'-',
                _ => byte.to_ascii_lowercase() == expected,
            })
    })
}

/// The headers that tell the app who is asking. Session and token id are left out where another
/// issuer's token has none.
#[must_use]
pub fn headers(token: &Verified) -> Vec<(&'static str, String)> {
    [
        ("x-auth-subject", Some(token.subject.to_string())),
        ("x-auth-session", token.ids.sid.map(|sid| sid.to_string())),
        ("x-auth-token-id", token.ids.jti.map(|jti| jti.to_string())),
        ("x-auth-roles", Some(token.roles.join(","))),
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
            "x-auth-",
            "x-auth--x",
        ] {
            assert!(is_forgeable(ours), "{ours}");
        }
        for others in
            ["x-authority", "authorization", "x-auth", "xx-auth-subject", "x-request-id", ""]
        {
            assert!(!is_forgeable(others), "{others}");
        }
    }
}
