//! Forms: the fields expected and no others, each once, from our own pages.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use common::problem::Code;
use percent_encoding::percent_decode;
use serde::de::DeserializeOwned;

use super::super::Services;
use super::super::error::Refusal;
use super::super::oauth_error::OAuthError;
use super::body::{Expected, has_type, read};
use super::caller::vouched;

/// A form that was sent from a page of ours. Any site can have a browser send one, with no cookie
/// of ours in it too: to sign somebody in as somebody else.
pub(in super::super) struct Form<T>(pub(in super::super) T);

impl<T: Expected> FromRequest<Arc<Services>> for Form<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, services: &Arc<Services>) -> Result<Self, Refusal> {
        vouched(request.headers(), services)?;
        let refusal = || Refusal::because(Code::RequestInvalid, T::SHAPE);
        parse(&read(request).await?).map(Self).ok_or_else(refusal)
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
        parse(&read(request).await?).map(Self).ok_or(OAuthError::Request(T::SHAPE))
    }
}

/// Serde would put one sign for all that is no text, so that different passwords were one.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    percent_decode(bytes).decode_utf8().ok()?;
    serde_urlencoded::from_bytes(bytes).ok()
}
