//! The verdict on a request: the heart of the gate. Pure: whoever has the facts and the world in
//! hand asks [`decide`], finds out what it wants to know first, and asks again.

mod browser;
mod cors;
mod credentials;
mod facts;
mod permit;
mod place;
mod refusal;
mod renewal;

use core::time::Duration;

use crate::UnixSeconds;
use crate::cookie::{self, Ours};
use crate::issuers::{IssuerIndex, Issuers, Keyring, Reading, Trust};
use crate::policy::{Policy, Requirement, Rule, Unfresh};
use crate::problem::Code;
use crate::revocation::{Answers, Head, Standing};
use crate::same_origin::changes_state;
use crate::token::access::Unsigned;
use crate::token::{AccessRules, TokenError, Verified, VerifiedCache};
pub use browser::Login;
pub use cors::{CorsHeaders, Preflight};
pub use credentials::{Credential, bearer, names_bearer};
pub use facts::{Facts, Url};
pub use permit::{OriginPermit, Permit};
pub use place::{Located, locate};
pub use refusal::Refusal;
pub use renewal::Refreshed;

/// What the gate knows.
#[derive(Clone, Copy, Debug)]
pub struct World<'w, 'c> {
    /// What each path asks for.
    pub policy: &'w Policy,
    /// Which access tokens are accepted.
    pub rules: &'w AccessRules,
    /// Which of other issuers are accepted, too.
    pub issuers: &'w Issuers,
    /// Those issuers' keys.
    pub keyring: &'w Keyring,
    /// How long a head may be trusted.
    pub staleness: Staleness,
    /// The last head that was accepted.
    pub head: Option<&'w Head>,
    /// Tokens verified before. Borrowed apart from the rest: no verdict holds on to it, so that it
    /// can change while a question is being answered.
    pub cache: &'c VerifiedCache,
    /// What the origin said of tokens under suspicion.
    pub answers: &'c Answers,
    /// The time.
    pub now: UnixSeconds,
}

impl World<'_, '_> {
    /// Whether what this head says is too old to go by. A clock that was set back would make an old head
    /// look new for as long (CLM-16): one from the future is of no known age.
    fn is_blind(&self, head: &Head) -> bool {
        head.age(self.now) > self.staleness.stale || head.is_from_the_future(self.now)
    }
}

/// How blind the gate may be, as the age of its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Staleness {
    /// Up to here all is normal.
    pub fresh: Duration,
    /// Up to here requests pass, unless their rule says otherwise; beyond, none does.
    pub stale: Duration,
}

/// What was found out since the first time of asking.
#[derive(Debug, Default)]
pub struct Findings {
    /// The answer to [`Question::Signature`].
    pub token: Option<Result<Verified, TokenError>>,
    /// Whether [`Question::Keys`] was followed.
    pub looked_for_keys: bool,
    /// The answer to [`Question::Revoked`].
    pub revoked: Option<Result<bool, OriginSilent>>,
    /// The answer to [`Question::Refresh`].
    pub refreshed: Option<Refreshed>,
}

/// The origin could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the origin gave no answer")]
pub struct OriginSilent;

