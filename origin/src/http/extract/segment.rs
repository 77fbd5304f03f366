//! The variable part of a path.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use common::problem::Code;

use super::super::error::Refusal;

/// The one segment of a path that a route leaves open, decoded. What cannot be decoded names nothing.
pub(in super::super) struct Segment(pub(in super::super) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        match path {
            // Postgres has no text with NUL.
            Ok(Path(text)) if !text.contains('\0') => Ok(Self(text)),
            _ => Err(Refusal::new(Code::NotFound)),
        }
    }
}
