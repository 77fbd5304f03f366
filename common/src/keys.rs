//! Public keys: reading a JWK Set (RFC 7517), finding the key a token names, overlap in rotation.

mod set;

use serde::{Deserialize, Deserializer, Serialize};

pub use set::{KeySet, MAX_KEYS, UnusableKeySet};

use crate::json::{self, Json, Object};
use crate::token::Algorithm;
use crate::{KeyId, UnixSeconds, base64url};

/// A JSON Web Key as it stands in a set. Members that nobody here needs are not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// Whether it shows what only its owner may know, which makes the set unusable.
    #[serde(skip_serializing)]
    is_secret: bool,
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
            x: Some(base64url::encode(public)),
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
            is_secret: false,
            nbf: None,
            exp: None,
        }
    }
}

/// Members of a JWK that only the private or symmetric key has (RFC 7518 §6.2.2, §6.3.2, §6.4.1;
/// `priv` is that of the `AKP` keys).
const SECRET: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// A key that should not have been shown to anybody.
fn is_secret(members: &Object) -> bool {
    SECRET.iter().any(|name| members.has(name))
        || members.get("kty").and_then(Json::as_text) == Some("oct")
}

/// The value is no JWK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is no JWK: expected an object with `kty`, and texts and whole numbers as RFC 7517 has them"
)]
pub(crate) struct NoJwk;

impl Jwk {
    pub(crate) fn read(value: Json) -> Result<Self, NoJwk> {
        let Json::Object(mut members) = value else { return Err(NoJwk) };
        let is_secret = is_secret(&members);
        let mut member = |name: &str| members.take(name).filter(|value| *value != Json::Null);
        let mut text = |name: &str| match member(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(NoJwk),
        };
        let read = Self {
            kty: text("kty")?.ok_or(NoJwk)?,
            kid: text("kid")?,
            alg: text("alg")?,
            usage: text("use")?,
            crv: text("crv")?,
            x: text("x")?,
            y: text("y")?,
            n: text("n")?,
            e: text("e")?,
            key_ops: None,
            is_secret,
            nbf: None,
            exp: None,
        };
        let operations = member("key_ops").map(|list| list.into_texts().ok_or(NoJwk));
        let mut time = |name: &str| member(name).map(|time| UnixSeconds::read(&time).ok_or(NoJwk));
        let (nbf, exp) = (time("nbf").transpose()?, time("exp").transpose()?);
        Ok(Self { key_ops: operations.transpose()?, nbf, exp, ..read })
    }
}

impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        json::deserialize(from, Self::read)
    }
}

