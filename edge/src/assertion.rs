//! Signs, by the platform's `WebCrypto`, what the app is told of a request by an assertion.

use common::token::assertion::{Asked as Bound, AssertionClaims};
use common::token::join;
use common::verdict::Permit;

use crate::request::Asked;
use crate::settings::Settings;
use crate::{clock, crypto, platform};

/// The assertion that goes with a request; none when it cannot be signed.
pub(crate) async fn of(
    permit: &Permit<'_>,
    asked: &Asked<'_>,
    settings: &Settings,
) -> Option<String> {
    let key = settings.assertion_key.as_ref()?;
    let target = asked.url.path_and_query_as_sent();
    let bound = Bound { method: asked.method, target: &target };
    let rules = &settings.vars.rules;
    let token = permit.asserted()?;
    let claims = AssertionClaims::new(&rules.issuer, &rules.audience, token, bound, clock::now());
    let input = claims.signing_input();
    let Some(signature) = crypto::sign(key.jwk(), &input).await else {
        platform::error("An assertion could not be signed. Is ASSERTION_KEY a key?");
        return None;
    };
    Some(join(input, &signature))
}
