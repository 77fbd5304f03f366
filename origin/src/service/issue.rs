//! The one mint. Every way to sign in ends in [`Issuer::begin`], every rotation in
//! [`Issuer::issue`].

use std::sync::Arc;
use std::time::Duration;

use common::token::AccessClaims;
use common::token::refresh::{Presented, RefreshClaims};
use common::{Secret, TokenId};
use tracing::{info, warn};

use super::{Epochs, Fault, Limited, Revocation, Throttle};
use crate::config::{SessionRules, Tokens};
use crate::port::{
    Account, Accounts, Actor, Audit, Begun, Clock, Device, Event, Identities, Kind, NewSession,
    Random, RevokeReason, Session, Sessions, Signer, TOKEN_DEAD_AFTER, Whence,
};
use crate::telemetry::chain;

/// Idle ends vary by up to this many thousandths, so that refreshes do not come in herds.
const JITTER_PERMILLE: u64 = 50;

/// How much is taken off the idle span that begins with this refresh token: its id is random, and no secret
/// either.
pub(super) fn jitter_permille(jti: TokenId) -> u16 {
    let (_, random) = jti.uuid().as_u64_pair();
    u16::try_from(random % (JITTER_PERMILLE + 1)).unwrap_or_default()
}

/// How long a sign-in is meant to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    /// Beyond the browser's end.
    Remembered,
    /// Until the browser is closed, and not for long if it never is.
    Browser,
}

/// What proved who signs in.
#[derive(Clone, Debug)]
pub(crate) enum Means {
    /// A password of ours.
    Password,
    /// This login at the provider of this name.
    Provider { name: String, issuer: String, subject: String },
}

impl Means {
    /// As logs call it.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Password => "password",
            Self::Provider { name, .. } => name,
        }
    }
}

/// How somebody signs in.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    pub(crate) by: Means,
    pub(crate) lasting: Lasting,
    pub(crate) device: Device,
}

/// The tokens of a session as it is now.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) access: Secret<String>,
    /// Life of the access token.
    pub(crate) expires_in: Duration,
    pub(crate) refresh: Secret<String>,
    pub(crate) session: Session,
}

/// Mints tokens.
pub(crate) struct Issuer {
    pub(crate) tokens: Tokens,
    pub(crate) rules: SessionRules,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) identities: Arc<dyn Identities>,
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) audit: Arc<dyn Audit>,
    pub(crate) epochs: Arc<Epochs>,
    pub(crate) revocation: Arc<Revocation>,
    pub(crate) throttle: Arc<Throttle>,
}

impl Issuer {
    /// Begins a session of `account` and gives its first tokens. `None` when the account is no longer the
    /// one that was signed in to: closed meanwhile, its password is another, or the login opens it no more.
    pub(crate) async fn begin(
        &self,
        account: &Account,
        how: SignIn,
    ) -> Result<Option<Issued>, Limited> {
        self.ready()?;
        // At once: a sign-in waits for the store no longer than without.
        let now = async { Ok(self.sessions.now().await?) };
        let SignIn { by, lasting, device } = how;
        let whence = Whence::from(&device);
        let (now, ()) = tokio::try_join!(now, self.counted(account, &by, &whence))?;
        let (idle, absolute) = match lasting {
            Lasting::Remembered => (self.rules.idle, self.rules.absolute),
            Lasting::Browser => (self.rules.browser, self.rules.browser),
        };
        let jti = self.random.token_id();
        let mut new = NewSession {
            sid: self.random.session_id(now),
            subject: account.id.clone(),
            jti,
            device,
            remember: lasting == Lasting::Remembered,
            idle,
            absolute,
            jitter_permille: jitter_permille(jti),
            access: self.next_access(),
            most: self.rules.most,
            retain: TOKEN_DEAD_AFTER,
        };
        loop {
            if let Some(Begun { session, ended, epoch }) = self.sessions.begin(&new).await? {
                if let Some(epoch) = epoch {
                    self.epochs.observe(epoch);
                }
                let (sid, user) = (session.sid, &account.id);
                for old in ended {
                    self.audit.record(Event::by_user(Kind::SessionSuperseded, user).session(old));
                }
                // Whoever closes an account, replaces its password or takes its logins away ends its sessions
                // after that. A session that began later is found here, one that began before is ended there.
                let Some(account) = self.still(account, &by).await? else {
                    let reason = RevokeReason::Password;
                    let epoch = self.sessions.revoke(sid, reason, TOKEN_DEAD_AFTER).await?;
                    self.epochs.observe(epoch);
                    return Ok(None);
                };
                info!(session.id = %sid, user.id = %user, by = by.as_str(), "signed in");
                let event = Event::by_user(Kind::SignedIn, user).session(sid).method(by.as_str());
                self.audit.record(event.from(whence));
                return Ok(Some(self.issue(session, &account)?));
            }
            // Everybody was signed out in between, and this one comes after.
            new.sid = self.random.session_id(self.sessions.now().await?);
        }
    }

