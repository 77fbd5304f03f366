//! The issuer's keys at work: several sign access tokens in turn, one signs heads (the anchor, which
//! edges are configured with), one authenticates refresh tokens.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::keys::{Jwk, Key, KeySet};
use common::revocation::HeadClaims;
use common::token::refresh::RefreshClaims;
use common::token::{AccessClaims, Algorithm, Header, Mac, SignatureCheck, Typ, refresh};
use common::{KeyId, Secret, UnixSeconds};
use serde::Serialize;
use tracing::{error, info};

use super::key_file::{self, KeyError};
use super::key_pair::KeyPair;
use super::signatures;
use super::signing_file::SigningFile;
use super::signing_keys::SigningKeys;
use super::symmetric_key::SymmetricKey;
use crate::port::{KeysRevision, Signer, SigningFault};
use crate::telemetry::chain;

/// Room for a token in bytes; most need no more.
const TOKEN: usize = 1024;

/// The keys, in memory. Anchor and refresh key are read once, at start; the file of the signing
/// keys is looked at again and again, since commands change it.
pub(crate) struct KeyRing {
    anchor: KeyPair,
    anchor_public: Key,
    refresh: SymmetricKey,
    signing: Arc<Signing>,
}

/// The signing keys and where they come from.
struct Signing {
    file: SigningFile,
    /// One at a time looks at the file: what was read first must not be taken last.
    looking: Mutex<()>,
    known: RwLock<Known>,
}

/// What is known of the file.
#[derive(Clone)]
struct Known {
    content: Arc<Content>,
    /// Whether it could be read when it was last looked at. If not, a key may be revoked by now: no
    /// more is signed, but what was good before stays good.
    is_current: bool,
}

/// What was read last.
struct Content {
    text: Secret<String>,
    keys: SigningKeys,
    verifying: Arc<KeySet>,
    revision: KeysRevision,
}

/// A public key for whoever administers the origin.
pub(crate) struct PublicKey {
    /// What it is for, and where it stands.
    pub(crate) purpose: String,
    /// The public JWK.
    pub(crate) jwk: Jwk,
}

impl KeyRing {
    /// Reads the keys in `state`, and makes those that are missing.
    ///
    /// # Errors
    /// When a key cannot be used or others can read it.
    pub(crate) fn open(state: &Path) -> Result<Self, KeyError> {
        let file = SigningFile::open(state)?;
        let content = Content::read(&file, file.text()?, KeysRevision::default())?;
        let known = Known { content: Arc::new(content), is_current: true };
        let folder = state.join("keys");
        let anchor = KeyPair::open(folder.join("anchor.jwk"))?;
        Ok(Self {
            anchor_public: Key::ed25519(anchor.id.clone(), anchor.public),
            anchor,
            refresh: SymmetricKey::open(folder.join("refresh.jwk"))?,
            signing: Arc::new(Signing {
                file,
                looking: Mutex::default(),
                known: RwLock::new(known),
            }),
        })
    }

    /// Reads the keys in `state`, and makes none.
    ///
    /// # Errors
    /// When one is missing, cannot be used, or others can read it.
    pub(crate) fn existing(state: &Path) -> Result<Self, KeyError> {
        let folder = state.join("keys");
        for file in ["signing.json", "anchor.jwk", "refresh.jwk"] {
            key_file::read(&folder.join(file))?;
        }
        Self::open(state)
    }

    /// The key that signs access tokens at this time.
    pub(crate) fn signing(&self, now: UnixSeconds) -> Option<KeyId> {
        self.signing.known().content.keys.at(now).map(|key| key.id.clone())
    }

    /// The public halves of its key pairs, the anchor's last.
    pub(crate) fn public(&self, now: UnixSeconds) -> Vec<PublicKey> {
        let content = self.signing.known().content;
        let signing = content.keys.states(now).map(|(pair, state)| PublicKey {
            purpose: format!("access tokens, {state}"),
            jwk: pair.jwk(),
        });
        let anchor =
            PublicKey { purpose: String::from("heads (the anchor)"), jwk: self.anchor.jwk() };
        signing.chain([anchor]).collect()
    }

    /// What edges are configured with: the anchor's 32 bytes in base64url.
    pub(crate) fn anchor_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.anchor.public)
    }
}

