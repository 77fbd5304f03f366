//! `POST /auth/introspect` (RFC 7662): for services that cannot verify an access token themselves, or
//! want to hear it from the store.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use common::{Secret, SessionId, Subject, TokenId, UnixSeconds};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Services;
use super::extract::{Authenticated, Expected, Parameters};
use super::oauth_error::OAuthError;
use super::openapi::OAuthRefusals;
use crate::service::{AccessError, Fault};

#[derive(Deserialize, ToSchema)]
pub(super) struct Input {
    #[schema(value_type = String)]
    token: Secret<String>,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send the form parameter `token` once and, if wanted, \
                                 `token_type_hint`, in the body and not in the URL.";
}

/// What is said of a token.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Answer<'a> {
    Good(Good<'a>),
    Inactive(Inactive),
}

/// RFC 7662 §2.2: nothing more is said of a token that is not good.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Inactive {
    active: bool,
}

/// What an access token says that is good now.
#[derive(Serialize, ToSchema)]
struct Good<'a> {
    active: bool,
    token_type: &'static str,
    iss: &'a str,
    aud: &'a str,
    #[schema(value_type = String)]
    sub: &'a Subject,
    client_id: &'a str,
    #[schema(value_type = u64)]
    iat: UnixSeconds,
    #[schema(value_type = u64)]
    exp: UnixSeconds,
    #[schema(value_type = Uuid)]
    jti: TokenId,
    #[schema(value_type = Uuid)]
    sid: SessionId,
    /// Those that the account has now.
    roles: &'a [String],
}

/// Says whether an access token is good.
#[utoipa::path(post, path = "/auth/introspect", operation_id = "introspect", tag = "token",
    request_body(content = inline(Input), content_type = "application/x-www-form-urlencoded"),
    security(("service" = [])),
    responses((status = 200, description = "What the token is good for, if it is", body = inline(Answer)), OAuthRefusals<Fault>))]
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
    let good = Good {
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
    };
    Ok(Json(Answer::Good(good)).into_response())
}

fn inactive() -> Response {
    Json(Answer::Inactive(Inactive { active: false })).into_response()
}
