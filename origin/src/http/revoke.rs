//! `POST /auth/revoke` (RFC 7009): who has a token may have it revoked. A refresh token takes its
//! session with it and all access tokens of that, an access token goes alone.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use common::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Services;
use super::error::Refusal;
use super::extract::{Client, Expected, Parameters, ServiceClient};
use super::oauth_error::OAuthError;
use super::openapi::OAuthRefusals;
use crate::service::{Deed, Limited};

#[derive(Deserialize, ToSchema)]
pub(super) struct Input {
    #[schema(value_type = String)]
    token: Secret<String>,
    #[schema(nullable = false)]
    client_id: Option<String>,
}

impl Expected for Input {
    const SHAPE: &'static str = "Send the form parameter `token` once and, if wanted, \
                                 `token_type_hint` and `client_id`, in the body and not in the URL.";
}

/// Revokes a token.
#[utoipa::path(post, path = "/auth/revoke", operation_id = "revoke", tag = "token",
    request_body(content = inline(Input), content_type = "application/x-www-form-urlencoded"),
    security((), ("service" = [])),
    responses((status = 200, description = "It is good no more, or never was"), OAuthRefusals<Limited>))]
pub(super) async fn revoke(
    State(services): State<Arc<Services>>,
    service: ServiceClient,
    client: Client,
    Parameters(Input { token, client_id }): Parameters<Input>,
) -> Result<StatusCode, OAuthError> {
    // RFC 7009 §2.1: a token is revoked for the client that it was given to. There is one.
    if client_id.is_some_and(|id| id != services.client_id) {
        return Err(OAuthError::Foreign);
    }
    let token = token.expose();
    // The two kinds are told apart by themselves, so the hint (§2.1) is not needed.
    if let Ok(refresh) = services.credentials.refresh(token) {
        services.revocation.session(&refresh.subject, refresh.sid).await?;
    } else if let Ok(access) = services.credentials.access(token) {
        // A session has any number of these. Services speak for many users.
        if service == ServiceClient::Silent {
            services.throttle.count(Deed::Revoke, client.network).await.map_err(Refusal::from)?;
        }
        services.revocation.token(&access).await?;
    }
    // RFC 7009 §2.2: one that is not good is as good as revoked.
    Ok(StatusCode::OK)
}