/// A public key, its one algorithm, its name, and when it may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    id: Option<KeyId>,
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
    /// Reads a JWK of our own, which names itself and its algorithm.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, UnusableKey> {
        let key = Self::read(jwk, None)?;
        if key.id.is_some() { Ok(key) } else { Err(UnusableKey::Id) }
    }

    /// Reads any JWK; `rsa` is what an RSA key is for that does not say so itself.
    fn read(jwk: &Jwk, rsa: Option<Algorithm>) -> Result<Self, UnusableKey> {
        // RFC 7517 §4.2, §4.3.
        let for_signatures = jwk.usage.as_deref().is_none_or(|u| u == "sig");
        let may_verify = jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !for_signatures || !may_verify {
            return Err(UnusableKey::Usage);
        }
        let (material, algorithm) = Material::from_jwk(jwk, rsa)?;
        let id = jwk.kid.clone().map(KeyId::try_from).transpose();
        Ok(Self {
            id: id.map_err(|_| UnusableKey::Id)?,
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
            id: Some(id),
            material: Material::Ed25519 { x },
            algorithm: Algorithm::EdDsa,
            not_before: None,
            not_after: None,
        }
    }

    /// The key's name. Keys of other issuers may have none.
    #[must_use]
    pub const fn id(&self) -> Option<&KeyId> {
        self.id.as_ref()
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
        let text = |bytes: &[u8]| Some(base64url::encode(bytes));
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
    fn from_jwk(jwk: &Jwk, rsa: Option<Algorithm>) -> Result<(Self, Algorithm), UnusableKey> {
        match (jwk.kty.as_str(), jwk.crv.as_deref(), jwk.alg.as_deref()) {
            ("OKP", Some("Ed25519"), None | Some("EdDSA" | "Ed25519")) => {
                Ok((Self::Ed25519 { x: ed25519(jwk)? }, Algorithm::EdDsa))
            }
            // Whether the point lies on the curve is for whoever imports the key: WebCrypto and
            // aws-lc both refuse one that does not.
            ("EC", Some("P-256"), None | Some("ES256")) => {
                let (x, y) = (fixed(jwk.x.as_ref())?, fixed(jwk.y.as_ref())?);
                Ok((Self::P256 { x, y }, Algorithm::Es256))
            }
            ("RSA", None, Some("RS256")) => Ok((numbers_of_rsa(jwk)?, Algorithm::Rs256)),
            ("RSA", None, Some("PS256")) => Ok((numbers_of_rsa(jwk)?, Algorithm::Ps256)),
            // Without `alg` an RSA key would be good for two algorithms and the token would choose,
            // unless its issuer is configured to use one of them only.
            ("RSA", None, None) => Ok((numbers_of_rsa(jwk)?, rsa.ok_or(UnusableKey::Kind)?)),
            _ => Err(UnusableKey::Kind),
        }
    }
}

fn decoded(member: Option<&String>) -> Result<Vec<u8>, UnusableKey> {
    let text = member.ok_or(UnusableKey::Numbers)?;
    base64url::decode(text).ok_or(UnusableKey::Numbers)
}

fn fixed(member: Option<&String>) -> Result<[u8; 32], UnusableKey> {
    decoded(member)?.try_into().map_err(|_| UnusableKey::Numbers)
}

/// The points of small order, without the sign bit: 0 and 1, the two of order 8, and p-1, p and p+1,
/// of which the last two are 0 and 1 written wrongly. Under such a key a signature can be made up
/// for some messages without any secret (RFC 8032 §5.1.7 does not ask for this check; RFC 7748 §6.1
/// and libsodium's `ge25519_has_small_order` have the same list).
pub(crate) const SMALL_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    ends(1, 0, 0),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    ends(0xec, 0xff, 0x7f),
    ends(0xed, 0xff, 0x7f),
    ends(0xee, 0xff, 0x7f),
];

/// 32 bytes of `middle` with another first and last.
const fn ends(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    let [start, .., end] = &mut bytes;
    *start = first;
    *end = last;
    bytes
}

fn ed25519(jwk: &Jwk) -> Result<[u8; 32], UnusableKey> {
    let x: [u8; 32] = fixed(jwk.x.as_ref())?;
    let mut unsigned = x;
    let [.., last] = &mut unsigned;
    *last &= 0x7f;
    if SMALL_ORDER.contains(&unsigned) { Err(UnusableKey::Numbers) } else { Ok(x) }
}

/// RFC 7518 §3.3 and §6.3: 2048 bits or more, and an exponent that is odd and not 1; the upper
/// bounds keep a hostile set from buying our CPU.
fn numbers_of_rsa(jwk: &Jwk) -> Result<Material, UnusableKey> {
    let (n, e) = (decoded(jwk.n.as_ref())?, decoded(jwk.e.as_ref())?);
    let size_fits = (256..=1024).contains(&n.len()) && n.first().is_some_and(|top| *top >= 0x80);
    let exponent_fits = (1..=8).contains(&e.len())
        && e.first().is_some_and(|top| *top != 0)
        && e.last().is_some_and(|low| low % 2 == 1)
        && e != [1];
    if size_fits && exponent_fits { Ok(Material::Rsa { n, e }) } else { Err(UnusableKey::Numbers) }
}
