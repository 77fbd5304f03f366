//! Public keys: reading a JWK Set (RFC 7517), finding the key a token names, overlap in rotation.

use base64::Engine as _;
use serde::{Deserialize, Serialize};

use crate::token::{Algorithm, BASE64URL};
use crate::{KeyId, UnixSeconds};

/// A JSON Web Key as it stands in a set. Members that nobody here needs are not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Jwk {
    /// Key type: `OKP`, `EC`, `RSA`, `oct`, …
    pub kty: String,
    /// The key's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The one algorithm it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// `sig` or `enc`.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// What it may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_ops: Option<Vec<String>>,
    /// Curve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// First coordinate, or the Ed25519 key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Second coordinate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// RSA modulus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// RSA exponent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// A private member: its presence makes the set unusable.
    #[serde(default, skip_serializing)]
    d: Option<serde::de::IgnoredAny>,
    /// Not before, unix seconds: our own member, for rotation with overlap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<UnixSeconds>,
    /// Not after, unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<UnixSeconds>,
}

impl Jwk {
    /// The JWK of an Ed25519 public key (RFC 8037 §2).
    #[must_use]
    pub fn ed25519(public: &[u8; 32], kid: KeyId) -> Self {
        Self {
            kid: Some(kid.into()),
            alg: Some(Algorithm::EdDsa.as_str().into()),
            usage: Some("sig".into()),
            x: Some(BASE64URL.encode(public)),
            ..Self::empty("OKP", Some("Ed25519"))
        }
    }

    fn empty(kty: &str, crv: Option<&str>) -> Self {
        Self {
            kty: kty.into(),
            kid: None,
            alg: None,
            usage: None,
            key_ops: None,
            crv: crv.map(String::from),
            x: None,
            y: None,
            n: None,
            e: None,
            d: None,
            nbf: None,
            exp: None,
        }
    }
}

/// A public key, its one algorithm, its name, and when it may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    id: KeyId,
    material: Material,
    algorithm: Algorithm,
    not_before: Option<UnixSeconds>,
    not_after: Option<UnixSeconds>,
}

/// The numbers of a public key, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Material {
    /// RFC 8032.
    Ed25519 {
        /// The encoded point.
        x: [u8; 32],
    },
    /// NIST P-256.
    P256 {
        /// First coordinate, big-endian.
        x: [u8; 32],
        /// Second coordinate, big-endian.
        y: [u8; 32],
    },
    /// RSA.
    Rsa {
        /// Modulus, big-endian, no leading zero.
        n: Vec<u8>,
        /// Exponent, big-endian, no leading zero.
        e: Vec<u8>,
    },
}

/// Why a single key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableKey {
    /// A key type, curve or algorithm that is not enabled, or one that does not fit the other.
    #[error("key type, curve and algorithm are not a combination that is enabled")]
    Kind,
    /// `use` or `key_ops` say that it is not for verifying signatures.
    #[error("the key is not for signatures")]
    Usage,
    /// No `kid`, or not one that could stand in a header.
    #[error("the key has no acceptable kid")]
    Id,
    /// Its numbers are missing, badly encoded, too small or known to be weak.
    #[error("the key's numbers are not acceptable")]
    Numbers,
}

impl Key {
    /// Reads a JWK.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, UnusableKey> {
        // RFC 7517 §4.2, §4.3.
        let for_signatures = jwk.usage.as_deref().is_none_or(|u| u == "sig");
        let may_verify = jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !for_signatures || !may_verify {
            return Err(UnusableKey::Usage);
        }
        let kid = jwk.kid.clone().ok_or(UnusableKey::Id)?;
        let (material, algorithm) = Material::from_jwk(jwk)?;
        Ok(Self {
            id: KeyId::try_from(kid).map_err(|_| UnusableKey::Id)?,
            material,
            algorithm,
            not_before: jwk.nbf,
            not_after: jwk.exp,
        })
    }

    /// An Ed25519 key that is trusted by configuration.
    #[must_use]
    pub const fn ed25519(id: KeyId, x: [u8; 32]) -> Self {
        Self {
            id,
            material: Material::Ed25519 { x },
            algorithm: Algorithm::EdDsa,
            not_before: None,
            not_after: None,
        }
    }

    /// The key's name.
    #[must_use]
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    /// The one algorithm it is used with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its numbers.
    #[must_use]
    pub const fn material(&self) -> &Material {
        &self.material
    }

    /// Its numbers as a JWK, and nothing else: what an importer needs.
    #[must_use]
    pub fn numbers(&self) -> Jwk {
        let text = |bytes: &[u8]| Some(BASE64URL.encode(bytes));
        match &self.material {
            Material::Ed25519 { x } => Jwk { x: text(x), ..Jwk::empty("OKP", Some("Ed25519")) },
            Material::P256 { x, y } => {
                Jwk { x: text(x), y: text(y), ..Jwk::empty("EC", Some("P-256")) }
            }
            Material::Rsa { n, e } => Jwk { n: text(n), e: text(e), ..Jwk::empty("RSA", None) },
        }
    }

    fn valid_at(&self, now: UnixSeconds) -> bool {
        self.not_before.is_none_or(|start| now >= start)
            && self.not_after.is_none_or(|end| now < end)
    }
}