/// What to do with a request.
#[derive(Debug)]
pub enum Verdict<'a, 'w> {
    /// Forward it to the app.
    Forward(Permit<'a>),
    /// Answer it here.
    Refuse(Refusal),
    /// Answer a browser here that asks what another site's script may do.
    Answer(Preflight),
    /// Pass it to the origin, whose own business it is.
    PassToOrigin(OriginPermit),
    /// Find this out first, then ask again.
    Find(Question<'a, 'w>),
}

/// Something to find out.
#[derive(Debug)]
pub enum Question<'a, 'w> {
    /// Is this signature good? The answer goes through [`Unsigned::answered`] to
    /// [`Findings::token`].
    Signature(Box<Unsigned<'a, 'w>>),
    /// Which keys has this issuer? They go into [`World::keyring`], and that they were looked for into
    /// [`Findings::looked_for_keys`].
    Keys(IssuerIndex),
    /// Refresh the session by this refresh token. The access token that comes of it goes into
    /// [`Facts::renewed`], what came of it into [`Findings::refreshed`].
    Refresh(&'a str),
    /// Is this token revoked, by the origin's own word? Goes to [`Findings::revoked`].
    Revoked(Box<Verified>, Asking),
}

/// Why the origin is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// The rule wants it: its answer is for this request alone.
    ByRule,
    /// A segment may hold the token: one answer does for all who ask at this time, and may be
    /// remembered in [`Answers`].
    OnSuspicion,
}

/// Decides on a request. The order is that of the design: nothing is asked of anyone, and nothing
/// about revocation is told, on behalf of a token that was not verified.
#[must_use]
pub fn decide<'a, 'w>(
    facts: &Facts<'a>,
    world: &World<'w, '_>,
    findings: &Findings,
) -> Verdict<'a, 'w> {
    judge(facts, world, findings).unwrap_or_else(Verdict::Refuse)
}

fn judge<'a, 'w>(
    facts: &Facts<'a>,
    world: &World<'w, '_>,
    findings: &Findings,
) -> Result<Verdict<'a, 'w>, Refusal> {
    match locate(facts, world.policy)? {
        Located::Origin => pass_to_origin(facts),
        Located::Preflight(rule) => cors::preflight(facts, rule).map(Verdict::Answer),
        Located::App(rule) => by_rule(facts, rule, world, findings)
            .or_else(|refusal| renewal::instead(refusal, facts, world, findings))
            .map_err(|refusal| browser::sent_to_login(refusal, facts).under(rule, facts)),
    }
}

fn by_rule<'a, 'w>(
    facts: &Facts<'a>,
    rule: &Rule,
    world: &World<'w, '_>,
    findings: &Findings,
) -> Result<Verdict<'a, 'w>, Refusal> {
    // A public path looks at no credentials, good or bad.
    if rule.require == Requirement::Public {
        return Ok(Verdict::Forward(Permit::new(rule, facts)));
    }
    let credential = credential(facts)?;
    let text = credential.text();
    let head = world.head.ok_or(Code::KeysUnknown)?;
    let trust = trust(world, head, findings);
    let (verified, seen) = match (&findings.token, world.cache.get(text)) {
        (Some(found), _) => (found.as_ref().map_err(|error| *error)?, None),
        (None, Some(seen)) => (&seen.token, Some(seen)),
        (None, None) => {
            return Ok(Verdict::Find(match trust.read(text)? {
                Reading::Unsigned(unsigned) => Question::Signature(unsigned),
                Reading::Keys(issuer) => Question::Keys(issuer),
            }));
        }
    };
    if let Some(issuer) = trust.still_good(verified)? {
        return Ok(Verdict::Find(Question::Keys(issuer)));
    }
    // Deny first: what is known to be revoked stays refused however old the knowledge is.
    let standing = seen.map_or_else(|| head.standing(verified), |seen| seen.standing(head));
    let suspicion = suspicion(standing, verified, head, world).map_err(|refusal| {
        // Only what the browser keeps by itself can be taken from it.
        let ended = matches!(credential, Credential::Cookie(_)) && head.has_ended(verified);
        Refusal { ended, ..refusal }
    })?;
    meets(verified, &rule.require)?;
    if let Credential::Cookie(_) = credential
        && !cors::trusts(rule, facts.provenance.origin)
    {
        check_provenance(facts)?;
    }
    // Last, since it may cost a question to the origin.
    if let Some(question) = uncertain(rule.unfresh, verified, suspicion, head, world, findings)? {
        return Ok(Verdict::Find(question));
    }
    Ok(Verdict::Forward(Permit::new(rule, facts).naming(verified, seen, text)))
}

fn trust<'w>(world: &World<'w, '_>, head: &'w Head, findings: &Findings) -> Trust<'w> {
    Trust {
        rules: world.rules,
        keys: head.keys(),
        issuers: world.issuers,
        keyring: world.keyring,
        looked: findings.looked_for_keys,
        now: world.now,
    }
}

/// Whether a token that was let in before would be let in again now, by a rule that asks for no more than
/// it. Nothing further to find out means yes.
///
/// # Errors
/// Why it would not.
pub fn still_admitted<'w>(
    token: &Verified,
    world: &World<'w, '_>,
    findings: &Findings,
) -> Result<Option<Question<'static, 'w>>, Refusal> {
    let head = world.head.ok_or(Code::KeysUnknown)?;
    if let Some(issuer) = trust(world, head, findings).still_good(token)? {
        return Ok(Some(Question::Keys(issuer)));
    }
    let suspicion = suspicion(head.standing(token), token, head, world)?;
    uncertain(Unfresh::Open, token, suspicion, head, world, findings)
}

