//! The JWS compact serialisation (RFC 7515 §7.1), read strictly and written.

use serde::Serialize;

use super::{Header, SignatureCheck, TokenError};
use crate::base64url;
use crate::keys::Key;

/// A compact JWS, taken apart. Nothing of it is verified.
#[derive(Clone, Debug)]
pub struct Jws<'a> {
    signing_input: &'a str,
    /// The JOSE header, already judged for what must not be there.
    pub header: Header,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// `TooLong` above `max` bytes, before anything else is looked at; `Form` unless it is exactly
    /// three canonical base64url segments, of which only the payload may be empty (RFC 7515 signs
    /// any octets); what [`Header`] refuses.
    pub fn parse(text: &'a str, max: usize) -> Result<Self, TokenError> {
        if text.len() > max {
            return Err(TokenError::TooLong);
        }
        let (signing_input, signature) = text.rsplit_once('.').ok_or(TokenError::Form)?;
        // A dot too many ends up in the payload, which then is no base64url.
        let (header, payload) = signing_input.split_once('.').ok_or(TokenError::Form)?;
        // RFC 8725 §3.2: unsecured ones have nothing here.
        if signature.is_empty() {
            return Err(TokenError::Form);
        }
        let signature = decode(signature)?;
        let payload = decode(payload)?;
        let header = Header::parse(&decode(header)?)?;
        Ok(Self { signing_input, header, payload, signature })
    }

    /// The bytes between the dots. Not verified.
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// The question whether `key` signed this.
    ///
    /// # Errors
    /// `Algorithm` when the header names another one than the key's; `Signature` when the
    /// signature cannot be one of that algorithm by its length.
    pub fn check<'k>(self, key: &'k Key) -> Result<SignatureCheck<'a, 'k>, TokenError> {
        // RFC 8725 §3.1: the key, never the token, says which algorithm is used.
        if !key.algorithm().is_named(&self.header.alg) {
            return Err(TokenError::Algorithm);
        }
        SignatureCheck::new(key, self.signing_input, self.signature)
    }

    pub(crate) fn into_mac(self) -> super::Mac<'a> {
        super::Mac { signing_input: self.signing_input, tag: self.signature }
    }
}

fn decode(segment: &str) -> Result<Vec<u8>, TokenError> {
    base64url::decode(segment).ok_or(TokenError::Form)
}

/// The first two segments of a token: what gets signed.
///
/// # Errors
/// When `header` or `claims` do not serialise, which those of this crate always do.
pub fn signing_input(
    header: &impl Serialize,
    claims: &impl Serialize,
) -> Result<String, serde_json::Error> {
    Ok(base64url::encode(serde_json::to_vec(header)?)
        + "."
        + &base64url::encode(serde_json::to_vec(claims)?))
}

/// The whole token.
#[must_use]
pub fn join(signing_input: String, signature: &[u8]) -> String {
    signing_input + "." + &base64url::encode(signature)
}