impl Material {
    fn from_jwk(jwk: &Jwk) -> Result<(Self, Algorithm), UnusableKey> {
        match (jwk.kty.as_str(), jwk.crv.as_deref(), jwk.alg.as_deref()) {
            ("OKP", Some("Ed25519"), None | Some("EdDSA" | "Ed25519")) => {
                Ok((Self::Ed25519 { x: fixed(jwk.x.as_ref())? }, Algorithm::EdDsa))
            }
            ("EC", Some("P-256"), None | Some("ES256")) => {
                let (x, y) = (fixed(jwk.x.as_ref())?, fixed(jwk.y.as_ref())?);
                Ok((Self::P256 { x, y }, Algorithm::Es256))
            }
            // Without `alg` an RSA key would be good for two algorithms: the token would choose.
            ("RSA", None, Some("RS256")) => Ok((rsa(jwk)?, Algorithm::Rs256)),
            ("RSA", None, Some("PS256")) => Ok((rsa(jwk)?, Algorithm::Ps256)),
            _ => Err(UnusableKey::Kind),
        }
    }
}

fn decoded(member: Option<&String>) -> Result<Vec<u8>, UnusableKey> {
    let text = member.ok_or(UnusableKey::Numbers)?;
    BASE64URL.decode(text).map_err(|_| UnusableKey::Numbers)
}

fn fixed(member: Option<&String>) -> Result<[u8; 32], UnusableKey> {
    decoded(member)?.try_into().map_err(|_| UnusableKey::Numbers)
}

/// RFC 7518 §3.3 and §6.3: 2048 bits or more, and an exponent that is odd and not 1; the upper
/// bounds keep a hostile set from buying our CPU.
fn rsa(jwk: &Jwk) -> Result<Material, UnusableKey> {
    let (n, e) = (decoded(jwk.n.as_ref())?, decoded(jwk.e.as_ref())?);
    let size_fits = (256..=1024).contains(&n.len()) && n.first().is_some_and(|top| *top >= 0x80);
    let exponent_fits = (1..=8).contains(&e.len())
        && e.first().is_some_and(|top| *top != 0)
        && e.last().is_some_and(|low| low % 2 == 1)
        && e != [1];
    if size_fits && exponent_fits { Ok(Material::Rsa { n, e }) } else { Err(UnusableKey::Numbers) }
}

/// The keys of one issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

/// Why a whole set is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableKeySet {
    /// Two usable keys of one name.
    #[error("two keys have the same kid")]
    DuplicateId,
    /// A symmetric or private key: whoever can read the set could sign.
    #[error("the set holds a secret key")]
    Secret,
}

impl KeySet {
    /// Reads a set, passing over keys of kinds that are not enabled (RFC 7517 §5).
    ///
    /// # Errors
    /// When the set as a whole cannot be trusted.
    pub fn from_jwks(jwks: &[Jwk]) -> Result<Self, UnusableKeySet> {
        let mut keys: Vec<Key> = Vec::with_capacity(jwks.len());
        for jwk in jwks {
            if jwk.kty == "oct" || jwk.d.is_some() {
                return Err(UnusableKeySet::Secret);
            }
            let Ok(key) = Key::from_jwk(jwk) else {
                continue;
            };
            if keys.iter().any(|other| other.id == key.id) {
                return Err(UnusableKeySet::DuplicateId);
            }
            keys.push(key);
        }
        Ok(Self(keys))
    }

    /// The key of this name, if it may be used at `now`.
    #[must_use]
    pub fn at(&self, id: &KeyId, now: UnixSeconds) -> Option<&Key> {
        self.0.iter().find(|key| key.id == *id && key.valid_at(now))
    }

    /// All keys, also those not valid now.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }
}
