//! The issuer's three keys: one signs access tokens, one signs heads (the anchor, which edges are
//! configured with), one authenticates refresh tokens.

use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::keys::{Jwk, Key, KeySet, Material};
use common::revocation::HeadClaims;
use common::token::refresh::RefreshClaims;
use common::token::{AccessClaims, Algorithm, Header, Mac, SignatureCheck, Typ};
use common::token::{refresh, signing_input};
use common::{KeyId, Secret};
use jsonwebtoken::Algorithm::{EdDSA, HS256};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use super::key_file::{self, KeyError};
use crate::port::{Signer, SigningFault};

/// The keys, in memory. Their files are read once, at start.
pub(crate) struct KeyRing {
    signing: SigningKey,
    anchor: SigningKey,
    refresh: MacKey,
    published: KeySet,
    anchor_public: Key,
}

/// An Ed25519 key pair and its name.
struct SigningKey {
    id: KeyId,
    public: [u8; 32],
    private: EncodingKey,
}

/// The symmetric key, as the library wants it for each of its two uses.
struct MacKey {
    sign: EncodingKey,
    verify: DecodingKey,
}

/// A public key for whoever administers the origin.
pub(crate) struct PublicKey {
    /// What it is for.
    pub(crate) purpose: &'static str,
    /// The public JWK.
    pub(crate) jwk: Jwk,
}

impl KeyRing {
    /// Reads the keys in `state`, and makes those that are missing.
    ///
    /// # Errors
    /// When a key cannot be used or others can read it.
    pub(crate) fn open(state: &Path) -> Result<Self, KeyError> {
        let folder = state.join("keys");
        key_file::folder(&folder)?;
        let signing = SigningKey::open(folder.join("signing.jwk"))?;
        let anchor = SigningKey::open(folder.join("anchor.jwk"))?;
        let refresh = open_refresh(folder.join("refresh.jwk"))?;
        let published = KeySet::from_jwks(&[signing.jwk()]).map_err(|_| KeyError::Broken {
            path: folder.join("signing.jwk"),
            what: "it cannot be published",
        })?;
        let anchor_public = Key::ed25519(anchor.id.clone(), anchor.public);
        Ok(Self { signing, anchor, refresh, published, anchor_public })
    }

    /// The public halves of its key pairs.
    pub(crate) fn public(&self) -> [PublicKey; 2] {
        [
            PublicKey { purpose: "signing", jwk: self.signing.jwk() },
            PublicKey { purpose: "anchor", jwk: self.anchor.jwk() },
        ]
    }

    /// What edges are configured with: the anchor's 32 bytes in base64url.
    pub(crate) fn anchor_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.anchor.public)
    }
}

impl Signer for KeyRing {
    fn access(&self, claims: &AccessClaims<'_>) -> Result<Secret<String>, SigningFault> {
        let header = Header {
            alg: Algorithm::EdDsa.as_str().into(),
            typ: Some(Typ::Access.as_str().into()),
            kid: Some(self.signing.id.clone()),
        };
        sign(&header, claims, &self.signing.private, EdDSA).map(Secret::new)
    }

    fn refresh(&self, claims: &RefreshClaims<'_>) -> Result<Secret<String>, SigningFault> {
        sign(&refresh::header(), claims, &self.refresh.sign, HS256).map(Secret::new)
    }

    fn head(&self, claims: &HeadClaims) -> Result<String, SigningFault> {
        let header = HeadClaims::header(self.anchor.id.clone());
        sign(&header, claims, &self.anchor.private, EdDSA)
    }

    fn anchor(&self) -> &Key {
        &self.anchor_public
    }

    fn signature_is_good(&self, check: &SignatureCheck<'_, '_>) -> bool {
        // Only keys of our own ring are ever in question here, and they are all Ed25519.
        let Material::Ed25519 { x } = check.key.material() else { return false };
        let key = DecodingKey::from_ed_der(x);
        verify(check.signing_input, &check.signature, &key, EdDSA)
    }

    fn mac_is_good(&self, mac: &Mac<'_>) -> bool {
        verify(mac.signing_input, &mac.tag, &self.refresh.verify, HS256)
    }

    fn jwks(&self) -> Vec<Jwk> {
        vec![self.signing.jwk()]
    }

    fn keys(&self) -> &KeySet {
        &self.published
    }
}

/// The form is `common`'s, the signature jsonwebtoken's.
fn sign(
    header: &Header,
    claims: &impl Serialize,
    key: &EncodingKey,
    algorithm: jsonwebtoken::Algorithm,
) -> Result<String, SigningFault> {
    let input = signing_input(header, claims).map_err(|error| SigningFault(error.to_string()))?;
    let signature = jsonwebtoken::crypto::sign(input.as_bytes(), key, algorithm)
        .map_err(|error| SigningFault(error.to_string()))?;
    Ok(format!("{input}.{signature}"))
}