impl Signing {
    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What may be signed with.
    fn current(&self) -> Result<Arc<Content>, SigningFault> {
        let known = self.known();
        if known.is_current { Ok(known.content) } else { Err(SigningFault::NoKey) }
    }

    /// Looks at the file, and takes what has changed.
    fn look(&self) -> KeysRevision {
        let _turn = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { content: before, is_current } = self.known();
        let read = self.file.text().and_then(|text| {
            if text.expose() == before.text.expose() {
                return Ok(Arc::clone(&before));
            }
            Content::read(&self.file, text, before.revision.next()).map(Arc::new)
        });
        match &read {
            Err(fault) if is_current => error!(
                error = chain(fault),
                "the signing keys cannot be read any more; no token is signed until they can"
            ),
            Ok(content) if !is_current || content.revision != before.revision => {
                info!("the signing keys were read again");
            }
            _ => {}
        }
        let known = Known { is_current: read.is_ok(), content: read.unwrap_or(before) };
        let revision = known.content.revision;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        revision
    }
}

impl Content {
    fn read(
        file: &SigningFile,
        text: Secret<String>,
        revision: KeysRevision,
    ) -> Result<Self, KeyError> {
        let keys = file.parse(&text)?;
        let verifying = Arc::new(keys.verifying().map_err(|what| file.broken(what))?);
        Ok(Self { text, keys, verifying, revision })
    }
}

#[async_trait]
impl Signer for KeyRing {
    fn ready(&self) -> Result<(), SigningFault> {
        self.signing.current().map(drop)
    }

    fn access(&self, claims: &AccessClaims<'_>) -> Result<Secret<String>, SigningFault> {
        let content = self.signing.current()?;
        let key = content.keys.at(claims.iat).ok_or(SigningFault::NoKey)?;
        let header = Header {
            alg: Algorithm::EdDsa.as_str().into(),
            typ: Some(Typ::Access.as_str().into()),
            kid: Some(key.id.clone()),
        };
        sign(&header, claims, |input| key.private.sign(input.as_bytes())).map(Secret::new)
    }

    fn refresh(&self, claims: &RefreshClaims<'_>) -> Result<Secret<String>, SigningFault> {
        sign(&refresh::header(), claims, |input| self.refresh.tag(input)).map(Secret::new)
    }

    fn head(&self, claims: &HeadClaims) -> Result<String, SigningFault> {
        let header = HeadClaims::header(self.anchor.id.clone());
        sign(&header, claims, |input| self.anchor.private.sign(input.as_bytes()))
    }

    fn anchor(&self) -> &Key {
        &self.anchor_public
    }

    fn signature_is_good(&self, check: &SignatureCheck<'_, '_>) -> bool {
        signatures::is_good(check)
    }

    fn mac_is_good(&self, mac: &Mac<'_>) -> bool {
        self.refresh.made(&mac.tag, mac.signing_input)
    }

    fn jwks(&self, now: UnixSeconds) -> Vec<Jwk> {
        self.signing.known().content.keys.jwks(now)
    }

    fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.signing.known().content.verifying)
    }

    async fn look_again(&self) -> KeysRevision {
        let signing = Arc::clone(&self.signing);
        // The file may be on a disk that is slow, or on another machine.
        let looked = tokio::task::spawn_blocking(move || signing.look()).await;
        looked.unwrap_or_else(|_| self.signing.known().content.revision)
    }
}

/// The compact form (RFC 7515 §7.1), in one text from its first byte to its last. `common` writes it for
/// the Worker, where little code counts for more; base64 by the library takes a third of the
/// instructions. The signature is a library's too. (By way of jsonwebtoken each would read its key anew,
/// which takes as long again.)
fn sign<S: AsRef<[u8]>>(
    header: &Header,
    claims: &impl Serialize,
    by: impl FnOnce(&str) -> S,
) -> Result<String, SigningFault> {
    let mut text = String::with_capacity(TOKEN);
    put(&mut text, header)?;
    text.push('.');
    put(&mut text, claims)?;
    let signature = by(&text);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    Ok(text)
}

fn put(text: &mut String, content: &impl Serialize) -> Result<(), SigningFault> {
    let mut json = Vec::with_capacity(TOKEN / 2);
    serde_json::to_writer(&mut json, content)
        .map_err(|error| SigningFault::Failed(error.to_string()))?;
    URL_SAFE_NO_PAD.encode_string(json, text);
    Ok(())
}

#[cfg(test)]
mod tests;
