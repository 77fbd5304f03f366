//! ID tokens (`OpenID` Connect Core §2) of a provider that people sign in with here. For whoever asked
//! the provider itself, with a nonce: nobody else can make use of one.

use core::time::Duration;

use sha2::{Digest, Sha256, Sha512};

use super::access::LEEWAY;
use super::{Algorithm, Claims, Header, Jws, MAX_TOKEN, SignatureCheck, TokenError};
use crate::issuers::MAX_LIFE_OF_OTHERS;
use crate::json::Json;
use crate::keys::{Key, KeySet};
use crate::{UnixSeconds, base64url};

/// How long it may be made to live: for as long as it takes to come here would do, but some write a day.
const MAX_LIFE: Duration = MAX_LIFE_OF_OTHERS;

/// By which `iss` a provider goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssuerName {
    /// This one, to the letter.
    Exactly(String),
    /// This one, or the same without its scheme, as Google writes it at times. The identity is that of the
    /// whole.
    WithOrWithoutScheme(String),
    /// One of many, each with a name of its own in the middle, which the claim `tid` repeats: Microsoft's
    /// tenants.
    OfTenant {
        /// What stands before it.
        before: String,
        /// What stands behind it.
        after: String,
    },
}

impl IssuerName {
    /// The one name that identities are kept by, if this `iss` is of the provider. `tenant` is the claim `tid`.
    fn identity(&self, iss: &str, tenant: Option<&str>) -> Option<String> {
        let fits = match self {
            Self::Exactly(name) => iss == name,
            Self::WithOrWithoutScheme(name) => {
                let bare = name.split_once("://").map(|(_, bare)| bare);
                return (iss == name || Some(iss) == bare).then(|| name.clone());
            }
            Self::OfTenant { before, after } => {
                let middle = iss.strip_prefix(before.as_str());
                let middle = middle.and_then(|rest| rest.strip_suffix(after.as_str()));
                // A GUID and nothing else: no slash that would make another path of it.
                let is_id = |id: &str| id.len() == 36 && uuid::Uuid::try_parse(id).is_ok();
                middle.is_some_and(|id| is_id(id) && Some(id) == tenant)
            }
        };
        fits.then(|| iss.into())
    }

    /// Whether the provider may call itself so in an authorization response (RFC 9207 §2.4). Which tenant
    /// it is stands in the token alone, and is held against this.
    #[must_use]
    pub fn may_be(&self, iss: &str) -> bool {
        match self {
            Self::Exactly(_) | Self::WithOrWithoutScheme(_) => self.identity(iss, None).is_some(),
            Self::OfTenant { before, after } => {
                let middle = iss.strip_prefix(before.as_str());
                let middle = middle.and_then(|rest| rest.strip_suffix(after.as_str()));
                middle.is_some_and(|id| self.identity(iss, Some(id)).is_some())
            }
        }
    }
}

/// What an ID token is held against. There is no default: each value is of one sign-in.
#[derive(Clone, Copy, Debug)]
pub struct IdTokenRules<'r> {
    /// The provider.
    pub issuer: &'r IssuerName,
    /// What the authorization response said of `iss`, if anything.
    pub told_issuer: Option<&'r str>,
    /// Our name there.
    pub client_id: &'r str,
    /// What was sent along with the user.
    pub nonce: &'r str,
    /// The access token that came with it.
    pub access_token: &'r str,
}

/// What a provider says of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdClaims {
    /// The provider, by the one name that its identities are kept by.
    pub issuer: String,
    /// The person, unique there and never given to another.
    pub subject: String,
    /// All else that it says.
    pub others: Json,
}

/// An ID token whose header, key and claims are good and whose signature nobody has checked.
#[derive(Debug)]
pub struct UnsignedIdToken<'a, 'k> {
    /// The question to be answered.
    pub check: SignatureCheck<'a, 'k>,
    content: IdClaims,
}