fn verify(
    input: &str,
    signature: &[u8],
    key: &DecodingKey,
    algorithm: jsonwebtoken::Algorithm,
) -> bool {
    let signature = URL_SAFE_NO_PAD.encode(signature);
    jsonwebtoken::crypto::verify(&signature, input.as_bytes(), key, algorithm).unwrap_or(false)
}

impl SigningKey {
    fn open(path: PathBuf) -> Result<Self, KeyError> {
        let text = key_file::read_or_make(&path, make_pair)?;
        Self::parse(&text).map_err(|what| KeyError::Broken { path, what })
    }

    fn parse(text: &Secret<String>) -> Result<Self, &'static str> {
        let mut jwk: PrivatePair =
            serde_json::from_str(text.expose()).map_err(|_| "not a private Ed25519 JWK")?;
        let seed = Secret::new(decode(&jwk.d)?);
        jwk.d.zeroize();
        let public = decode(&jwk.x)?;
        if jwk.kty != "OKP" || jwk.crv != "Ed25519" {
            return Err("not an Ed25519 key");
        }
        let pair = Ed25519KeyPair::from_seed_and_public_key(seed.expose(), &public)
            .map_err(|_| "its public half does not belong to its private half")?;
        let pkcs8 = pair.to_pkcs8().map_err(|_| "the library refuses it")?;
        let id = thumbprint(&jwk.x).ok_or("its thumbprint is no key id")?;
        Ok(Self { id, public, private: EncodingKey::from_ed_der(pkcs8.as_ref()) })
    }

    fn jwk(&self) -> Jwk {
        Jwk::ed25519(&self.public, self.id.clone())
    }
}

/// RFC 7638 §3: the SHA-256 of the required members, in this order, without white space.
fn thumbprint(x: &str) -> Option<KeyId> {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    let hash = digest::digest(&digest::SHA256, members.as_bytes());
    KeyId::try_from(URL_SAFE_NO_PAD.encode(hash)).ok()
}

/// A key pair's file: RFC 8037 §2. Members of other programs are not understood, so not accepted.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PrivatePair {
    kty: String,
    crv: String,
    x: String,
    d: String,
}

/// A symmetric key's file: RFC 7518 §6.4.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SymmetricKey {
    kty: String,
    k: String,
}

fn random_bytes() -> Result<Secret<[u8; 32]>, &'static str> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| "the system gives no random bytes")?;
    Ok(Secret::new(bytes))
}

fn make_pair() -> Result<Secret<String>, &'static str> {
    let seed = random_bytes()?;
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose())
        .map_err(|_| "the library refuses the seed")?;
    file(&PrivatePair {
        kty: "OKP".into(),
        crv: "Ed25519".into(),
        x: URL_SAFE_NO_PAD.encode(pair.public_key()),
        d: URL_SAFE_NO_PAD.encode(seed.expose()),
    })
}

fn make_symmetric() -> Result<Secret<String>, &'static str> {
    let bytes = random_bytes()?;
    file(&SymmetricKey { kty: "oct".into(), k: URL_SAFE_NO_PAD.encode(bytes.expose()) })
}

fn file(jwk: &impl Serialize) -> Result<Secret<String>, &'static str> {
    serde_json::to_string(jwk).map(Secret::new).map_err(|_| "it does not serialise")
}

fn open_refresh(path: PathBuf) -> Result<MacKey, KeyError> {
    let text = key_file::read_or_make(&path, make_symmetric)?;
    parse_symmetric(&text).map_err(|what| KeyError::Broken { path, what })
}

fn parse_symmetric(text: &Secret<String>) -> Result<MacKey, &'static str> {
    let mut jwk: SymmetricKey =
        serde_json::from_str(text.expose()).map_err(|_| "not a symmetric JWK")?;
    let bytes = Secret::new(decode(&jwk.k)?);
    jwk.k.zeroize();
    // RFC 7518 §3.2: no key shorter than the hash, and the decoding takes no other length.
    if jwk.kty == "oct" {
        let (sign, verify) =
            (EncodingKey::from_secret(bytes.expose()), DecodingKey::from_secret(bytes.expose()));
        Ok(MacKey { sign, verify })
    } else {
        Err("not a symmetric key")
    }
}

fn decode(text: &str) -> Result<[u8; 32], &'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| "not base64url")?;
    bytes.try_into().map_err(|_| "not 32 bytes long")
}

#[cfg(test)]
mod tests;
