//! Queries: the parameters expected and no others, each once.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use common::problem::Code;

use super::super::error::Refusal;
use super::body::Expected;

/// A query of a known shape.
pub(in super::super) struct Query<T>(pub(in super::super) T);

impl<S: Sync, T: Expected> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let query = parts.uri.query().unwrap_or_default();
        let refusal = || Refusal::because(Code::RequestInvalid, T::SHAPE);
        // Postgres has no text with it.
        if query.contains("%00") {
            return Err(refusal());
        }
        serde_urlencoded::from_str(query).map(Self).map_err(|_| refusal())
    }
}
