//! Names and values of headers: what could be taken for ours, `Authorization`, `Host`.

use common::identity::is_forgeable;
use common::policy::{Host, is_never_passed};
use common::verdict::{bearer, names_bearer};

use crate::input::Input;

const NAMES: &[&str] = &["x-auth-subject", "X_Portcullis_Edge", "x-authority", "authorization"];
const NAME_PIECES: &[&str] =
    &["x", "X", "-", "_", ".", "~", "auth", "AUTH", "portcullis", "--", " ", "\0"];
const VALUES: &[&str] = &["Bearer abc", "Basic dTpw", "bearer a, Bearer b", "DPoP x"];
const VALUE_PIECES: &[&str] =
    &["Bearer", "bearer ", "BEARER", " ", ",", ", ", "\t", "=", "a.b.c", "Basic "];
const HOSTS: &[&str] = &["app.example", "APP.example.:443", "[::1]:8787", "localhost:1", "u@h"];
const HOST_PIECES: &[&str] =
    &[".", "..", ":", ":443", "@", "[", "]", "::1", "%2e", "A", "*", ",", "/"];
const METHODS: &[&str] = &["GET", "post", "TRACE", "PROPFIND", "CONNECT"];

pub(super) fn run(input: &mut Input<'_>) -> String {
    let name = input.text(NAMES, NAME_PIECES);
    let forgeable = is_forgeable(&name);
    // As servers make variables of headers.
    let spelled = |byte: u8| if byte.is_ascii_alphanumeric() { byte } else { b'-' };
    let plain: Vec<u8> = name.bytes().map(|byte| spelled(byte).to_ascii_lowercase()).collect();
    assert_eq!(
        forgeable,
        plain.starts_with(b"x-auth-") || plain.starts_with(b"x-portcullis-"),
        "{name:?}"
    );

    let value = input.text(VALUES, VALUE_PIECES);
    let credential = bearer(Some(&value)).map_err(|refusal| refusal.code().as_str());
    match credential {
        Ok(Some(token)) => {
            assert!(!token.is_empty() && !token.contains(','), "{value:?}");
            assert!(value.to_ascii_lowercase().starts_with("bearer ") && names_bearer(&value));
        }
        // What is not ours is handed on, so it must not hold a bearer's token.
        Ok(None) => assert!(!names_bearer(&value), "{value:?}"),
        Err(_) => assert!(names_bearer(&value), "{value:?}"),
    }

    let authority = input.text(HOSTS, HOST_PIECES);
    let origin = format!("https://{authority}");
    let host = Host::of_origin(&origin);
    if let Ok(host) = &host {
        let again = format!("https://{}", host.as_str());
        assert_eq!(Host::of_origin(&again).as_ref(), Ok(host), "not the same the second time");
        assert!(!host.as_str().bytes().any(|b| b.is_ascii_uppercase() || b"@/,%".contains(&b)));
        assert!(authority.to_ascii_lowercase().starts_with(host.as_str()));
    }

    let method = input.text(METHODS, &["T", "r", "GET", " ", "\r", "-"]);
    let never = is_never_passed(&method);
    if !never {
        assert!(!method.is_empty() && method.bytes().all(|b| b.is_ascii_graphic()), "{method:?}");
    }
    format!("{forgeable} {credential:?} {host:?} {never}")
}
