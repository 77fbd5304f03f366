//! Who signs, and who answers whether a signature is good.

use common::Secret;
use common::keys::{Jwk, Key, KeySet};
use common::revocation::HeadClaims;
use common::token::refresh::RefreshClaims;
use common::token::{AccessClaims, Mac, SignatureCheck};

/// Something could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("cannot sign: {0}")]
pub(crate) struct SigningFault(pub(crate) String);

/// The issuer's keys at work. The keys themselves never come out.
pub(crate) trait Signer: Send + Sync {
    /// Signs an access token.
    fn access(&self, claims: &AccessClaims<'_>) -> Result<Secret<String>, SigningFault>;

    /// Authenticates a refresh token. The same claims give the same bytes.
    fn refresh(&self, claims: &RefreshClaims<'_>) -> Result<Secret<String>, SigningFault>;

    /// Signs a head with the anchor.
    fn head(&self, claims: &HeadClaims) -> Result<String, SigningFault>;

    /// What heads are verified with.
    fn anchor(&self) -> &Key;

    /// Whether the signature is good.
    fn signature_is_good(&self, check: &SignatureCheck<'_, '_>) -> bool;

    /// Whether a refresh token's tag is good. Takes the same time whatever is wrong with it.
    fn mac_is_good(&self, mac: &Mac<'_>) -> bool;

    /// The public keys that access tokens are verified with, for publication.
    fn jwks(&self) -> Vec<Jwk>;

    /// The same, for verifying.
    fn keys(&self) -> &KeySet;
}
