//! What a provider says of somebody, made fit for an account here.

use common::json::{Json, Object};

use crate::config::Preset;
use crate::port::{Email, Proven, ProviderFault, Stranger};

/// Somebody whose claims are those of OpenID Connect (Core §5.1).
pub(super) fn of_claims(
    issuer: String,
    subject: String,
    claims: &Object,
    preset: Option<Preset>,
    proven: Proven,
) -> Stranger {
    let text = |name| claims.get(name).and_then(Json::as_text);
    let email = text("email").and_then(|text| Email::parse(text).ok());
    Stranger {
        issuer,
        subject,
        email_verified: email.is_some() && is_verified(claims, preset),
        email,
        name: text("name").or_else(|| text("nickname")).map(String::from),
        proven,
    }
}

/// Whether the provider vouches that the address is theirs. `true` and nothing else: a text "false" would
/// be true to some.
fn is_verified(claims: &Object, preset: Option<Preset>) -> bool {
    match preset {
        // Apple writes it as a text at times, and vouches for every address.
        Some(Preset::Apple) => match claims.get("email_verified") {
            Some(Json::Bool(verified)) => *verified,
            Some(Json::Text(verified)) => verified == "true",
            _ => false,
        },
        // Anybody who runs a tenant writes any address into it; only this claim says that the tenant owns
        // the domain.
        Some(Preset::Microsoft) => match claims.get("xms_edov") {
            Some(Json::Bool(verified)) => *verified,
            Some(Json::Number(verified)) => *verified == Some(1),
            Some(Json::Text(verified)) => verified == "1",
            _ => false,
        },
        _ => claims.get("email_verified") == Some(&Json::Bool(true)),
    }
}

/// Lets in people of these domains alone, if there are any; by an address that is theirs.
pub(super) fn of_domains(
    stranger: Stranger,
    allowed: &[String],
) -> Result<Stranger, ProviderFault> {
    let domain = stranger.email.as_ref().filter(|_| stranger.email_verified);
    let domain = domain.and_then(|email| email.as_str().rsplit_once('@')).map(|(_, domain)| domain);
    let fits = domain.is_some_and(|domain| allowed.iter().any(|one| one == domain));
    if allowed.is_empty() || fits { Ok(stranger) } else { Err(ProviderFault::NotLetIn) }
}
