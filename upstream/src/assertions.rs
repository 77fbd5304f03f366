//! Who is asking, by the edge's assertion about this one request.

use axum::extract::OriginalUri;
use axum::http::request::Parts;
use common::token::TokenError;
use common::token::assertion::{Asked, AssertionError, AssertionRules, HEADER, Unsigned};

use crate::{Identity, Refusal, signature};

/// # Errors
/// When there is an assertion, but not a good one for this request.
pub(crate) fn read(parts: &Parts, rules: &AssertionRules) -> Result<Option<Identity>, Refusal> {
    let mut values = parts.headers.get_all(HEADER).iter();
    let text = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value.to_str().map_err(|_| Refusal::Invalid)?,
        (Some(_), Some(_)) => return Err(Refusal::Ambiguous),
    };
    // Inside a nested router the request's own URI has lost the part in front.
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    let asked = Asked { method: parts.method.as_str(), target };
    let asserted = Unsigned::parse(text, rules, asked, signature::now())
        .and_then(|unsigned| {
            let good = signature::is_good(&unsigned.check);
            unsigned.answered(good).map_err(Into::into)
        })
        .map_err(|error| match error {
            AssertionError::Token(TokenError::Expired) => Refusal::Expired,
            AssertionError::Token(_) | AssertionError::OtherRequest => Refusal::Invalid,
        })?;
    Ok(Some(Identity {
        subject: asserted.subject,
        session: asserted.sid,
        token_id: asserted.jti,
        roles: asserted.roles,
        email_verified: asserted.email_verified,
        expires: asserted.token_expires_at,
    }))
}
