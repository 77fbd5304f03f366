//! Refreshing in flight: a request whose access token is over, revoked by itself, or not there, but
//! which has a refresh token along, is refreshed for and then served.

use super::{
    Facts, Findings, OriginSilent, Question, Refusal, Verdict, World, bearer, our_cookies,
};
use crate::problem::Code;
use crate::token::unverified_session;

/// What came of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// There are new tokens.
    Renewed,
    /// The session is over.
    Ended,
    /// The token is none that the origin takes.
    Refused,
    /// The origin could not be asked.
    Silent(OriginSilent),
}

/// What to do in place of this refusal, where a refresh can help.
pub(super) fn instead<'a, 'w>(
    refusal: Refusal,
    facts: &Facts<'a>,
    world: &World<'w, '_>,
    findings: &Findings,
) -> Result<Verdict<'a, 'w>, Refusal> {
    let Some(token) = refresh_token(&refusal, facts) else { return Err(refusal) };
    // A rotation whose fruit cannot be judged would only be lost.
    let head = world.head.ok_or(Code::KeysUnknown)?;
    if world.is_blind(head) {
        return Err(Code::RevocationsUnknown.into());
    }
    match findings.refreshed {
        None => Ok(Verdict::Find(Question::Refresh(token))),
        Some(Refreshed::Renewed | Refreshed::Refused) => Err(refusal),
        Some(Refreshed::Ended) => Err(Refusal { ended: true, ..refusal }),
        // Never 401: our outage must not log people out.
        Some(Refreshed::Silent(OriginSilent)) => Err(Code::OriginUnreachable.into()),
    }
}

fn refresh_token<'a>(refusal: &Refusal, facts: &Facts<'a>) -> Option<&'a str> {
    let is_over = match refusal.code() {
        Code::TokenMissing | Code::TokenExpired => true,
        // Perhaps the token alone, by a rotation that another tab was quicker with. Cookies are all tabs';
        // of pages that keep tokens themselves each would take the other's.
        Code::TokenRevoked => !refusal.ended && bearer(facts.authorization).ok()?.is_none(),
        _ => false,
    };
    if !is_over || facts.renewed.is_some() || !may_refresh(facts) {
        return None;
    }
    let refresh = our_cookies(facts).ok()?.refresh?;
    // The origin is not asked about what is no token by its form.
    let session = unverified_session(refresh)?;
    match bearer(facts.authorization).ok()? {
        None => Some(refresh),
        // A page that keeps its access token in memory. What both say of their session is not verified,
        // and need not be: whoever holds the refresh token has the session; this is against mixing two.
        Some(access) => (unverified_session(access)? == session).then_some(refresh),
    }
}

/// Not for what another site triggers, unless the user goes there by it.
fn may_refresh(facts: &Facts<'_>) -> bool {
    facts.is_page_load() || facts.provenance.is(facts.own_origin)
}
