//! Who signs, and who answers whether a signature is good.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::keys::{Jwk, Key, KeySet};
use common::revocation::HeadClaims;
use common::token::access::{LEEWAY, MAX_LIFE};
use common::token::refresh::RefreshClaims;
use common::token::{AccessClaims, Mac, SignatureCheck};
use common::{Secret, UnixSeconds};

/// How far clocks of ours may be apart, on top of the leeway that edges give.
pub(crate) const CLOCK_SKEW: Duration = Duration::from_mins(1);

/// How long after it was signed any access token is dead by any edge's clock, also one that was
/// made before `tokens.access_ttl` was lowered.
pub(crate) const TOKEN_DEAD_AFTER: Duration =
    MAX_LIFE.saturating_add(LEEWAY).saturating_add(CLOCK_SKEW);

/// Something could not be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SigningFault {
    /// There is no key to sign with for now: their file cannot be read.
    #[error("cannot sign: the file of the signing keys cannot be read")]
    NoKey,
    /// The library's word.
    #[error("cannot sign: {0}")]
    Failed(String),
}

/// Grows when the signing keys change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeysRevision(u64);

impl KeysRevision {
    /// The revision after this one.
    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The issuer's keys at work. The keys themselves never come out.
#[async_trait]
pub(crate) trait Signer: Send + Sync {
    /// Whether there is a key to sign with: to be asked before anything is spent.
    fn ready(&self) -> Result<(), SigningFault>;

    /// Signs an access token with the key whose turn it is at its `iat`.
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

    /// The public keys that access tokens are verified with, for publication at `now`.
    fn jwks(&self, now: UnixSeconds) -> Vec<Jwk>;

    /// The same, for verifying.
    fn keys(&self) -> Arc<KeySet>;

    /// Takes what commands have changed of the keys. A head with epoch `e` must hold every change
    /// before `e`: look after the log was read, before the keys are.
    async fn look_again(&self) -> KeysRevision;
}