/// The origin judges credentials itself; here only what a browser sent by itself is held back.
fn pass_to_origin<'a, 'w>(facts: &Facts<'a>) -> Result<Verdict<'a, 'w>, Refusal> {
    let cookies = our_cookies(facts)?;
    let only_cookies = bearer(facts.authorization)?.is_none();
    if only_cookies && (cookies.access.is_some() || cookies.refresh.is_some()) {
        check_provenance(facts)?;
    }
    Ok(Verdict::PassToOrigin(OriginPermit(())))
}

/// The credential that counts where one is needed: what is ambient never overrides what is
/// deliberate.
///
/// # Errors
/// `token_missing`, `credentials_ambiguous`, or `token_invalid` for a bearer without a token.
pub fn credential<'a>(facts: &Facts<'a>) -> Result<Credential<'a>, Refusal> {
    credentials::of(facts, our_cookies(facts)?)
}

fn our_cookies<'a>(facts: &Facts<'a>) -> Result<Ours<'a>, Refusal> {
    let cookies = facts.cookie.map_or(Ok(Ours::default()), cookie::ours);
    cookies.map_err(|_| Refusal { twins: true, ..Code::CredentialsAmbiguous.into() })
}

/// A request that changes state by cookie alone must come from our own site. So must a WebSocket,
/// whose handshake is a GET that any site's script can send and then talk through (RFC 6455 §10.2).
fn check_provenance(facts: &Facts<'_>) -> Result<(), Refusal> {
    let needs_our_site = changes_state(facts.method) || facts.upgrade.is_some();
    if needs_our_site && !facts.provenance.is(facts.own_origin) {
        return Err(Code::CrossSite.into());
    }
    Ok(())
}

/// Whether only the origin can tell that the token is not revoked.
fn suspicion(
    standing: Standing,
    token: &Verified,
    head: &Head,
    world: &World<'_, '_>,
) -> Result<bool, Refusal> {
    match (standing, world.answers.revoked(token, head.epoch())) {
        (Standing::Revoked, _) | (_, Some(true)) => Err(Code::TokenRevoked.into()),
        (Standing::Good, _) | (Standing::Suspected, Some(false)) => Ok(false),
        (Standing::Suspected, None) => Ok(true),
    }
}

/// What to do when the head may not tell the whole truth: nothing, refuse, or a question.
fn uncertain<'a, 'w>(
    unfresh: Unfresh,
    token: &Verified,
    suspicion: bool,
    head: &Head,
    world: &World<'_, '_>,
    findings: &Findings,
) -> Result<Option<Question<'a, 'w>>, Refusal> {
    if world.is_blind(head) {
        return Err(Code::RevocationsUnknown.into());
    }
    let fresh = head.age(world.now) <= world.staleness.fresh;
    let asking = match (unfresh, fresh) {
        (Unfresh::Closed, false) => return Err(Code::RevocationsUnknown.into()),
        (Unfresh::Ask, false) | (Unfresh::AlwaysAsk, _) => Asking::ByRule,
        (Unfresh::Open, _) | (Unfresh::Closed | Unfresh::Ask, true) if suspicion => {
            Asking::OnSuspicion
        }
        (Unfresh::Open, _) | (Unfresh::Closed | Unfresh::Ask, true) => return Ok(None),
    };
    match findings.revoked {
        None => Ok(Some(Question::Revoked(Box::new(token.clone()), asking))),
        Some(Ok(false)) => Ok(None),
        Some(Ok(true)) => Err(Code::TokenRevoked.into()),
        Some(Err(OriginSilent)) => Err(Code::OriginUnreachable.into()),
    }
}

/// Whole words only: `admin` is not `admin:read`, nor the other way round.
fn meets(token: &Verified, requirement: &Requirement) -> Result<(), Refusal> {
    match requirement {
        Requirement::Public | Requirement::SignedIn => Ok(()),
        Requirement::Role(role) if token.roles.contains(role) => Ok(()),
        Requirement::Role(_) => Err(Code::RoleRequired.into()),
        Requirement::Scope(scope) if token.scope.contains(scope) => Ok(()),
        Requirement::Scope(scope) => {
            Err(Refusal { scope: Some(scope.clone()), ..Code::ScopeRequired.into() })
        }
    }
}

#[cfg(test)]
mod tests;