    /// The account as it is now, if it still is the one that somebody proved to be the holder of.
    async fn still(&self, then: &Account, by: &Means) -> Result<Option<Account>, Fault> {
        let now = match by {
            Means::Password => {
                let now = self.accounts.by_id(&then.id).await?;
                now.filter(|now| now.has_password_of(then))
            }
            Means::Provider { issuer, subject, .. } => {
                let now = self.identities.account(issuer, subject).await?;
                now.filter(|now| now.id == then.id)
            }
        };
        Ok(now.filter(|now| !now.disabled))
    }

    /// Ends the session, if there was any, whose cookies in a browser those of a new one take the place of:
    /// nobody could end it from there any more, whoever's it is. The new one stands if that fails.
    pub(super) async fn leave(&self, left: Option<Presented>) {
        let Some(left) = left else { return };
        if let Err(fault) = self.revocation.session(&left.subject, left.sid).await {
            warn!(error = chain(&fault), session.id = %left.sid, "the session before lives on");
        }
    }

    /// Counts the session. Whoever is refused has shown who they are, which its owner may want to know.
    async fn counted(&self, account: &Account, by: &Means, whence: &Whence) -> Result<(), Limited> {
        let counted = self.throttle.session(&account.id).await;
        if let Err(Limited::Wait(_)) = counted {
            let event = Event::by(Actor::Unknown, Kind::SignInRefused).about(&account.id);
            self.audit.record(event.method(by.as_str()).why("sessions").from(whence.clone()));
        }
        counted
    }

    /// The id for an access token that is to end the one before it, if it is.
    pub(super) fn next_access(&self) -> Option<TokenId> {
        self.tokens.latest_only.then(|| self.random.token_id())
    }

    /// Whether tokens can be signed: to be asked before a session is begun or a token is spent.
    pub(super) fn ready(&self) -> Result<(), Fault> {
        Ok(self.signer.ready()?)
    }

    /// The tokens of `session` as it is now: a new access token and its current refresh token,
    /// which is the same each time until the session is rotated. The access token says of its
    /// `account` what holds now.
    pub(super) fn issue(&self, session: Session, account: &Account) -> Result<Issued, Fault> {
        let now = self.clock.now();
        // The session's end stands, whatever is signed shortly before.
        let exp = now.plus(self.tokens.access_ttl).min(session.absolute_end).max(now);
        let access = self.signer.access(&AccessClaims {
            iss: &self.tokens.issuer,
            aud: &self.tokens.audience,
            sub: &session.subject,
            client_id: &self.tokens.client_id,
            iat: now,
            exp,
            jti: session.access.unwrap_or_else(|| self.random.token_id()),
            sid: session.sid,
            roles: &account.roles,
            email_verified: account.email_verified,
        })?;
        let refresh = self.signer.refresh(&RefreshClaims {
            iss: &self.tokens.issuer,
            aud: &self.tokens.issuer,
            sub: &session.subject,
            sid: session.sid,
            generation: session.generation,
            jti: session.jti,
            iat: session.rotated_at,
            exp: session.idle_end,
        })?;
        Ok(Issued { access, expires_in: exp.since(now), refresh, session })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn idle_ends_vary_by_as_much_as_is_said_and_no_more() {
        let ids = (0..1_000).map(|number| TokenId::new(Uuid::from_u128(number)));
        let taken: BTreeSet<_> = ids.map(jitter_permille).collect();
        assert!(taken.into_iter().eq(0..=50));
    }
}
