//! By what the app knows that it is the edge that speaks.

use std::sync::Arc;

use axum::http::request::Parts;
#[cfg(feature = "signed")]
use common::token::assertion::AssertionRules;

use crate::{Identity, Refusal, headers};
#[cfg(feature = "signed")]
use crate::{UnusableKeys, Verifier, assertions};

/// What is trusted to say who is asking: a layer around the routes that want to know.
///
/// The layer refuses what cannot have come through the edge, on public paths too, and goes around all
/// routes that read an [`Identity`]; one without it answers 500.
#[derive(Clone, Debug)]
pub struct Trust(Arc<By>);

#[derive(Debug)]
enum By {
    Headers,
    #[cfg(feature = "signed")]
    Assertions(AssertionRules),
    #[cfg(feature = "signed")]
    Tokens(Verifier),
}

impl Trust {
    /// Believes the edge's `x-auth-…` headers. **Only safe when nothing but the edge can reach the
    /// app**: whoever else can, says who he is. Headers that the edge would not set, twice or in
    /// another spelling, are refused; ones that are set well cannot be told from the edge's.
    #[must_use]
    pub fn headers() -> Self {
        Self(Arc::new(By::Headers))
    }

    /// Believes the edge's assertions: rules with `hand = "assertion"`. Each is good for its own
    /// method, path and query, for half a minute and five seconds for clocks that differ.
    ///
    /// # Errors
    /// When `public_key` is not the `ASSERTION_PUBLIC_KEY` that `origin keys assertion` printed.
    #[cfg(feature = "signed")]
    pub fn assertions(public_key: &str, audience: impl Into<String>) -> Result<Self, UnusableKeys> {
        let rules =
            AssertionRules::new(public_key, audience.into()).map_err(UnusableKeys::Assertion)?;
        Ok(Self(Arc::new(By::Assertions(rules))))
    }

    /// Believes the issuer's access tokens themselves: rules with `hand = "token"`. Read exactly as
    /// the edge reads them; whether one is revoked only the edge knows, so it must be in front.
    #[cfg(feature = "signed")]
    #[must_use]
    pub fn tokens(verifier: Verifier) -> Self {
        Self(Arc::new(By::Tokens(verifier)))
    }

    /// Who is asking. What is not trusted is taken out of the headers.
    #[cfg_attr(
        not(feature = "signed"),
        expect(clippy::unused_async, reason = "fetching an issuer's keys takes time")
    )]
    pub(crate) async fn identify(&self, parts: &mut Parts) -> Result<Option<Identity>, Refusal> {
        match &*self.0 {
            By::Headers => headers::read(&parts.headers),
            #[cfg(feature = "signed")]
            By::Assertions(rules) => {
                let found = assertions::read(parts, rules);
                headers::remove(&mut parts.headers);
                found
            }
            #[cfg(feature = "signed")]
            By::Tokens(verifier) => {
                let found = verifier.read(&parts.headers).await;
                headers::remove(&mut parts.headers);
                found
            }
        }
    }
}
