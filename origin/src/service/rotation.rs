//! Rotating refresh tokens. The store judges and applies in one step; here is what leads to it and
//! what follows from it.

use std::sync::Arc;

use common::Subject;
use common::rotation::{Judgement, Reuse};
use common::token::refresh::Presented;
use tracing::{info, warn};

use super::alarm::Alarm;
use super::issue::jitter_permille;
use super::letters::Language;
use super::memory::Reading;
use super::postman::{Errand, Outbox};
use super::{Credentials, Epochs, Fault, Issued, Issuer, Memory};
use crate::port::{
    Account, Accounts, Actor, Audit, Clock, Device, Ended, Event, Kind, Random, RevokeReason,
    Rotate, Rotation, RotationRules, Sessions, Whence,
};

/// Why there is no successor.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshError {
    /// No refresh token of ours.
    #[error("the refresh token is not valid")]
    Invalid,
    /// The access token sent along belongs to another session. Neither token is spent.
    #[error("the access token sent along belongs to another session")]
    OtherSession,
    /// The session reached its idle or absolute end.
    #[error("the session expired")]
    Expired,
    /// The session was ended.
    #[error("the session was revoked")]
    Revoked,
    /// The token was used before: the session is ended now.
    #[error("the refresh token was used before")]
    Reused,
    /// Our fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Rotates refresh tokens.
pub(crate) struct Rotator {
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) memory: Memory,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) epochs: Arc<Epochs>,
    pub(crate) audit: Arc<dyn Audit>,
    pub(crate) rules: RotationRules,
    /// Where letters are written; `None`: none are.
    pub(crate) outbox: Option<Outbox>,
}

impl Rotator {
    /// The successor of a refresh token.
    pub(crate) async fn refresh(
        &self,
        token: &str,
        access: Option<&str>,
        device: Device,
    ) -> Result<(Arc<Account>, Issued), RefreshError> {
        let presented = self.credentials.refresh(token).map_err(|_| RefreshError::Invalid)?;
        // One that is not ours names no session at all; it takes nothing from the one at hand.
        let named = access.and_then(|access| self.credentials.session_of_access(access).ok());
        if named.is_some_and(|named| named.sid != presented.sid) {
            return Err(RefreshError::OtherSession);
        }
        // Before anything is spent: without an account or a key the token stays good.
        let reading = Reading::now(self.clock.now(), self.sessions.tenure());
        let remembered = self.memory.recall(&presented.subject, &reading);
        let is_new = remembered.is_none();
        let account = match remembered {
            Some(account) => account,
            None => self.account(&presented).await?,
        };
        self.issuer.ready()?;
        let next_jti = self.random.token_id();
        let request = Rotate {
            sid: presented.sid,
            subject: presented.subject.clone(),
            generation: presented.generation,
            jti: presented.jti,
            device,
            next_jti,
            jitter_permille: jitter_permille(next_jti),
            next_access: self.issuer.next_access(),
        };
        let rotation = self.sessions.rotate(&request, &self.rules).await.map_err(Fault::from)?;
        match rotation {
            Rotation::Live { session, judgement, epoch, account_changed } => {
                if let Some(epoch) = epoch {
                    self.epochs.observe(epoch);
                }
                report(&presented, judgement);
                // Another server knows nothing of what was announced to the one before.
                let account = if account_changed || self.sessions.tenure() != reading.tenure() {
                    self.memory.forget(&presented.subject);
                    if is_new { account } else { self.account(&presented).await? }
                } else {
                    if is_new {
                        self.memory.keep(&account, reading);
                    }
                    account
                };
                let issued = self.issuer.issue(session, &account)?;
                Ok((account, issued))
            }
            Rotation::Ended { why, epoch } => {
                self.epochs.observe(epoch);
                Err(self.ended(&presented, why, &request.device))
            }
        }
    }

    /// The account, as it is now. If it was removed or disabled while its sessions lived on, they end
    /// here.
    async fn account(&self, presented: &Presented) -> Result<Arc<Account>, RefreshError> {
        let account = self.accounts.by_id(&presented.subject).await.map_err(Fault::from)?;
        match account {
            // Nobody asks a memory for a password.
            Some(account) if !account.disabled => {
                Ok(Arc::new(Account { password_hash: None, ..account }))
            }
            account => Err(self.without_account(presented, account.is_some()).await?),
        }
    }

    async fn without_account(
        &self,
        presented: &Presented,
        is_disabled: bool,
    ) -> Result<RefreshError, Fault> {
        let (sid, retain) = (presented.sid, self.rules.retain);
        let lived = self.sessions.whose(sid).await?.is_some_and(|whose| whose.live);
        let epoch = self.sessions.revoke(sid, RevokeReason::LogoutAll, retain).await?;
        self.epochs.observe(epoch);
        // One that was over before leaves no trace, however often it comes.
        if lived {
            let why = if is_disabled { "disabled" } else { "unknown-account" };
            let event = Event::by(Actor::Unknown, Kind::SessionRevoked).about(&presented.subject);
            self.audit.record(event.session(sid).why(why));
        }
        info!(session.id = %presented.sid, "session ended: its account is gone or disabled");
        Ok(RefreshError::Revoked)
    }

    /// The audit trail of what ends a session, and a letter where two had it.
    fn ended(&self, presented: &Presented, why: Ended, device: &Device) -> RefreshError {
        let (sid, subject) = (presented.sid, &presented.subject);
        let kept = |kind| {
            // Whoever of the two came: the account's holder or somebody else.
            Event::by(Actor::Unknown, kind).about(subject).session(sid).from(Whence::from(device))
        };
        match why {
            Ended::Expired => RefreshError::Expired,
            Ended::Revoked => RefreshError::Revoked,
            Ended::Forked => {
                self.audit.record(kept(Kind::TokenForked));
                self.alarm(subject, device);
                warn!(session.id = %sid, user.id = %subject, "two holders of one refresh token; session revoked");
                RefreshError::Reused
            }
            Ended::Reused(reuse) => {
                self.audit.record(kept(Kind::TokenReused).why(word(reuse)));
                self.alarm(subject, device);
                warn!(session.id = %sid, user.id = %subject, ?reuse, "refresh token reused; session revoked");
                RefreshError::Reused
            }
        }
    }

    /// Has the owner told. A full queue keeps nobody from an answer.
    fn alarm(&self, subject: &Subject, device: &Device) {
        let Some(outbox) = &self.outbox else { return };
        let alarm = Alarm::of(subject, device, self.clock.now());
        // It says itself in every language.
        outbox.put(Errand::Alarm(Box::new(alarm)), Language::English).ok();
    }
}

const fn word(reuse: Reuse) -> &'static str {
    match reuse {
        Reuse::OtherDevice => "other-device",
        Reuse::Concurrent => "concurrent",
        Reuse::Late => "late",
    }
}

fn report(presented: &Presented, judgement: Judgement) {
    let sid = presented.sid;
    match judgement {
        Judgement::Heal => warn!(session.id = %sid, "the store had lost a rotation; healed"),
        Judgement::Replace => info!(session.id = %sid, "a lost refresh token was replaced"),
        _ => {}
    }
}
