//! One key, one signature, one answer: the seam to whoever can verify.

use crate::keys::Key;

use super::TokenError;

/// The algorithms of RFC 7518 and RFC 8037 that a key of ours or of another issuer may have.
/// Symmetric ones are not among them: a verifier that holds the key could sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519, named `EdDSA` (RFC 8037) or `Ed25519` (RFC 9864).
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::EdDsa, Self::Es256, Self::Rs256, Self::Ps256];

    /// Its name in a header we write.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }

    /// Whether `alg`, to the letter, names this algorithm.
    #[must_use]
    pub fn is_named(self, alg: &str) -> bool {
        alg == self.as_str() || (self == Self::EdDsa && alg == "Ed25519")
    }

    /// How long a signature is, where the algorithm alone says so: `R‖S` of RFC 7518 §3.4 and the
    /// 64 bytes of RFC 8032 §5.1.6. No DER, no byte more or less.
    const fn signature_length(self) -> Option<usize> {
        match self {
            Self::EdDsa | Self::Es256 => Some(64),
            Self::Rs256 | Self::Ps256 => None,
        }
    }
}

/// A question to be put to `WebCrypto` or aws-lc: is `signature` that of `key` on `signing_input`?
#[derive(Clone, Debug)]
pub struct SignatureCheck<'a, 'k> {
    /// The key, which names the algorithm too.
    pub key: &'k Key,
    /// What was signed.
    pub signing_input: &'a str,
    /// The signature.
    pub signature: Vec<u8>,
}

impl<'a, 'k> SignatureCheck<'a, 'k> {
    pub(super) fn new(
        key: &'k Key,
        signing_input: &'a str,
        signature: Vec<u8>,
    ) -> Result<Self, TokenError> {
        match key.algorithm().signature_length() {
            Some(length) if length != signature.len() => Err(TokenError::Signature),
            _ => Ok(Self { key, signing_input, signature }),
        }
    }
}

/// The same question for a token that only its own issuer reads: is `tag` the HMAC of
/// `signing_input`?
#[derive(Clone, Debug)]
pub struct Mac<'a> {
    /// What was authenticated.
    pub signing_input: &'a str,
    /// The authentication tag.
    pub tag: Vec<u8>,
}
