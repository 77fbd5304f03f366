//! `POST /auth/introspect` (RFC 7662): for services that cannot verify an access token themselves, or
//! want to hear it from the store.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use common::{Secret, SessionId, Subject, TokenId, UnixSeconds};
use serde::{Deserialize, Serialize};

use super::Services;
use super::extract::{Authenticated, Expected, Parameters};
use super::oauth_error::OAuthError;
use crate::service::AccessError;

#[derive(Deserialize)]
pub(super) struct Input {
    token: Secret<String>,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send the form parameter `token` once and, if wanted, \
                                 `token_type_hint`, in the body and not in the URL.";
}

/// RFC 7662 §2.2: nothing more is said of a token that is not good.
#[derive(Serialize)]
struct Inactive {
    active: bool,
}

/// What an access token says that is good now.
#[derive(Serialize)]
struct Good<'a> {
    active: bool,
    token_type: &'static str,
    iss: &'a str,
    aud: &'a str,
    sub: &'a Subject,
    client_id: &'a str,
    iat: UnixSeconds,
    exp: UnixSeconds,
    jti: TokenId,
    sid: SessionId,
    /// Those that the account has now.
    roles: &'a [String],
}

pub(super) async fn introspect(
    State(services): State<Arc<Services>>,
    _client: Authenticated,
    Parameters(Input { token }): Parameters<Input>,
) -> Result<Response, OAuthError> {
    // A refresh token is none that a service could accept.
    let access = match services.credentials.signed_in(token.expose()).await {
        Ok(access) => access,
        Err(AccessError::Fault(fault)) => return Err(fault.into()),
        Err(AccessError::Token(_) | AccessError::Revoked) => return Ok(inactive()),
    };
    let Some(account) = services.profiles.account(&access.subject).await? else {
        return Ok(inactive());
    };
    Ok(Json(Good {
        active: true,
        token_type: "Bearer",
        iss: &services.issuer,
        aud: &services.audience,
        sub: &access.subject,
        client_id: &services.client_id,
        iat: access.issued_at,
        exp: access.expires_at,
        jti: access.jti,
        sid: access.sid,
        roles: &account.roles,
    })
    .into_response())
}

fn inactive() -> Response {
    Json(Inactive { active: false }).into_response()
}
