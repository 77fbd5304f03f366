//! Forms: the fields expected and no others, each once, from our own pages.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use common::problem::Code;

use super::super::Services;
use super::super::error::Refusal;
use super::super::oauth_error::OAuthError;
use super::body::{Expected, has_type, read};
use super::caller::same_origin;

/// A form that was sent from a page of ours. Any site can have a browser send one, with no cookie
/// of ours in it too: to sign somebody in as somebody else.
pub(in super::super) struct Form<T>(pub(in super::super) T);

impl<T: Expected> FromRequest<Arc<Services>> for Form<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, services: &Arc<Services>) -> Result<Self, Refusal> {
        if !same_origin(request.headers(), services) {
            let why = "A form is taken from pages of this site alone. Open the page here and send \
                       it again.";
            return Err(Refusal::because(Code::CrossSite, why));
        }
        let bytes = read(request).await?;
        serde_urlencoded::from_bytes(&bytes)
            .map(Self)
            .map_err(|_| Refusal::because(Code::RequestInvalid, T::SHAPE))
    }
}

/// The parameters of an endpoint of OAuth's: those expected, each once, and others that are not
/// looked at (RFC 6749 §3.2). They come from programs, and from no page.
pub(in super::super) struct Parameters<T>(pub(in super::super) T);

impl<T: Expected> FromRequest<Arc<Services>> for Parameters<T> {
    type Rejection = OAuthError;

    async fn from_request(request: Request, _: &Arc<Services>) -> Result<Self, OAuthError> {
        let is_form = has_type(request.headers(), "application/x-www-form-urlencoded");
        if !is_form || request.uri().query().is_some() {
            return Err(OAuthError::Request(T::SHAPE));
        }
        let bytes = read(request).await?;
        serde_urlencoded::from_bytes(&bytes).map(Self).map_err(|_| OAuthError::Request(T::SHAPE))
    }
}
