//! The key by which Apple knows us, in place of a secret.

use std::fmt;

use common::Secret;
use jsonwebtoken::EncodingKey;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;

/// A key that signs client secrets, and its names.
#[derive(Clone)]
pub(crate) struct AppleKey {
    pub(crate) team_id: String,
    pub(crate) key_id: String,
    pub(crate) key: EncodingKey,
}

impl AppleKey {
    /// Reads the text of a `.p8` file; `None` when it is no key that can sign.
    pub(super) fn read(team_id: String, key_id: String, pem: &Secret<String>) -> Option<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.expose().as_bytes()).ok()?;
        let key = EncodingKey::from_ec_der(der.secret_pkcs8_der());
        // It must be able to sign: one for another curve would be noticed only when somebody comes.
        jsonwebtoken::crypto::sign(b"", &key, jsonwebtoken::Algorithm::ES256).ok()?;
        Some(Self { team_id, key_id, key })
    }
}

impl fmt::Debug for AppleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppleKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}
