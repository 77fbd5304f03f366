//! The client secret that Apple wants: signed anew for each use.

use common::{Secret, UnixSeconds};
use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;

use super::fetch::failed;
use crate::config::AppleKey;
use crate::port::ProviderFault;

/// How long one lives, in seconds: it is used at once.
const LIFE: u64 = 300;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'static str,
    iat: UnixSeconds,
    exp: u64,
}

pub(super) fn client_secret(
    key: &AppleKey,
    client_id: &str,
    now: UnixSeconds,
) -> Result<Secret<String>, ProviderFault> {
    let header = Header { kid: Some(key.key_id.clone()), ..Header::new(Algorithm::ES256) };
    let claims = Claims {
        iss: &key.team_id,
        sub: client_id,
        aud: "https://appleid.apple.com",
        iat: now,
        exp: now.get().saturating_add(LIFE),
    };
    jsonwebtoken::encode(&header, &claims, &key.key)
        .map(Secret::new)
        .map_err(|_| failed("client secret", "cannot be signed by `private_key`"))
}
