//! Tokens of made-up users. Nobody signed them: whoever reads them takes every signature for good.

use core::time::Duration;

use common::issuers::Issuer;
use common::token::{Header, Typ, join, signing_input};
use common::{KeyId, UnixSeconds};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::case::{Name, Stranger, Who};
use crate::{Config, Error};

/// How long they live, unless their issuer's live shorter.
const LIFE: Duration = Duration::from_mins(10);

/// What a user of our own issuer may do.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grants {
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    client_id: &'a str,
    iat: UnixSeconds,
    exp: UnixSeconds,
    jti: Uuid,
    sid: Uuid,
    email_verified: bool,
    #[serde(flatten)]
    grants: &'a Grants,
}

/// The name of the key that they name.
pub(super) fn key() -> KeyId {
    KeyId::try_from(String::from("trial")).expect("a short word is a key's name")
}

/// The token that this one has.
pub(super) fn of(who: &Who, config: &Config, now: UnixSeconds) -> Result<Option<String>, Error> {
    match who {
        Who::Named(Name::Nobody) => Ok(None),
        Who::Named(Name::Somebody) => own(&Grants::default(), config, now).map(Some),
        Who::Somebody(grants) => own(grants, config, now).map(Some),
        Who::Stranger(stranger) => foreign(stranger, config, now).map(Some),
    }
}

fn own(grants: &Grants, config: &Config, now: UnixSeconds) -> Result<String, Error> {
    let header =
        Header { alg: "EdDSA".into(), typ: Some(Typ::Access.as_str().into()), kid: Some(key()) };
    let claims = Claims {
        iss: &config.vars.rules.issuer,
        aud: &config.vars.rules.audience,
        sub: "somebody",
        client_id: "trial",
        iat: now,
        exp: now.plus(LIFE),
        jti: Uuid::from_u128(1),
        sid: Uuid::from_u128(0x7 << 76 | 0x8 << 60 | u128::from(now.millis().get()) << 80),
        email_verified: true,
        grants,
    };
    Ok(join(signing_input(&header, &claims)?, &[0; 64]))
}

/// As that issuer's entry has it, but for what the case says otherwise.
fn foreign(who: &Stranger, config: &Config, now: UnixSeconds) -> Result<String, Error> {
    let issuer = named(&who.issuer, config)?;
    let header = Header {
        alg: issuer.algorithms().first().map_or_else(String::new, |alg| alg.as_str().into()),
        typ: Some(issuer.typ().into()),
        kid: Some(key()),
    };
    let mut claims = json!({
        "iss": issuer.name(),
        "aud": issuer.audience().first(),
        "sub": "somebody",
        "jti": "1",
        "iat": now,
        "exp": now.plus(LIFE.min(issuer.max_life())),
    });
    if let Some(members) = claims.as_object_mut() {
        members.extend(who.claims.clone());
    }
    Ok(join(signing_input(&header, &claims)?, &[0; 64]))
}

fn named<'c>(name: &str, config: &'c Config) -> Result<&'c Issuer, Error> {
    let all = || config.vars.issuers.iter().map(|(_, issuer)| issuer);
    all().find(|issuer| issuer.name() == name).ok_or_else(|| {
        let known: Vec<_> = all().map(Issuer::name).collect();
        let problem = format!("expected the name of one of ISSUERS, {known:?}, found {name:?}");
        Error::argument("as.issuer", problem)
    })
}