impl<'a, 'k> UnsignedIdToken<'a, 'k> {
    /// Judges everything about an ID token that costs no cryptography (`OpenID` Connect Core §3.1.3.7).
    ///
    /// # Errors
    /// What is wrong with it. `Key` only when nothing else that is judged here is wrong: newer keys may do.
    pub fn parse(
        text: &'a str,
        keys: &'k KeySet,
        rules: &IdTokenRules<'_>,
        now: UnixSeconds,
    ) -> Result<Self, TokenError> {
        let jws = Jws::parse(text, MAX_TOKEN)?;
        // Most write "JWT" or nothing. What else there is has a type of its own (RFC 8725 §3.11).
        if jws.header.typ.is_some() {
            jws.header.expect_named("JWT")?;
        }
        // Never "none" and never HS256, for which the client's secret would be the key: there is no such
        // algorithm (RFC 8725 §3.1).
        let algorithm = Algorithm::ALL.into_iter().find(|one| one.is_named(&jws.header.alg));
        let algorithm = algorithm.ok_or(TokenError::Algorithm)?;
        let claims = Claims::parse(jws.unverified_payload())?;
        let content = read(claims, algorithm, rules, now)?;
        let key = key(&jws.header, algorithm, keys, now).ok_or(TokenError::Key)?;
        Ok(Self { check: jws.check(key)?, content })
    }

    /// Takes the verifier's answer; only a `true` lets the content out.
    ///
    /// # Errors
    /// `Signature` when it was false.
    pub fn answered(self, signature_is_good: bool) -> Result<IdClaims, TokenError> {
        if signature_is_good { Ok(self.content) } else { Err(TokenError::Signature) }
    }
}

/// The key that a token means: the one it names, or, where it names none, the only one of its algorithm.
/// With several the sender would choose (RFC 8725 §3.8).
fn key<'k>(
    header: &Header,
    algorithm: Algorithm,
    keys: &'k KeySet,
    now: UnixSeconds,
) -> Option<&'k Key> {
    let key = match &header.kid {
        Some(kid) => keys.at(kid, now),
        None => keys.only(algorithm, now),
    };
    key.map(|key| &**key)
}

fn read(
    mut claims: Claims,
    algorithm: Algorithm,
    rules: &IdTokenRules<'_>,
    now: UnixSeconds,
) -> Result<IdClaims, TokenError> {
    let tenant = claims.at(&["tid".into()]).and_then(Json::as_text);
    let identity = |iss: &str| rules.issuer.identity(iss, tenant);
    let issuer = claims.unverified_issuer().and_then(identity).ok_or(TokenError::Issuer)?;
    // RFC 9207 §2.4: of the same issuer, by whichever of its names.
    if rules.told_issuer.is_some_and(|told| identity(told).as_ref() != Some(&issuer)) {
        return Err(TokenError::Issuer);
    }
    audience(&mut claims, rules.client_id)?;
    // Without it the code may have been stolen and put into this browser.
    if claims.text("nonce")? != rules.nonce {
        return Err(TokenError::Claims);
    }
    // §3.1.3.6: an access token of somebody else's could have been put in this one's place.
    if claims.has("at_hash") && claims.text("at_hash")? != at_hash(algorithm, rules.access_token) {
        return Err(TokenError::Claims);
    }
    // A security event (RFC 8417), such as a logout token, is never an ID token whatever its `typ`.
    if claims.has("events") {
        return Err(TokenError::Claims);
    }
    let subject = claims.name("sub")?.ok_or(TokenError::Claims)?;
    claims.times(now, LEEWAY, MAX_LIFE)?;
    Ok(IdClaims { issuer, subject, others: claims.rest() })
}

/// §3.1.3.7, 3 to 5: for us, and where it is for others too, or says whom it was given to, given to us.
fn audience(claims: &mut Claims, client_id: &str) -> Result<(), TokenError> {
    let several = match claims.at(&["aud".into()]) {
        Some(Json::List(list)) => list.len() > 1,
        _ => false,
    };
    claims.audience(|aud| aud == client_id)?;
    match claims.name("azp").map_err(|_| TokenError::Audience)? {
        Some(azp) if azp != client_id => Err(TokenError::Audience),
        None if several => Err(TokenError::Audience),
        _ => Ok(()),
    }
}

/// The left half of the hash that the algorithm goes with. Ed25519 hashes with SHA-512.
fn at_hash(algorithm: Algorithm, access_token: &str) -> String {
    let text = access_token.as_bytes();
    match algorithm {
        Algorithm::EdDsa => left_half(&Sha512::digest(text)),
        Algorithm::Es256 | Algorithm::Rs256 | Algorithm::Ps256 => left_half(&Sha256::digest(text)),
    }
}

fn left_half(hash: &[u8]) -> String {
    let (left, _) = hash.split_at(hash.len() / 2);
    base64url::encode(left)
}

#[cfg(test)]
mod tests;
