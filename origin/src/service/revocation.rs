//! Signing out. What returns `Ok` here is kept: the session and its `sid` in the block log are
//! changed in one step by the store, and the publisher knows.

use std::sync::Arc;
use std::time::Duration;

use common::{SessionId, Subject};
use tracing::info;
use uuid::Uuid;

use super::{Epochs, Fault, SignedIn};
use crate::port::{AllEnded, Audit, BlockLog, Event, Kind, RevokeReason, Sessions};

/// Ends sessions.
pub(crate) struct Revocation {
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) log: Arc<dyn BlockLog>,
    pub(crate) epochs: Arc<Epochs>,
    pub(crate) audit: Arc<dyn Audit>,
    /// How long the block log keeps an entry.
    pub(crate) retain: Duration,
}

impl Revocation {
    /// Ends one session of `subject`, whatever state it is in.
    pub(crate) async fn session(&self, subject: &Subject, sid: SessionId) -> Result<(), Fault> {
        let is_news = self.log.blocked(&[sid.uuid()]).await?.is_empty();
        let epoch = self.sessions.revoke(sid, RevokeReason::Logout, self.retain).await?;
        self.epochs.observe(epoch);
        // A token of a session that is over ends nothing, however often it comes: it leaves no trace.
        if is_news {
            self.audit.record(Event::by_user(Kind::SignedOut, subject).session(sid));
            info!(session.id = %sid, %epoch, "session ended by its user");
        }
        Ok(())
    }

    /// Ends every session of a user.
    pub(crate) async fn all_sessions(&self, subject: &Subject) -> Result<(), Fault> {
        let reason = RevokeReason::LogoutAll;
        let done = self.sessions.revoke_all(subject, None, reason, self.retain).await?;
        let AllEnded { epoch, count } = done;
        self.epochs.observe(epoch);
        self.audit.record(Event::by_user(Kind::SignedOutEverywhere, subject));
        info!(user.id = %subject, %epoch, count, "all sessions ended by their user");
        Ok(())
    }

    /// Ends every session of a user but this one.
    pub(crate) async fn other_sessions(
        &self,
        subject: &Subject,
        kept: SessionId,
    ) -> Result<(), Fault> {
        let reason = RevokeReason::LogoutAll;
        let done = self.sessions.revoke_all(subject, Some(kept), reason, self.retain).await?;
        let AllEnded { epoch, count } = done;
        self.epochs.observe(epoch);
        // What ends nothing leaves no trace, however often it is asked for.
        if count > 0 {
            self.audit.record(Event::by_user(Kind::SignedOutElsewhere, subject).session(kept));
            info!(user.id = %subject, session.id = %kept, %epoch, count, "other sessions ended by their user");
        }
        Ok(())
    }

    /// Ends the sessions of a user whose password is changed, but for the one that changes it.
    pub(super) async fn password_changed(
        &self,
        subject: &Subject,
        keep: Option<SessionId>,
    ) -> Result<(), Fault> {
        let reason = RevokeReason::Password;
        let done = self.sessions.revoke_all(subject, keep, reason, self.retain).await?;
        let AllEnded { epoch, .. } = done;
        self.epochs.observe(epoch);
        info!(user.id = %subject, %epoch, "sessions ended: the password is changed");
        Ok(())
    }

    /// Ends the session `sid` if it is one of `subject`'s; false when it is not.
    pub(crate) async fn own_session(
        &self,
        subject: &Subject,
        sid: SessionId,
    ) -> Result<bool, Fault> {
        let known = self.sessions.whose(sid).await?;
        let theirs = known.is_some_and(|known| known.live && known.subject == *subject);
        if theirs {
            self.session(subject, sid).await?;
        }
        Ok(theirs)
    }

    /// Has one access token refused; its session goes on.
    pub(crate) async fn token(&self, token: &SignedIn) -> Result<(), Fault> {
        let SignedIn { subject, sid, jti, .. } = token;
        let is_news = self.log.blocked(&[jti.uuid(), sid.uuid()]).await?.is_empty();
        let epoch = self.log.block(jti.uuid(), self.retain).await?;
        self.epochs.observe(epoch);
        if is_news {
            self.audit.record(Event::by_user(Kind::TokenRevoked, subject).token(*jti));
        }
        Ok(())
    }

    /// Which of these ids are revoked, exactly: for an edge that has a suspicion.
    pub(crate) async fn revoked(&self, ids: &[Uuid]) -> Result<Vec<Uuid>, Fault> {
        Ok(self.log.blocked(ids).await?)
    }
}
