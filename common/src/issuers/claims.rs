//! The claims of another issuer's access token.

use std::sync::Arc;

use super::{IdKind, Issuer, IssuerIndex, Person, Roles, revocation_id};
use crate::json::Json;
use crate::keys::{Key, KeySet};
use crate::token::access::LEEWAY;
use crate::token::{Algorithm, Claims, Header, Ids, TokenError, Verified, is_word};
use crate::{SessionId, TokenId, UnixSeconds};

impl Issuer {
    /// Judges all but key and signature; with the key, what remains is the content.
    pub(super) fn read(
        &self,
        index: IssuerIndex,
        header: &Header,
        mut claims: Claims,
        now: UnixSeconds,
    ) -> Result<impl FnOnce(Arc<Key>) -> Verified, TokenError> {
        self.check_type(header)?;
        self.algorithm(header)?;
        claims.audience(|aud| self.audience.iter().any(|ours| ours == aud))?;
        // A security event (RFC 8417), such as a logout token, is no access token whatever its
        // `typ`. A token bound to a key of the client's (`cnf`, RFC 7800) is good only with a proof
        // that is not looked for here; RFC 9449 §7.2 forbids to take it as a bearer's.
        if claims.has("events") || claims.has("cnf") {
            return Err(TokenError::Claims);
        }
        let scope = words(claims.at(&self.scope_claim));
        let roles = self.roles.as_ref().map_or_else(Vec::new, |roles| roles.of(&claims));
        let email_verified = claims.at(&self.email_verified_claim) == Some(&Json::Bool(true));
        let sub = claims.name("sub")?.ok_or(TokenError::Claims)?;
        let id = |kind, text: &str| revocation_id(&self.name, kind, text);
        let ids = Ids {
            sid: claims.name("sid")?.map(|t| SessionId::new(id(IdKind::Session, &t))),
            jti: claims.name("jti")?.map(|t| TokenId::new(id(IdKind::Token, &t))),
            sub: Some(id(IdKind::Subject, &sub)),
        };
        let client_id = claims.name("client_id")?.or(claims.name("azp")?);
        let times = claims.times(now, LEEWAY, self.max_life)?;
        let subject = Person::foreign(&self.name, &sub);
        Ok(move |key| Verified {
            key,
            times,
            issuer: Some(index),
            subject,
            ids,
            client_id,
            roles,
            scope,
            email_verified,
        })
    }

    /// RFC 8725 §3.11. Most issuers write "JWT" or nothing: where that is configured, both are good.
    fn check_type(&self, header: &Header) -> Result<(), TokenError> {
        if header.typ.is_none() && self.typ.eq_ignore_ascii_case("JWT") {
            return Ok(());
        }
        header.expect_named(&self.typ)
    }

    /// RFC 8725 §3.1: one of those that the issuer is configured for, else nothing is looked up.
    fn algorithm(&self, header: &Header) -> Result<Algorithm, TokenError> {
        let named = self.algorithms.iter().find(|algorithm| algorithm.is_named(&header.alg));
        named.copied().ok_or(TokenError::Algorithm)
    }

    /// The key that a token means: the one it names, or, where it names none, the issuer's only one
    /// of its algorithm. With several the sender would choose (RFC 8725 §3.8).
    pub(super) fn key<'k>(
        &self,
        header: &Header,
        keys: &'k KeySet,
        now: UnixSeconds,
    ) -> Result<&'k Arc<Key>, TokenError> {
        let key = match &header.kid {
            Some(kid) => keys.at(kid, now),
            None => keys.only(self.algorithm(header)?, now),
        };
        key.ok_or(TokenError::Key)
    }
}

impl Roles {
    /// Words that could not stand side by side in a header are dropped, as unknown ones are.
    fn of(&self, claims: &Claims) -> Vec<String> {
        let theirs = words(claims.at(&self.claim));
        let Some(words) = &self.words else {
            return theirs.into_iter().filter(|role| is_word(role)).collect();
        };
        let mut roles = Vec::new();
        for (_, ours) in words.iter().filter(|(word, _)| theirs.contains(word)) {
            if let Err(place) = roles.binary_search(ours) {
                roles.insert(place, ours.clone());
            }
        }
        roles
    }
}

/// A list of texts, or one text of words divided by a space. Anything else grants nothing.
fn words(claim: Option<&Json>) -> Vec<String> {
    match claim {
        Some(Json::Text(text)) => text.split(' ').map(String::from).collect(),
        Some(Json::List(list)) => list.iter().filter_map(Json::as_text).map(String::from).collect(),
        _ => Vec::new(),
    }
}
