//! Why a request is refused, and the answer to it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use common::problem::{Code, Problem};

/// Named in `WWW-Authenticate`, as the edge does by default.
const REALM: &str = "portcullis";

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody is signed in. Behind the edge this means that its rule lets everybody in here.
    #[error("nobody is signed in")]
    SignedOut,
    /// The user lacks the role.
    #[error("the user lacks the role")]
    RoleRequired,
    /// The identity headers are not as the edge sets them: the request did not come through it.
    #[error("the identity headers are not as the edge sets them")]
    NotTheEdges,
    /// The access token or assertion is over.
    #[error("the token or assertion expired")]
    Expired,
    /// The access token or assertion is not valid, for whatever other reason.
    #[error("the token or assertion is not valid")]
    Invalid,
    /// Two credentials came.
    #[error("two credentials")]
    Ambiguous,
    /// The issuer's keys cannot be had at the moment.
    #[error("the issuer's keys are not known")]
    KeysUnknown,
    /// The route has no [`Trust`](crate::Trust) around it: a fault of the app's.
    #[error("no Trust layer is around this route")]
    NoTrust,
}

impl Refusal {
    /// The stable code that clients act on.
    const fn code(self) -> Code {
        match self {
            Self::SignedOut => Code::TokenMissing,
            Self::RoleRequired => Code::RoleRequired,
            Self::NotTheEdges => Code::RequestInvalid,
            Self::Expired => Code::TokenExpired,
            Self::Invalid => Code::TokenInvalid,
            Self::Ambiguous => Code::CredentialsAmbiguous,
            Self::KeysUnknown => Code::KeysUnknown,
            Self::NoTrust => Code::Misconfigured,
        }
    }

    fn problem(self) -> Problem {
        match self {
            Self::NotTheEdges => Problem::with_detail(
                Code::RequestInvalid,
                "The identity headers of this request are not as the edge sets them. Send it \
                 through the edge.",
            ),
            Self::NoTrust => Problem::with_detail(
                Code::Misconfigured,
                "The app asks who is signed in on a route that no Trust layer is around.",
            ),
            _ => Problem::new(self.code()),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let code = problem.code();
        let status =
            StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, problem.to_json()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(Problem::MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let challenge = code.challenge(REALM, None);
        if let Some(Ok(challenge)) = challenge.map(HeaderValue::try_from) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = code.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
