//! Refusals of the endpoints that OAuth defines, in its own form (RFC 6749 §5.2).

use axum::Json;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use common::problem::Code;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::Refusal;
use crate::service::Fault;

/// Why it was not done.
#[derive(Debug)]
pub(super) enum OAuthError {
    /// The parameters.
    Request(&'static str),
    /// The client is not who it says, or does not say.
    Client,
    /// A token of another client.
    Foreign,
    /// Something that is no matter of OAuth's.
    Other(Refusal),
}

#[derive(Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub(super) struct Body {
    error: &'static str,
    error_description: &'static str,
}

impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        Self::Other(refusal)
    }
}

impl From<Fault> for OAuthError {
    fn from(fault: Fault) -> Self {
        Self::Other(fault.into())
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let (status, error, error_description) = match self {
            Self::Request(why) => (StatusCode::BAD_REQUEST, "invalid_request", why),
            Self::Client => {
                let why = "Authenticate by HTTP Basic, as a client that is configured.";
                (StatusCode::UNAUTHORIZED, "invalid_client", why)
            }
            Self::Foreign => {
                let why = "The token was given to another client.";
                (StatusCode::BAD_REQUEST, "invalid_grant", why)
            }
            Self::Other(refusal) => return refusal.into_response(),
        };
        let mut response = (status, Json(Body { error, error_description })).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge =
                HeaderValue::from_static("Basic realm=\"portcullis\", charset=\"UTF-8\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        // For the request's line in the log.
        response.extensions_mut().insert(Code::RequestInvalid);
        response
    }
}
