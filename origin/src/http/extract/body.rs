//! JSON bodies: one object of the members expected and no others, each once, of bounded size.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use bytes::Bytes;
use common::problem::Code;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::super::error::Refusal;

/// The largest body that is read, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body of a known shape.
pub(in super::super) trait Expected: DeserializeOwned {
    /// What to send, for whoever sent something else.
    const SHAPE: &'static str;
}

/// A body that has to be there.
pub(in super::super) struct Body<T>(pub(in super::super) T);

/// A body that may be missing.
pub(in super::super) struct OptionalBody<T>(pub(in super::super) T);

impl<S: Send + Sync, T: Expected> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        require_json(request.headers())?;
        parse(&read(request).await?).map(Self)
    }
}

impl<S: Send + Sync, T: Expected + Default> FromRequest<S> for OptionalBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let type_fits = require_json(request.headers());
        let bytes = read(request).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        type_fits?;
        parse(&bytes).map(Self)
    }
}

/// Any other type could come from a form on somebody else's site, which browsers send unasked.
fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    if has_type(headers, "application/json") {
        Ok(())
    } else {
        Err(Refusal::new(Code::MediaTypeUnsupported))
    }
}

/// Whether a body is of this type, and comes as it is.
pub(in super::super) fn has_type(headers: &HeaderMap, media_type: &str) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let essence = only.to_str().ok().and_then(|text| text.split(';').next()).unwrap_or_default();
    essence.trim_matches([' ', '\t']).eq_ignore_ascii_case(media_type)
        && !headers.contains_key(CONTENT_ENCODING)
}

pub(in super::super) async fn read(request: Request) -> Result<Bytes, Refusal> {
    let body = Limited::new(request.into_body(), MAX_BODY).collect();
    match tokio::time::timeout(PATIENCE, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() || is_length_limit(&*error) => {
            Err(Refusal::new(Code::BodyTooLarge))
        }
        Ok(Err(_)) => Err(Refusal::because(Code::RequestInvalid, "The body broke off.")),
        Err(_) => Err(Refusal::because(Code::RequestInvalid, "The body took too long to arrive.")),
    }
}

fn is_length_limit(error: &(dyn std::error::Error + 'static)) -> bool {
    error.source().is_some_and(|source| source.is::<LengthLimitError>() || is_length_limit(source))
}

fn parse<T: Expected>(bytes: &[u8]) -> Result<T, Refusal> {
    // Serde would take a list for a struct too, member by member.
    let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let refusal = || Refusal::because(Code::RequestInvalid, T::SHAPE);
    if !is_object {
        return Err(refusal());
    }
    serde_json::from_slice(bytes).map_err(|_| refusal())
}
